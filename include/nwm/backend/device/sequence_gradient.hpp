// The gradients of a sequence machine's weights over many steps at once: what the tape holds, step by step,
// as rows over all columns of these steps, for one product of matrices.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/grid/abreast.hpp"
#include "nwm/tape/segment.hpp"

namespace nwm::device {

/// to (rows, taps, steps, n): what each tap of a coupling C sees of rows of a field at steps first,
/// first + 1, … of the tape; zero where a tap leaves the grid. A kernel of `map` over rows·taps·steps·n.
template <class C, class Real>
struct GatherSteps {
  static constexpr std::size_t n = C::n;
  std::size_t first, steps;
  model::Versions<Real> from;
  Real* to;

  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const std::size_t column = lane.index % n, rest = lane.index / n;
    const std::size_t row = rest / steps / C::taps;
    const std::ptrdiff_t at = source(column, rest / steps % C::taps);
    to[lane.index] = at < 0 ? Real(0) : from[first + rest % steps][row * n + static_cast<std::size_t>(at)];
  }

 private:
  /// The column that a tap sees, or −1.
  static constexpr std::ptrdiff_t source(std::size_t column, std::size_t tap) {
    if constexpr (C::taps == 1) {
      return static_cast<std::ptrdiff_t>(column);
    } else {
      constexpr auto height = static_cast<std::ptrdiff_t>(C::G::height),
                     width = static_cast<std::ptrdiff_t>(C::G::width);
      constexpr auto tall = static_cast<std::ptrdiff_t>(C::tap_rows),
                     wide = static_cast<std::ptrdiff_t>(C::tap_columns);
      const auto site = static_cast<std::ptrdiff_t>(column / C::lanes), k = static_cast<std::ptrdiff_t>(tap);
      const std::ptrdiff_t row = C::Boundary::source(site / width + k / wide - tall / 2, height),
                           x = C::Boundary::source(site % width + k % wide - wide / 2, width);
      if (row < 0 || x < 0) return -1;
      return (row * width + x) * static_cast<std::ptrdiff_t>(C::lanes) +
             static_cast<std::ptrdiff_t>(column % C::lanes);
    }
  }
};

/// to (rows, steps, n): number (row, column) of step first + i, `stride` numbers from step to step. A kernel
/// of `map` over rows·steps·n.
template <class Real>
struct CopySteps {
  std::size_t n, first, steps, stride;
  const Real* from;
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const std::size_t column = lane.index % n, rest = lane.index / n;
    to[lane.index] = from[(first + rest % steps) * stride + rest / steps * n + column];
  }
};

/// Steps whose rows, those of the coupled value and of what a coupling C gathers, take `room` numbers.
template <class C, std::size_t length, std::size_t room>
inline constexpr std::size_t steps_at_once = [] {
  constexpr std::size_t fit = room / ((C::out + C::K) * C::n);
  return fit < 1 ? std::size_t{1} : fit < length ? fit : length;
}();

}  // namespace nwm::device
