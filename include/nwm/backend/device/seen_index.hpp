// What a stencil of reach 1 sees at one index of an axis, with the boundary's part a constant.
#pragma once

#include <cstddef>

#include "nwm/grid/boundary.hpp"

namespace nwm::device {

/// Boundary::source(i, n) for i = −1..n; some index of the axis beyond, where only sites outside the grid
/// look.
template <class Boundary, std::size_t n>
constexpr int seen_index(int i) {
  static_assert(checked_boundary<Boundary, n>());
  constexpr auto length = static_cast<std::ptrdiff_t>(n);
  constexpr int before = static_cast<int>(Boundary::source(-1, length));
  constexpr int behind = static_cast<int>(Boundary::source(length, length));
  return i < 0 ? before : i < static_cast<int>(n) ? i : i == static_cast<int>(n) ? behind : 0;
}

/// Whether Boundary shows a zero anywhere beyond an axis of n.
template <class Boundary, std::size_t n>
inline constexpr bool shows_zeros =
    seen_index<Boundary, n>(-1) < 0 || seen_index<Boundary, n>(static_cast<int>(n)) < 0;

}  // namespace nwm::device
