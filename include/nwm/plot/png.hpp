// Pictures as PNG files through libpng: written whole or not at all, and read back.
#pragma once

#include "nwm/push_macros.inc"

#include <png.h>

#include <algorithm>
#include <array>
#include <cerrno>
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

/// Pictures of more pixels are not read: they would take 800 MB.
inline constexpr std::size_t png_pixel_limit = std::size_t{1} << 28;

namespace detail {

/// The most times that deflate, by which a PNG is packed, can be smaller than what it stands for.
inline constexpr std::uint64_t best_packing = 1032;

/// The number that four bytes of a PNG stand for.
inline std::uint64_t png_number(std::span<const unsigned char, 4> bytes) {
  std::uint64_t n = 0;
  for (const unsigned char byte : bytes) n = n << 8 | byte;
  return n;
}

/// Throws Error where a PNG of `size` bytes which begins as `start` cannot hold as many pixels as it says:
/// before memory is taken for them. What is no PNG at all is left to libpng.
inline void require_honest_size(const std::string& path, std::span<const unsigned char, 26> start,
                                std::uint64_t size) {
  const std::uint64_t width = png_number(start.subspan<16, 4>()), height = png_number(start.subspan<20, 4>());
  constexpr std::array<std::uint64_t, 7> channels{1, 0, 3, 1, 2, 0, 4};  // of PNG's colour types
  const std::uint64_t bits = std::uint64_t{start[24]} * channels[std::min<std::size_t>(start[25], 6)];
  const std::string found = std::to_string(width) + " x " + std::to_string(height) + " pixels";
  constexpr std::uint64_t most = png_pixel_limit;
  if (width > most || height > most || width * height > most)
    throw Error(path, "size", "at most " + std::to_string(most) + " pixels", found);
  if ((width * bits / 8 + 1) * height / best_packing > size)
    throw Error(path, "size", "pixels that a file of " + std::to_string(size) + " bytes can hold", found);
}

/// Throws Error where a chunk of a PNG of `size` bytes says that it is longer than what is left of the file:
/// libpng takes memory for all of a text, up to 2 GB, before it reads it.
inline void require_whole_chunks(const std::string& path, std::FILE* file, std::uint64_t size) {
  std::array<unsigned char, 8> start{};  // length and type; data and a check sum follow
  for (std::uint64_t at = 8; at + start.size() <= size;) {
    if (std::fseek(file, static_cast<long>(at), SEEK_SET) != 0 ||
        std::fread(start.data(), 1, start.size(), file) != start.size())
      return;
    const std::uint64_t length = png_number(std::span(start).first<4>()), left = size - at - start.size();
    if (length > left)
      throw Error(
          path, "PNG data", "a whole PNG picture",
          "a chunk of " + std::to_string(length) + " bytes where " + std::to_string(left) + " are left");
    at += start.size() + length + 4;
  }
}

}  // namespace detail

/// Reads a PNG file of any kind as 8-bit RGB, with transparent parts over `background`. Where a file does not
/// say how its brightness is meant, it is sRGB, with 8 bits a colour and with 16: a grey of 100·257 is 100.
/// Throws Error (path) when there is no such file, the file is not a whole PNG, or it says a size (field
/// "size") that is above png_pixel_limit or more than so short a file can hold.
inline Image read_png(const std::filesystem::path& path, Rgb background = white) {
  const std::string where = path.string();
  std::uint64_t bytes = 0;
  errno = 0;
  const io::FileHandle file(io::file_size(where, bytes) ? std::fopen(where.c_str(), "rb") : nullptr);
  if (!file) throw Error(where, "file", "a readable file", io::system_message());
  std::array<unsigned char, 26> start{};
  if (std::fread(start.data(), 1, start.size(), file.get()) == start.size() &&
      png_sig_cmp(start.data(), 0, 8) == 0) {
    detail::require_honest_size(where, start, bytes);
    detail::require_whole_chunks(where, file.get(), bytes);
  }
  if (std::fseek(file.get(), 0, SEEK_SET) != 0)
    throw Error(where, "file", "a readable file", io::system_message());
  detail::PngSession png;
  const auto check = [&](int good) {
    if (good) return;
    // libpng says no more than "Read Error" of a disk that fails.
    throw Error(where, "PNG data", "a whole PNG picture",
                std::ferror(file.get()) ? io::system_message() : png.image.message);
  };
  check(png_image_begin_read_from_stdio(&png.image, file.get()));
  png.image.format = PNG_FORMAT_RGB;
  png.image.flags |=
      PNG_IMAGE_FLAG_16BIT_sRGB;  // else 16 bits would be taken as linear, and come out brighter
  Image result(png.image.width, png.image.height);
  const png_color behind{background.r, background.g, background.b};
  check(png_image_finish_read(&png.image, &behind, result.bytes().data(), 0, nullptr));
  return result;
}

}  // namespace nwm::plot

#include "nwm/pop_macros.inc"
