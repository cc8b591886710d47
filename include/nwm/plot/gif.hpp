// Indexed pictures as an endlessly repeating animated GIF, through giflib, written whole or not at all.
#pragma once

#include "nwm/push_macros.inc"

#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/io/atomic_file.hpp"
#include "nwm/memory/count.hpp"
#include "nwm/plot/image.hpp"

namespace nwm::plot {

/// height x width indices into a palette, row-major from the top left.
struct IndexedImage {
  std::size_t width = 0, height = 0;  ///< in pixels
  std::vector<std::uint8_t> pixels;   ///< (height, width): places in the palette

  IndexedImage() = default;
  /// Throws Error where there is no memory for w x h pixels.
  IndexedImage(std::size_t w, std::size_t h, std::uint8_t fill = 0)
      : width(w),
        height(h),
        pixels(allocated<std::vector<std::uint8_t>>("nwm::plot::IndexedImage", "size", std::array{w, h})) {
    std::fill(pixels.begin(), pixels.end(), fill);
  }
};

namespace detail {

/// giflib's encoder, writing into memory. It is closed on every way out.
class GifEncoder {
 public:
  GifEncoder(std::string where, std::size_t width, std::size_t height, std::span<const Rgb> palette)
      : where_(std::move(where)) {
    int code = 0;
    gif_ = EGifOpen(&bytes_, &append, &code);
    if (!gif_) throw Error(where_, "GIF", "an encoder", text(code));
    EGifSetGifVersion(gif_, true);  // GIF89a, the version with delays
    const std::size_t colours = std::bit_ceil(std::max<std::size_t>(palette.size(), 2));
    std::vector<GifColorType> entries(colours, GifColorType{0, 0, 0});
    for (std::size_t i = 0; i < palette.size(); ++i) entries[i] = {palette[i].r, palette[i].g, palette[i].b};
    ColorMapObject* map = GifMakeMapObject(static_cast<int>(colours), entries.data());
    const int done =
        map ? EGifPutScreenDesc(gif_, static_cast<int>(width), static_cast<int>(height), 8, 0, map)
            : GIF_ERROR;
    GifFreeMapObject(map);
    if (done != GIF_OK) abandon();
  }
  GifEncoder(const GifEncoder&) = delete;
  GifEncoder& operator=(const GifEncoder&) = delete;
  ~GifEncoder() {
    if (gif_) EGifCloseFile(gif_, nullptr);
  }

  void repeat_for_ever() {
    const unsigned char block[3] = {1, 0, 0};  // sub-block 1; 16-bit number of repeats, 0 = without end
    check(EGifPutExtensionLeader(gif_, APPLICATION_EXT_FUNC_CODE));
    check(EGifPutExtensionBlock(gif_, 11, "NETSCAPE2.0"));
    check(EGifPutExtensionBlock(gif_, 3, block));
    check(EGifPutExtensionTrailer(gif_));
  }

  void add(const IndexedImage& frame, int delay) {
    const GraphicsControlBlock control{DISPOSE_DO_NOT, false, delay, NO_TRANSPARENT_COLOR};
    GifByteType packed[4];
    EGifGCBToExtension(&control, packed);
    check(EGifPutExtension(gif_, GRAPHICS_EXT_FUNC_CODE, sizeof packed, packed));
    const int width = static_cast<int>(frame.width), height = static_cast<int>(frame.height);
    check(EGifPutImageDesc(gif_, 0, 0, width, height, false, nullptr));
    std::vector<std::uint8_t> row(frame.width);  // a copy, because EGifPutLine changes its pixels
    for (std::size_t y = 0; y < frame.height; ++y) {
      const auto from = frame.pixels.begin() + static_cast<std::ptrdiff_t>(y * frame.width);
      row.assign(from, from + static_cast<std::ptrdiff_t>(frame.width));
      check(EGifPutLine(gif_, row.data(), width));
    }
  }

