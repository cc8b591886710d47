// Numbers to .npy files, so that numpy has them: numpy.load(path). Reading them needs zlib: data/npy.hpp.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/io/atomic_file.hpp"
#include "nwm/io/tensor.hpp"
#include "nwm/memory/array.hpp"

namespace nwm::io {

namespace detail {

/// NumPy's name of a type: "<f4".
template <TensorValue T>
std::string npy_type() {
  const char kind = std::is_floating_point_v<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
  return std::string(1, sizeof(T) == 1 ? '|' : '<') + kind + std::to_string(sizeof(T));
}

/// Magic, version, length and header, ended by a newline: a multiple of 64 bytes; the data begin behind them.
/// Throws Error(path, …) where the name, the number of dimensions or the number of values does not fit.
inline std::string npy_start(const std::string& path, const std::string& type,
                             std::span<const std::size_t> shape, std::size_t values) {
  if (path.ends_with(".gz")) throw Error(path, "file", "a name that does not end in .gz", "one that does");
  if (shape.size() > 32) throw Error(path, "shape", "at most 32 dimensions", std::to_string(shape.size()));
  if (checked_count(shape) != values)
    throw Error(path, "data", "values for shape " + to_string(shape), std::to_string(values));
  std::string tuple = to_string(shape);
  if (shape.size() == 1) tuple.insert(tuple.size() - 1, ",");
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + tuple + ", }";
  constexpr std::size_t before = 10;  // magic, version and length
  header.append(63 - (before + header.size()) % 64, ' ');
  header += '\n';
  std::string start("\x93NUMPY\x01\x00", 8);
  start += static_cast<char>(header.size() & 0xFF);
  start += static_cast<char>(header.size() >> 8);
  return start + header;
}

}  // namespace detail

/// Writes a contiguous range of numbers, row-major, as .npy 1.0, whole or not at all (AtomicFile). Throws
/// Error when their count does not fit the shape, there are over 32 dimensions, the name ends in .gz (files
/// are not compressed here), or writing fails. After an error an existing file is unchanged.
template <class Values>
requires requires(const Values& v) { std::span(v); }
void write_npy(const std::string& path, const std::vector<std::size_t>& shape, const Values& values) {
  const std::span view(values);
  using T = std::remove_cv_t<typename decltype(view)::element_type>;
  static_assert(TensorValue<T>, "write_npy: float, double and whole numbers only");
  const std::string start = detail::npy_start(path, detail::npy_type<T>(), shape, view.size());
  write_whole(path, [&](AtomicFile& file) {
    file.write(start);
    file.write(std::as_bytes(view));
  });
}

/// The same of an array.
template <class T>
void write_npy(const std::string& path, const Array<T>& array) {
  write_npy(path, array.shape, array.values);
}

}  // namespace nwm::io
