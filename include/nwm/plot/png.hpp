// Pictures as PNG files through libpng: written whole or not at all, and read back.
#pragma once

#include <png.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/io/atomic_file.hpp"
#include "nwm/plot/image.hpp"

namespace nwm::plot {

namespace detail {

/// libpng's simplified interface, freed on every way out. Errors come back in `message`, never by longjmp.
struct PngSession {
  png_image image{};
  PngSession() { image.version = PNG_IMAGE_VERSION; }
  PngSession(const PngSession&) = delete;
  PngSession& operator=(const PngSession&) = delete;
  ~PngSession() { png_image_free(&image); }
};

}  // namespace detail

/// The bytes of the picture as a PNG file (8-bit RGB). Throws Error, naming `where`, when the picture has no
/// pixels or more than libpng's limits allow.
inline std::vector<std::byte> encode_png(const Image& picture,
                                         const std::string& where = "nwm::plot::encode_png") {
  constexpr std::size_t limit = 1'000'000;  // PNG_USER_WIDTH_MAX: readers refuse larger pictures
  if (picture.empty() || picture.width() > limit || picture.height() > limit)
    throw Error(where, "size", "1 to 1000000 pixels a side",
                std::to_string(picture.width()) + " x " + std::to_string(picture.height()));
  detail::PngSession png;
  png.image.width = static_cast<png_uint_32>(picture.width());
  png.image.height = static_cast<png_uint_32>(picture.height());
  png.image.format = PNG_FORMAT_RGB;
  const std::size_t raw = (picture.width() * 3 + 1) * picture.height();
  png_alloc_size_t size = raw + raw / 8 + raw / 64 + 2048;  // zlib's bound, plus room for the other chunks
  std::vector<std::byte> bytes(size);
  if (!png_image_write_to_memory(&png.image, bytes.data(), &size, 0, picture.bytes().data(), 0, nullptr))
    throw Error(where, "picture", "one libpng can encode", png.image.message);
  bytes.resize(size);
  return bytes;
}

/// Writes `picture` as an 8-bit RGB PNG file, whole or not at all. Throws Error (path) when the picture has
/// no pixels or the file cannot be written.
inline void write_png(const std::filesystem::path& path, const Image& picture) {
  const std::vector<std::byte> bytes = encode_png(picture, path.string());
  io::write_whole(path, std::span<const std::byte>(bytes));
}

/// Reads a PNG file of any kind as 8-bit RGB, with transparent parts over `background`. Throws Error (path)
/// when there is no such file or the file is not a whole PNG.
inline Image read_png(const std::filesystem::path& path, Rgb background = white) {
  const io::FileHandle file(std::fopen(path.string().c_str(), "rb"));
  if (!file) throw Error(path.string(), "file", "a readable file", io::system_message());
  detail::PngSession png;
  const auto check = [&](int good) {
    if (!good) throw Error(path.string(), "PNG data", "a whole PNG picture", png.image.message);
  };
  check(png_image_begin_read_from_stdio(&png.image, file.get()));
  png.image.format = PNG_FORMAT_RGB;
  Image result(png.image.width, png.image.height);
  const png_color behind{background.r, background.g, background.b};
  check(png_image_finish_read(&png.image, &behind, result.bytes().data(), 0, nullptr));
  return result;
}

}  // namespace nwm::plot
