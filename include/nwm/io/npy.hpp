// Arrays to .npy files, so that numpy has them: numpy.load(path).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

#include "nwm/io/atomic_file.hpp"
#include "nwm/memory/array.hpp"

namespace nwm::io {

namespace detail {
/// numpy's name of a type: "<f4".
template <class T>
std::string npy_type() {
  static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>, "write_npy: numbers only");
  const char kind = std::is_floating_point_v<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
  return std::string(1, sizeof(T) == 1 ? '|' : '<') + kind + std::to_string(sizeof(T));
}
}  // namespace detail

/// Writes an array as .npy, version 1.0, row-major, whole or not at all. Throws Error when the file cannot be
/// written; an old one then stays.
template <class T>
void write_npy(const std::string& path, const Array<T>& array) {
  static_assert(std::endian::native == std::endian::little, "values are written in place");
  std::string header = "{'descr': '" + detail::npy_type<T>() + "', 'fortran_order': False, 'shape': (";
  for (const std::size_t n : array.shape) header += std::to_string(n) + ",";
  header += "), }";
  // Magic, version and length take 10 bytes; the data begins at a multiple of 64.
  header.append((64 - (10 + header.size() + 1) % 64) % 64, ' ');
  header += '\n';
  const auto length = static_cast<std::uint16_t>(header.size());
  write_whole(path, [&](AtomicFile& file) {
    file.write(std::string("\x93NUMPY\x01\x00", 8));
    file.write(std::as_bytes(std::span(&length, 1)));
    file.write(header);
    file.write(std::as_bytes(std::span(array.values)));
  });
}

}  // namespace nwm::io
