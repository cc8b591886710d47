// Sums and maxima over the stages of a cell, for offsets and sizes that are compile-time facts.
#pragma once

#include <cstddef>

#include "nwm/memory/for_constants.hpp"

namespace nwm::model {

/// The sum of size(s) for s = 0..n-1: where the part of stage n begins when those of all stages follow each
/// other.
template <std::size_t n, class Size>
constexpr std::size_t sum_of(const Size& size) {
  std::size_t sum = 0;
  for_constants<n>([&](auto s) { sum += size(s); });
  return sum;
}

/// The largest size(s) for s = 0..n-1; 0 for n = 0.
template <std::size_t n, class Size>
constexpr std::size_t largest_of(const Size& size) {
  std::size_t most = 0;
  for_constants<n>([&](auto s) { most = size(s) > most ? size(s) : most; });
  return most;
}

}  // namespace nwm::model
