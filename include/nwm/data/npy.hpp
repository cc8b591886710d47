// NumPy's .npy files, plain or gzipped, read: the format of the study's data sets and of most people's own.
// Needs zlib (target nwm::data). io/npy.hpp writes them.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "nwm/data/dataset.hpp"
#include "nwm/error.hpp"
#include "nwm/io/atomic_file.hpp"
#include "nwm/io/json_header.hpp"
#include "nwm/io/tensor.hpp"

namespace nwm::data {

namespace detail {

struct NpyType {
  const char* descr;
  io::DType dtype;
};
inline constexpr std::array<NpyType, 6> npy_types{{{"|u1", io::DType::U8},
                                                   {"|b1", io::DType::BOOL},
                                                   {"<f4", io::DType::F32},
                                                   {"<f8", io::DType::F64},
                                                   {"<i4", io::DType::I32},
                                                   {"<i8", io::DType::I64}}};

/// A file read through zlib, which decompresses gzip and passes any other file through unchanged.
class NpyStream {
 public:
  explicit NpyStream(const std::filesystem::path& path) : where_(path.string()) {
    errno = 0;
    file_.reset(gzopen(where_.c_str(), "rb"));
    if (!file_) throw Error(where_, "file", "a readable file", io::system_message());
    gzbuffer(file_.get(), 1u << 17);
  }

  /// Fills `out`. Throws Error (…, field, bytes wanted, bytes found) when the file ends earlier.
  void read(std::span<std::byte> out, const std::string& field) {
    const std::size_t found = some(out);
    if (found != out.size())
      throw Error(where_, field, std::to_string(out.size()) + " bytes",
                  "the end of the file after " + std::to_string(found));
  }

  /// Exactly `size` bytes, followed by the end of the file. Memory grows with the bytes read, not with
  /// `size`: a header may be wrong.
  std::vector<std::byte> rest(std::size_t size, const std::string& expected) {
    std::vector<std::byte> bytes;
    while (bytes.size() < size) {
      const std::size_t have = bytes.size();
      const std::size_t want =
          std::min(size - have, std::clamp(have, std::size_t{1} << 20, std::size_t{1} << 26));
      if (bytes.capacity() < have + want) bytes.reserve(std::min(size, 2 * (have + want)));
      bytes.resize(have + want);
      const std::size_t found = some(std::span(bytes).subspan(have));
      if (found != want) throw Error(where_, "data", expected, std::to_string(have + found) + " bytes");
    }
    std::byte more{};
    if (some({&more, 1}) != 0) throw Error(where_, "data", expected, "more bytes behind them");
    return bytes;
  }

 private:
  struct Closer {
    void operator()(gzFile file) const { gzclose_r(file); }
  };

  // Reads bytes into `out`; fewer than its size only at the end of the file. A damaged or cut off gzip stream
  // is an Error.
  std::size_t some(std::span<std::byte> out) {
    errno = 0;
    const int found = gzread(file_.get(), out.data(), static_cast<unsigned>(out.size()));
    int code = Z_OK;
    std::string message = gzerror(file_.get(), &code);
    if (found < 0 || (code != Z_OK && code != Z_STREAM_END)) {
      if (code == Z_ERRNO) message = io::system_message();
      if (message.starts_with(where_ + ": ")) message.erase(0, where_.size() + 2);  // zlib's own prefix
      throw Error(where_, "file", "readable, undamaged content", message);
    }
    return static_cast<std::size_t>(found);
  }

