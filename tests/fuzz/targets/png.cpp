// Pictures, as they are and as drums.
#include "nwm/plot/png.hpp"

#include <zlib.h>

#include "../target.hpp"
#include "nwm/drum/outline.hpp"

namespace {

void read_picture(fuzz::Bytes bytes) {
  static fuzz::File file("picture.png");
  const auto picture = nwm::plot::read_png(file.put(bytes));
  fuzz::require(!picture.empty(), "pixels in a picture");
  if (picture.width() * picture.height() > 4096) return;
  std::vector<float> brightness;  // as nwm_drum --picture does
  for (std::size_t y = 0; y < picture.height(); ++y)
    for (std::size_t x = 0; x < picture.width(); ++x)
      brightness.push_back(static_cast<float>(picture.at(x, y).g) / 255.0f);
  (void)nwm::mask::silhouette(picture.height(), picture.width(), brightness);
}

/// The picture with the check sum of every chunk made right: else hardly a changed file would get past
/// libpng.
std::vector<std::uint8_t> with_right_sums(fuzz::Bytes bytes) {
  std::vector<std::uint8_t> fixed(bytes.begin(), bytes.end());
  constexpr std::size_t around = 12;  // bytes of a chunk beside its data: length, type, sum
  const auto number = [&](std::size_t at) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < 4; ++i) n = n << 8 | fixed[at + i];
    return n;
  };
  for (std::size_t at = 8; at + around <= fixed.size();) {
    const std::size_t length = number(at);
    if (length > fixed.size() - at - around) break;
    const std::size_t end = at + 8 + length;
    const auto sum = ::crc32(0, fixed.data() + at + 4, static_cast<unsigned>(length + 4));
    for (std::size_t i = 0; i < 4; ++i) fixed[end + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
    at = end + 4;
  }
  return fixed;
}

void read_png(fuzz::Bytes bytes) {
  try {
    read_picture(with_right_sums(bytes));
  } catch (const nwm::Error&) {
  }
  read_picture(bytes);
}

// One byte may stand for 1032 by deflate's packing, and for eight pixels each: 24 kB of memory. Longer files
// could rightly take more than the limit, and than a second under the sanitizers.
constexpr std::size_t longest_png = 1024;

const fuzz::Add png({.name = "png", .read = read_png, .longest = longest_png});

}  // namespace
