// IDX files, plain or gzipped: the format of MNIST and its relatives. Needs zlib (target nwm::data).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/data/gz_stream.hpp"
#include "nwm/error.hpp"
#include "nwm/io/tensor.hpp"

namespace nwm::data {

/// Reads an IDX file of unsigned bytes. The format: two zero bytes, the type 8, the number of dimensions (1
/// to 4), each dimension as four bytes (most significant first), then the values with the last index fastest.
/// Returns a tensor of U8. Throws Error(path, "file", "start of the file", "shape" or "data", …) for any
/// other file, for data shorter or longer than the dimensions say, and for a damaged gzip stream.
inline io::Tensor read_idx(const std::filesystem::path& path) {
  const std::string where = path.string();
  detail::GzStream stream(path);
  std::array<std::uint8_t, 4> start{};
  stream.read(std::as_writable_bytes(std::span(start)), "start of the file");
  if (start[0] != 0 || start[1] != 0 || start[2] != 8 || start[3] < 1 || start[3] > 4) {
    std::string found;
    for (const std::uint8_t b : start) found.append(found.empty() ? "" : " ").append(std::to_string(b));
    throw Error(where, "start of the file", "0 0 8 n (IDX, unsigned bytes, n = 1 to 4 dimensions)", found);
  }
  std::vector<std::size_t> shape(start[3]);
  for (std::size_t& n : shape) {
    std::array<std::uint8_t, 4> digits{};
    stream.read(std::as_writable_bytes(std::span(digits)), "shape");
    for (const std::uint8_t d : digits) n = n << 8 | d;
  }
  const auto size = io::checked_bytes(io::DType::U8, shape);
  if (!size) throw Error(where, "shape", "a size that can be addressed", io::to_string(shape));
  auto bytes = stream.rest(*size, std::to_string(*size) + " bytes for shape " + io::to_string(shape));
  return {io::DType::U8, std::move(shape), std::move(bytes)};
}

}  // namespace nwm::data