  std::string where_;
  std::unique_ptr<std::remove_pointer_t<gzFile>, Closer> file_;
};

struct NpyHeader {
  io::DType dtype{};
  std::string descr;
  std::vector<std::size_t> shape;
};

// Parses {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }: these keys, each once, in any order.
inline NpyHeader parse_npy_header(std::string_view header, const std::string& where) {
  NpyHeader out;
  io::HeaderText text(header, where);
  unsigned seen = 0;
  const auto once = [&](unsigned key, const std::string& name) {
    if ((seen & key) != 0) throw Error(where, "header", "every key once", "'" + name + "' again");
    seen |= key;
    text.set_field(name);
    text.expect(":");
  };
  const auto member = [&] {
    const std::string key = text.python_string();
    if (key == "descr") {
      once(1, key);
      out.descr = text.python_string();
      const auto known = std::find_if(npy_types.begin(), npy_types.end(),
                                      [&](const NpyType& type) { return out.descr == type.descr; });
      if (known == npy_types.end())
        throw Error(where, key, "|u1, |b1, <f4, <f8, <i4 or <i8 (little-endian)", "'" + out.descr + "'");
      out.dtype = known->dtype;
    } else if (key == "fortran_order") {
      once(2, key);
      if (text.accept("True")) throw Error(where, key, "False (row-major)", "True (column-major)");
      text.expect("False");
    } else if (key == "shape") {
      once(4, key);
      const std::size_t commas = text.sequence("(", ")", [&] { out.shape.push_back(text.natural()); }, true);
      if (out.shape.size() == 1 && commas == 0)
        throw Error(where, key, "a tuple, (n,)", "a number in brackets");
    } else {
      throw Error(where, "header", "descr, fortran_order and shape", "'" + key + "'");
    }
    text.set_field("header");
  };
  text.sequence("{", "}", member, true);
  text.end();
  if (seen != 7) throw Error(where, "header", "descr, fortran_order and shape", "not all of them");
  return out;
}

inline NpyHeader read_npy_header(NpyStream& stream, const std::string& where) {
  std::string start(8, '\0');
  stream.read(std::as_writable_bytes(std::span(start)), "start of the file");
  if (!start.starts_with("\x93NUMPY")) throw Error(where, "start of the file", "\\x93NUMPY", "other bytes");
  const int major = static_cast<unsigned char>(start[6]), minor = static_cast<unsigned char>(start[7]);
  if (major < 1 || major > 3 || minor != 0)
    throw Error(where, "version", "1.0, 2.0 or 3.0", std::to_string(major) + "." + std::to_string(minor));
  std::array<std::uint8_t, 4> length_bytes{};
  const std::size_t length_size = major == 1 ? 2 : 4;
  stream.read(std::as_writable_bytes(std::span(length_bytes).first(length_size)), "header length");
  std::size_t length = 0;
  for (std::size_t i = length_size; i-- > 0;) length = length << 8 | length_bytes[i];
  constexpr std::size_t most = std::size_t{1} << 20;
  if (length > most)
    throw Error(where, "header length", "at most " + std::to_string(most), std::to_string(length));
  std::string header(length, '\0');
  stream.read(std::as_writable_bytes(std::span(header)), "header");
  return parse_npy_header(header, where);
}

// Reorders (image, pixel, channel) to (image, channel, pixel).
template <class To, class From>
std::vector<To> planar(std::span<const From> from, const Extent& e) {
  std::vector<To> out(from.size());
  const std::size_t pixels = e.pixels();
  for (std::size_t i = 0; i < e.images; ++i)
    for (std::size_t p = 0; p < pixels; ++p)
      for (std::size_t c = 0; c < e.channels; ++c)
        out[(i * e.channels + c) * pixels + p] = static_cast<To>(from[(i * pixels + p) * e.channels + c]);
  return out;
}

inline std::vector<std::uint8_t> class_numbers(const io::Tensor& masks, const std::string& where) {
  if (masks.dtype == io::DType::U8) return masks.as<std::uint8_t>();
  if (masks.dtype != io::DType::I64)
    throw Error(where, "descr", "|u1 or <i8 masks", io::name_of(masks.dtype));
  const auto wide = masks.view<std::int64_t>();
  std::vector<std::uint8_t> out(wide.size());
  for (std::size_t i = 0; i < wide.size(); ++i) {
    if (wide[i] < 0 || wide[i] > 255)
      throw Error(where, "mask value " + std::to_string(i), "a class from 0 to 255", std::to_string(wide[i]));
    out[i] = static_cast<std::uint8_t>(wide[i]);
  }
  return out;
}

}  // namespace detail

/// Reads a .npy or gzipped .npy file, versions 1.0 to 3.0, with values |u1, |b1, <f4, <f8, <i4 or <i8 in
/// row-major order. Throws Error(path, header field or "data", …) for any other file, for data shorter or
/// longer than the header says, and for a damaged gzip stream. As in gzip itself, bytes after a complete gzip
/// stream are ignored.
inline io::Tensor read_npy(const std::filesystem::path& path) {
  const std::string where = path.string();
  detail::NpyStream stream(path);
  detail::NpyHeader header = detail::read_npy_header(stream, where);
  const auto size = io::checked_bytes(header.dtype, header.shape);
  if (!size) throw Error(where, "shape", "a size that can be addressed", io::to_string(header.shape));
  auto bytes = stream.rest(*size, std::to_string(*size) + " bytes for shape " + io::to_string(header.shape) +
                                      " of " + header.descr);
  return {header.dtype, std::move(header.shape), std::move(bytes)};
}

/// Reads a data set from two files. Images are (n, H, W) or (n, H, W, C), C from 1 to 4, of |u1 (kept as
/// bytes) or <f4, <f8 (kept as float, unscaled). Masks are (n, H, W) of |u1 or <i8, with classes 0 to 255.
/// The set's name is the images' path.
/// Throws Error as read_npy does, and for an empty set, a class out of range, a pixel that is not finite, or
/// shapes that do not go together (naming both files).
inline Dataset load_npy(const std::filesystem::path& images_path, const std::filesystem::path& masks_path) {
  const std::string images_name = images_path.string(), masks_name = masks_path.string();
  const io::Tensor images = read_npy(images_path);
  const auto& s = images.shape;
  const bool fits = (s.size() == 3 || (s.size() == 4 && s[3] >= 1 && s[3] <= 4)) && images.count() > 0;
  if (!fits)
    throw Error(images_name, "shape", "images (n, H, W) or (n, H, W, 1 to 4), not empty", io::to_string(s));
  const Extent extent{.images = s[0], .channels = s.size() == 4 ? s[3] : 1, .height = s[1], .width = s[2]};
  const io::Tensor masks = read_npy(masks_path);
  const std::vector<std::size_t> expected = {s[0], s[1], s[2]};
  if (masks.shape != expected)
    throw Error(images_name + " and " + masks_name, "shape",
                "masks " + io::to_string(expected) + " for images " + io::to_string(s),
                "masks " + io::to_string(masks.shape));
  auto classes = detail::class_numbers(masks, masks_name);
  Pictures pictures;
  if (images.dtype == io::DType::U8) {
    pictures = detail::planar<std::uint8_t>(images.view<std::uint8_t>(), extent);
  } else if (images.dtype == io::DType::F32) {
    pictures = detail::planar<float>(images.view<float>(), extent);
  } else if (images.dtype == io::DType::F64) {
    pictures = detail::planar<float>(images.view<double>(), extent);
  } else {
    throw Error(images_name, "descr", "|u1, <f4 or <f8 images", io::name_of(images.dtype));
  }
  return Dataset(extent, std::move(pictures), std::move(classes), images_name);
}

}  // namespace nwm::data
