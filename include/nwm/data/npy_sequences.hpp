// Sequences of one's own from NumPy's .npy files, plain or gzipped. Needs zlib (target nwm::data).
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/data/npy.hpp"
#include "nwm/data/sequences.hpp"
#include "nwm/error.hpp"
#include "nwm/memory/count.hpp"

namespace nwm::data {

namespace detail {

/// The numbers of an array of floats, doubles or bytes.
inline std::vector<float> float_numbers(const io::Tensor& array, const std::string& where) {
  const auto narrow = [](const auto& view) { return std::vector<float>(view.begin(), view.end()); };
  if (array.dtype == io::DType::F32) return array.as<float>();
  if (array.dtype == io::DType::U8) return narrow(array.view<std::uint8_t>());
  if (array.dtype != io::DType::F64)
    throw Error(where, "descr", "<f4, <f8 or |u1 numbers; in numpy: array.astype('<f4')",
                io::name_of(array.dtype));
  std::vector<float> numbers;
  for (const double v : array.view<double>()) numbers.push_back(static_cast<float>(v));
  return numbers;
}

/// The extent of an array of sequences.
inline Extent sequence_extent(const io::Tensor& inputs, const std::string& where) {
  const auto& s = inputs.shape;
  if (s.size() == 3) return vectors(s[0], s[1], s[2]);
  if (s.size() == 5) return frames(s[0], s[1], s[2], s[3], s[4]);
  throw Error(where, "shape", "(N, T, n) vectors or (N, T, C, H, W) frames", io::to_string(s));
}

}  // namespace detail

/// Reads sequences (N, T, n) or (N, T, C, H, W) — |u1 bytes, divided by 255 when read, or <f4 or <f8 numbers
/// — and their targets. What these are is told by type and shape. Whole numbers (u1, <i8, …) or truths: a
/// label a sequence (N), a label a step (N, T), or, for frames, a class a pixel (N, H, W). Numbers (<f4 or
/// <f8): of a sequence (N) or (N, K), or of each step (N, T, K) or (N, T, C, H, W). Throws Error for any
/// other shape, and as read_npy.
inline Dataset load_sequences(const std::filesystem::path& inputs_path,
                              const std::filesystem::path& targets_path) {
  const std::string where = inputs_path.string(), to = targets_path.string();
  const io::Tensor inputs = read_npy(inputs_path), targets = read_npy(targets_path);
  Extent extent = detail::sequence_extent(inputs, where);
  Pictures x = inputs.dtype == io::DType::U8 ? Pictures(inputs.as<std::uint8_t>())
                                             : Pictures(detail::float_numbers(inputs, where));
  const std::vector<std::size_t>& s = targets.shape;
  const std::size_t rank = s.size();
  const bool one_each = rank > 0 && s[0] == extent.images;
  const bool one_a_step = one_each && rank > 1 && s[1] == extent.steps;
  if (detail::whole_numbers(targets.dtype)) {
    if (one_each && rank == 1)
      return label_each(extent, std::move(x), detail::class_numbers(targets, to), where);
    if (one_a_step && rank == 2)
      return label_steps(extent, std::move(x), detail::class_numbers(targets, to), where);
    if (one_each && rank == 3 && s[1] == extent.height && s[2] == extent.width && inputs.shape.size() == 5)
      return {extent, std::move(x), Targets(detail::class_numbers(targets, to)), where};
    throw Error(to, "shape", "labels (N), (N, T) or (N, H, W) for sequences " + to_string(extent),
                io::to_string(s));
  }
  const std::size_t before = std::min<std::size_t>(one_a_step && rank > 2 ? 2 : 1, rank);
  const std::size_t each = checked_product(to, "shape", std::span(s).subspan(before));
  if (one_a_step && rank > 2)
    return numbers_steps(extent, std::move(x), each, detail::float_numbers(targets, to), where);
  if (one_each && rank <= 2)
    return numbers_each(extent, std::move(x), each, detail::float_numbers(targets, to), where);
  throw Error(to, "shape", "numbers (N), (N, K), (N, T, K) or (N, T, C, H, W) for " + to_string(extent),
              io::to_string(s));
}

}  // namespace nwm::data

#include "nwm/pop_macros.inc"