  std::vector<std::byte> finish() {
    GifFileType* gif = gif_;
    gif_ = nullptr;
    int code = 0;
    if (EGifCloseFile(gif, &code) != GIF_OK) throw Error(where_, "GIF", "to be encoded", text(code));
    return std::move(bytes_);
  }

 private:
  static int append(GifFileType* gif, const GifByteType* data, int count) {
    auto& bytes = *static_cast<std::vector<std::byte>*>(gif->UserData);
    const auto* first = reinterpret_cast<const std::byte*>(data);
    try {  // no exception may pass through giflib's C frames
      bytes.insert(bytes.end(), first, first + count);
    } catch (const std::bad_alloc&) {
      return 0;
    }
    return count;
  }

  static std::string text(int code) {
    const char* message = GifErrorString(code);
    return message ? message : "giflib error " + std::to_string(code);
  }

  void check(int result) {
    if (result != GIF_OK) throw Error(where_, "GIF", "to be encoded", text(gif_->Error));
  }

  [[noreturn]] void abandon() {  // for a failed constructor, whose destructor does not run
    const std::string message = text(gif_->Error);
    EGifCloseFile(gif_, nullptr);
    throw Error(where_, "GIF", "to be encoded", message);
  }

  std::string where_;
  std::vector<std::byte> bytes_;
  GifFileType* gif_ = nullptr;
};

}  // namespace detail

/// The bytes of an endlessly repeating animated GIF. Each frame is shown for `delay` hundredths of a second
/// (viewers slow down delays below 2). Throws Error, naming `where`, unless there is a frame, all frames have
/// one size of 1..65535 pixels a side, the palette has 1..256 colours, all pixels are within it and the delay
/// is 0..65535.
inline std::vector<std::byte> encode_gif(std::span<const IndexedImage> frames, std::span<const Rgb> palette,
                                         int delay, const std::string& where = "nwm::plot::encode_gif") {
  const auto size = [](const IndexedImage& f) {
    return std::to_string(f.width) + " x " + std::to_string(f.height) + " pixels";
  };
  if (frames.empty()) throw Error(where, "frames", "at least 1", "0");
  if (palette.empty() || palette.size() > 256)
    throw Error(where, "palette", "1 to 256 colours", std::to_string(palette.size()));
  if (delay < 0 || delay > 65535)
    throw Error(where, "delay", "0 to 65535 hundredths of a second", std::to_string(delay));
  const IndexedImage& first = frames[0];
  if (first.width < 1 || first.width > 65535 || first.height < 1 || first.height > 65535)
    throw Error(where, "frame 0", "1 to 65535 pixels a side", size(first));
  for (std::size_t t = 0; t < frames.size(); ++t) {
    const IndexedImage& frame = frames[t];
    const std::string name = "frame " + std::to_string(t);
    if (frame.width != first.width || frame.height != first.height)
      throw Error(where, name, size(first), size(frame));
    if (frame.pixels.size() != frame.width * frame.height)
      throw Error(where, name, std::to_string(frame.width * frame.height) + " indices",
                  std::to_string(frame.pixels.size()));
    for (const std::uint8_t index : frame.pixels)
      if (index >= palette.size())
        throw Error(where, name, "indices below " + std::to_string(palette.size()), std::to_string(index));
  }
  detail::GifEncoder encoder(where, first.width, first.height, palette);
  encoder.repeat_for_ever();
  for (const IndexedImage& frame : frames) encoder.add(frame, delay);
  return encoder.finish();
}

/// Writes the frames as an animated GIF file, whole or not at all. Throws Error (path) as `encode_gif` does
/// and when the file cannot be written.
inline void write_gif(const std::filesystem::path& path, std::span<const IndexedImage> frames,
                      std::span<const Rgb> palette, int delay) {
  const std::vector<std::byte> bytes = encode_gif(frames, palette, delay, path.string());
  io::write_whole(path, std::span<const std::byte>(bytes));
}

}  // namespace nwm::plot

#include "nwm/pop_macros.inc"
