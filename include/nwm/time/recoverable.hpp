// Where a tape that is its series would lose too much: steps so small that rounding is what follows from
// them.
#pragma once

#include <limits>
#include <string>

#include "nwm/cell/series.hpp"
#include "nwm/error.hpp"

namespace nwm::model {

/// Error of what follows from a series of size one, in its own units, that is let pass.
inline constexpr double recovered_tolerance = 1e-4;

/// Throws Error where a rounding of a series of size one in Real is more than recovered_tolerance in what the
/// backward pass finds of its steps (cell::SeriesCell): dt of the wave cells below 0.035 in float.
template <cell::SeriesCell Cell, class Real>
void require_recoverable(const Cell& cell) {
  const double error =
      static_cast<double>(std::numeric_limits<Real>::epsilon()) * Cell::recovered_rounding(cell);
  if (error <= recovered_tolerance) return;
  throw Error(
      "gradient from a tape of the series alone", "rounding in what follows from it",
      "at most " + shown(recovered_tolerance) + ": a larger dt, double, or device::WholeTape of the backend",
      shown(error));
}

}  // namespace nwm::model
