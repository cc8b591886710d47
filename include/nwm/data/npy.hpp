// NumPy's .npy files, plain or gzipped, read: the format of the study's data sets and of most people's own.
// Needs zlib (target nwm::data). io/npy.hpp writes them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nwm/data/dataset.hpp"
#include "nwm/data/gz_stream.hpp"
#include "nwm/error.hpp"
#include "nwm/io/json_header.hpp"
#include "nwm/io/tensor.hpp"

namespace nwm::data {

namespace detail {

struct NpyType {
  std::string_view name;  // without the order of bytes
  io::DType dtype;
};
inline constexpr std::array<NpyType, 12> npy_types{{{"u1", io::DType::U8},
                                                    {"i1", io::DType::I8},
                                                    {"b1", io::DType::BOOL},
                                                    {"?", io::DType::BOOL},
                                                    {"f4", io::DType::F32},
                                                    {"f8", io::DType::F64},
                                                    {"i2", io::DType::I16},
                                                    {"i4", io::DType::I32},
                                                    {"i8", io::DType::I64},
                                                    {"u2", io::DType::U16},
                                                    {"u4", io::DType::U32},
                                                    {"u8", io::DType::U64}}};

/// The type that a `descr` names: "<f4" is F32. A single byte has no order, whichever is written before it.
inline std::optional<io::DType> npy_dtype(std::string_view descr) {
  const bool ordered = !descr.empty() && std::string_view("<>|=").find(descr[0]) != std::string_view::npos;
  const std::string_view name = descr.substr(ordered ? 1 : 0);
  for (const NpyType& type : npy_types)
    if (name == type.name && (io::bits_of(type.dtype) == 8 || descr[0] == '<')) return type.dtype;
  return std::nullopt;
}

/// As many dimensions as NumPy itself has. A header has room for half a million, each of which costs a file
/// in Fortran order a step a value.
inline constexpr std::size_t npy_dimensions = 64;

struct NpyHeader {
  io::DType dtype{};
  std::string descr;
  bool fortran = false;  // the first index fastest
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
      const auto known = npy_dtype(out.descr);
      if (!known)
        throw Error(where, key,
                    "u1, i1, b1, or <f4, <f8, <i2, <i4, <i8, <u2, <u4, <u8 (little-endian); in numpy: "
                    "array.astype('<f4')",
                    "'" + out.descr + "'");
      out.dtype = *known;
    } else if (key == "fortran_order") {
      once(2, key);
      out.fortran = text.accept("True");
      if (!out.fortran) text.expect("False");
    } else if (key == "shape") {
      once(4, key);
      const auto length = [&] {
        if (out.shape.size() == npy_dimensions)
          throw Error(where, key, "at most " + std::to_string(npy_dimensions) + " dimensions", "more");
        out.shape.push_back(text.natural());
        text.accept("L");  // as Python 2 wrote them
      };
      const std::size_t commas = text.sequence("(", ")", length, true);
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

inline NpyHeader read_npy_header(GzStream& stream, const std::string& where) {
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

// Whole numbers and truths: what classes and labels may be.
inline bool whole_numbers(io::DType dtype) {
  return std::any_of(npy_types.begin(), npy_types.end(), [&](const NpyType& type) {
    return type.dtype == dtype && dtype != io::DType::F32 && dtype != io::DType::F64;
  });
}

template <class T>
std::vector<std::uint8_t> classes_of(const io::Tensor& masks, const std::string& where) {
  const auto wide = masks.view<T>();
  std::vector<std::uint8_t> out(wide.size());
  for (std::size_t i = 0; i < wide.size(); ++i) {
    if (!std::in_range<std::uint8_t>(wide[i]))
      throw Error(where, "mask value " + std::to_string(i), "a class from 0 to 255", std::to_string(wide[i]));
    out[i] = static_cast<std::uint8_t>(wide[i]);
  }
  return out;
}

// Truths are classes 0 and 1.
inline std::vector<std::uint8_t> class_numbers(const io::Tensor& masks, const std::string& where) {
  switch (masks.dtype) {
    case io::DType::U8:
      return masks.as<std::uint8_t>();
    case io::DType::BOOL: {
      auto truths = masks.as<std::uint8_t>();
      for (std::uint8_t& v : truths) v = v != 0;
      return truths;
    }
    case io::DType::I8:
      return classes_of<std::int8_t>(masks, where);
    case io::DType::I16:
      return classes_of<std::int16_t>(masks, where);
    case io::DType::U16:
      return classes_of<std::uint16_t>(masks, where);
    case io::DType::I32:
      return classes_of<std::int32_t>(masks, where);
    case io::DType::U32:
      return classes_of<std::uint32_t>(masks, where);
    case io::DType::I64:
      return classes_of<std::int64_t>(masks, where);
    case io::DType::U64:
      return classes_of<std::uint64_t>(masks, where);
    default:
      throw Error(where, "descr", "whole numbers or |b1 for classes; in numpy: masks.astype(numpy.uint8)",
                  io::name_of(masks.dtype));
  }
}

// The values of `from` (first index fastest, `width` bytes each) with the last index fastest.
inline std::vector<std::byte> row_major(std::span<const std::byte> from, std::span<const std::size_t> shape,
                                        std::size_t width) {
  std::vector<std::size_t> stride(shape.size(), width), index(shape.size());
  for (std::size_t k = 1; k < shape.size(); ++k) stride[k] = stride[k - 1] * shape[k - 1];
  std::vector<std::byte> out(from.size());
  for (std::size_t to = 0, at = 0; to < out.size(); to += width) {
    std::copy_n(from.data() + at, width, out.data() + to);
    for (std::size_t k = shape.size(); k-- > 0;) {
      at += stride[k];
      if (++index[k] < shape[k]) break;
      at -= stride[k] * shape[k];
      index[k] = 0;
    }
  }
  return out;
}

// What to do in numpy with pictures of a type that is not read.
inline std::string picture_remedy(io::DType dtype) {
  if (dtype == io::DType::U16) return "images.astype(numpy.float32) / 65535";
  if (dtype == io::DType::BOOL) return "images.astype(numpy.float32)";
  return "images.astype(numpy.uint8) where they are 0 to 255";
}

/// Throws Error unless these are pictures by shape and type.
inline void require_pictures(const io::Tensor& images, const std::string& where) {
  const auto& s = images.shape;
  if (!((s.size() == 3 || (s.size() == 4 && s[3] >= 1 && s[3] <= 4)) && images.count() > 0)) {
    std::string expected = "images (n, H, W) or (n, H, W, 1 to 4), not empty";
    if (s.size() == 4 && s[1] >= 1 && s[1] <= 4)
      expected += "; channels come last, in numpy: images.transpose(0, 2, 3, 1)";
    if (s.size() == 2) expected += "; a single one is, in numpy, image[None]";
    throw Error(where, "shape", expected, io::to_string(s));
  }
  if (images.dtype != io::DType::U8 && images.dtype != io::DType::F32 && images.dtype != io::DType::F64)
    throw Error(where, "descr", "|u1, <f4 or <f8 images; in numpy: " + picture_remedy(images.dtype),
                io::name_of(images.dtype));
}

// Floats should lie near [0, 1]. Those of which none is negative and the largest is that of 8 or 16 bits were
// hardly meant so: they would drive the encoders far off what their initial values are made for.
inline void require_scale(std::span<const float> values, const std::string& where) {
  if (values.empty()) return;
  const auto ends = std::minmax_element(values.begin(), values.end());
  const float least = *ends.first, most = *ends.second;
  if (least >= 0 && most > 16 && most <= 65535)
    throw Error(where, "values",
                most > 255 ? "numbers near [0, 1]; in numpy: images / 65535"
                           : "numbers near [0, 1]; in numpy: images / 255",
                "numbers up to " + shown(static_cast<double>(most)));
}

/// Pictures of an array, planar. Throws Error as require_pictures and require_scale.
inline std::pair<Extent, Pictures> pictures_of(const io::Tensor& images, const std::string& where) {
  require_pictures(images, where);
  const auto& s = images.shape;
  const Extent extent{.images = s[0], .channels = s.size() == 4 ? s[3] : 1, .height = s[1], .width = s[2]};
  if (images.dtype == io::DType::U8)
    return {extent, planar<std::uint8_t>(images.view<std::uint8_t>(), extent)};
  auto floats = images.dtype == io::DType::F32 ? planar<float>(images.view<float>(), extent)
                                               : planar<float>(images.view<double>(), extent);
  require_scale(floats, where);
  return {extent, std::move(floats)};
}

}  // namespace detail

/// Reads a .npy or gzipped .npy file, versions 1.0 to 3.0, with values of one byte (u1, i1, b1, ?), <f4, <f8
/// or whole numbers of 2, 4 or 8 bytes (<i4, <u2, …). Files in Fortran order are put in row-major order,
/// which takes their memory twice for a while. Throws Error(path, header field or "data", …) for any other
/// file, for more than 64 dimensions, for data shorter or longer than the header says, and for a damaged gzip
/// stream. As in gzip itself, bytes after a complete gzip stream are ignored.
inline io::Tensor read_npy(const std::filesystem::path& path) {
  const std::string where = path.string();
  detail::GzStream stream(path);
  detail::NpyHeader header = detail::read_npy_header(stream, where);
  const auto size = io::checked_bytes(header.dtype, header.shape);
  if (!size) throw Error(where, "shape", "a size that can be addressed", io::to_string(header.shape));
  auto bytes = stream.rest(*size, std::to_string(*size) + " bytes for shape " + io::to_string(header.shape) +
                                      " of " + header.descr);
  if (header.fortran && header.shape.size() > 1)
    bytes = detail::row_major(bytes, header.shape, io::bits_of(header.dtype) / 8);
  return {header.dtype, std::move(header.shape), std::move(bytes)};
}

/// Reads pictures without targets: every mask is background. Images are (n, H, W) or (n, H, W, C), C from 1
/// to 4, of |u1 (kept as bytes) or <f4, <f8 (kept as float, unscaled). The set's name is the path.
/// Throws Error as read_npy does, and for an empty set, a pixel that is not finite, and arrays of another
/// shape or type, floats from 0 to 255 or 65535 among them; it says what to do with these in numpy.
inline Dataset load_npy(const std::filesystem::path& images_path) {
  auto [extent, pictures] = detail::pictures_of(read_npy(images_path), images_path.string());
  return Dataset(extent, std::move(pictures), Targets::Bytes(extent.images * extent.pixels()),
                 images_path.string());
}

/// Reads a data set from two files. Images as above. Masks are (n, H, W) of any whole numbers, with classes 0
/// to 255, or of truths (|b1), with classes 0 and 1. The set's name is the images' path.
/// Throws Error as above, and for a class out of range or shapes that do not go together (naming both files).
inline Dataset load_npy(const std::filesystem::path& images_path, const std::filesystem::path& masks_path) {
  const std::string images_name = images_path.string(), masks_name = masks_path.string();
  const io::Tensor images = read_npy(images_path);
  detail::require_pictures(images, images_name);
  const io::Tensor masks = read_npy(masks_path);
  const std::vector<std::size_t> expected(images.shape.begin(), images.shape.begin() + 3);
  if (masks.shape != expected)
    throw Error(images_name + " and " + masks_name, "shape",
                "masks " + io::to_string(expected) + " for images " + io::to_string(images.shape),
                "masks " + io::to_string(masks.shape));
  auto classes = detail::class_numbers(masks, masks_name);
  auto [extent, pictures] = detail::pictures_of(images, images_name);
  return Dataset(extent, std::move(pictures), std::move(classes), images_name);
}

}  // namespace nwm::data
