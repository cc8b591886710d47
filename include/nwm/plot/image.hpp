// A picture in plain memory, and ways to combine pictures: paste, enlarge, join in rows and columns.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/memory/count.hpp"

namespace nwm::plot {

/// A colour, 8-bit sRGB.
struct Rgb {
  std::uint8_t r = 0, g = 0, b = 0;  ///< red, green and blue
  friend constexpr bool operator==(const Rgb&, const Rgb&) = default;
};

/// All light.
inline constexpr Rgb white{255, 255, 255};
/// No light.
inline constexpr Rgb black{0, 0, 0};

/// height x width pixels, row-major from the top left, three bytes (red, green, blue) each.
class Image {
 public:
  /// An image without pixels: 0 x 0.
  Image() = default;

  /// width x height pixels of one colour. Throws Error above 2^40 bytes, and where there is no memory for
  /// them.
  Image(std::size_t width, std::size_t height, Rgb fill = white) : width_(width), height_(height) {
    if (height != 0 && width > max_bytes / 3 / height)
      throw Error("nwm::plot::Image", "size", "at most 2^40 bytes",
                  std::to_string(width) + " x " + std::to_string(height) + " pixels");
    bytes_ = allocated<std::vector<std::uint8_t>>("nwm::plot::Image", "size",
                                                  std::array{width, height, std::size_t{3}});
    for (std::size_t i = 0; i < width * height; ++i) put(i, fill);
  }

  /// In pixels.
  std::size_t width() const noexcept { return width_; }
  /// In pixels.
  std::size_t height() const noexcept { return height_; }
  /// Whether there are no pixels.
  bool empty() const noexcept { return bytes_.empty(); }

  /// The pixels: height * width * 3 bytes, row-major, red green blue.
  std::span<const std::uint8_t> bytes() const noexcept { return bytes_; }
  /// The same, to be set.
  std::span<std::uint8_t> bytes() noexcept { return bytes_; }

  /// The pixel in column x of row y. Throws Error outside the picture.
  Rgb at(std::size_t x, std::size_t y) const {
    const std::size_t i = index(x, y) * 3;
    return {bytes_[i], bytes_[i + 1], bytes_[i + 2]};
  }

  /// Sets the pixel in column x of row y. Throws Error outside the picture.
  void set(std::size_t x, std::size_t y, Rgb colour) { put(index(x, y), colour); }

  /// Copies `other` over this picture, with its top left pixel at column x of row y. Throws Error unless all
  /// of `other` fits.
  void paste(const Image& other, std::size_t x, std::size_t y) {
    if (x > width_ || y > height_ || other.width_ > width_ - x || other.height_ > height_ - y)
      throw Error(
          "nwm::plot::Image::paste", "picture",
          "one that lies inside " + std::to_string(width_) + " x " + std::to_string(height_) + " pixels",
          std::to_string(other.width_) + " x " + std::to_string(other.height_) + " pixels at (" +
              std::to_string(x) + ", " + std::to_string(y) + ")");
    const auto row_bytes = static_cast<std::ptrdiff_t>(other.width_ * 3);
    for (std::size_t row = 0; row < other.height_; ++row) {
      const auto from = other.bytes_.begin() + static_cast<std::ptrdiff_t>(row) * row_bytes;
      std::copy(from, from + row_bytes,
                bytes_.begin() + static_cast<std::ptrdiff_t>(((y + row) * width_ + x) * 3));
    }
  }

  /// The picture with each pixel repeated `factor` times across and down. Throws Error for a factor of 0 or
  /// one that makes more than 2^40 bytes.
  Image enlarged(std::size_t factor) const {
    if (factor == 0) throw Error("nwm::plot::Image::enlarged", "factor", "at least 1", "0");
    if (!empty() && factor > max_bytes / std::max(width_, height_))
      throw Error(
          "nwm::plot::Image::enlarged", "factor",
          "at most 2^40 bytes of " + std::to_string(width_) + " x " + std::to_string(height_) + " pixels",
          std::to_string(factor));
    Image result(width_ * factor, height_ * factor);
    for (std::size_t y = 0; y < result.height_; ++y)
      for (std::size_t x = 0; x < result.width_; ++x)
        result.put(y * result.width_ + x, at(x / factor, y / factor));
    return result;
  }

  friend bool operator==(const Image&, const Image&) = default;

 private:
  static constexpr std::size_t max_bytes = std::size_t{1} << 40;

  std::size_t index(std::size_t x, std::size_t y) const {
    if (x >= width_ || y >= height_)
      throw Error("nwm::plot::Image", "pixel",
                  "one inside " + std::to_string(width_) + " x " + std::to_string(height_) + " pixels",
                  "(" + std::to_string(x) + ", " + std::to_string(y) + ")");
    return y * width_ + x;
  }

  void put(std::size_t pixel, Rgb colour) noexcept {
    bytes_[pixel * 3] = colour.r;
    bytes_[pixel * 3 + 1] = colour.g;
    bytes_[pixel * 3 + 2] = colour.b;
  }

  std::size_t width_ = 0, height_ = 0;
  std::vector<std::uint8_t> bytes_;
};

/// How pictures of unequal size are aligned across the direction in which they are joined.
enum class Align { start, centre };

namespace detail {

inline std::size_t offset(std::size_t room, std::size_t size, Align align) {
  return align == Align::start ? 0 : (room - size) / 2;
}

}  // namespace detail

/// The pictures from left to right, `gap` pixels of `background` between two. 0 x 0 when there are none.
inline Image beside(const std::vector<Image>& images, std::size_t gap = 0, Rgb background = white,
                    Align align = Align::start) {
  std::size_t width = images.empty() ? 0 : gap * (images.size() - 1), height = 0;
  for (const Image& image : images) width += image.width(), height = std::max(height, image.height());
  Image result(width, height, background);
  std::size_t x = 0;
  for (const Image& image : images) {
    result.paste(image, x, detail::offset(height, image.height(), align));
    x += image.width() + gap;
  }
  return result;
}

/// The pictures from top to bottom, `gap` pixels of `background` between two. 0 x 0 when there are none.
inline Image stacked(const std::vector<Image>& images, std::size_t gap = 0, Rgb background = white,
                     Align align = Align::start) {
  std::size_t width = 0, height = images.empty() ? 0 : gap * (images.size() - 1);
  for (const Image& image : images) height += image.height(), width = std::max(width, image.width());
  Image result(width, height, background);
  std::size_t y = 0;
  for (const Image& image : images) {
    result.paste(image, detail::offset(width, image.width(), align), y);
    y += image.height() + gap;
  }
  return result;
}

/// The picture inside a margin of `width` pixels on each side.
inline Image framed(const Image& image, std::size_t width, Rgb colour = white) {
  Image result(image.width() + 2 * width, image.height() + 2 * width, colour);
  result.paste(image, width, width);
  return result;
}

}  // namespace nwm::plot

#include "nwm/pop_macros.inc"
