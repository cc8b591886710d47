// The taps of couplings that have no parameters.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/cell/coupling.hpp"

namespace nwm::model {

/// One tap: group `group` of the coupled value takes `weight` times field number `part` of the coupling, `dy`
/// rows and `dx` columns away.
struct FixedTap {
  std::size_t group = 0, part = 0;
  std::ptrdiff_t dy = 0, dx = 0;
  double weight = 1;
};

/// The taps of a pattern on a grid of so many rows and columns: along an axis of one site nothing changes.
template <cell::Pattern pattern, std::size_t height, std::size_t width>
constexpr auto fixed_taps() {
  constexpr double tall = height > 1 ? 1 : 0, wide = width > 1 ? 1 : 0;
  using enum cell::Pattern;
  if constexpr (pattern == laplacian)
    return std::array{FixedTap{0, 0, 0, 0, -2 * (tall + wide)}, FixedTap{0, 0, -1, 0, tall},
                      FixedTap{0, 0, 1, 0, tall}, FixedTap{0, 0, 0, -1, wide}, FixedTap{0, 0, 0, 1, wide}};
  else if constexpr (pattern == shift)
    return std::array{FixedTap{0, 0, height > 1 ? -1 : 0, width > 1 ? -1 : 0, 1}};
  else if constexpr (pattern == gradient)
    return std::array{FixedTap{0, 0, 0, 1, wide}, FixedTap{0, 0, 0, 0, -wide}, FixedTap{1, 0, 1, 0, tall},
                      FixedTap{1, 0, 0, 0, -tall}};
  else if constexpr (pattern == divergence)
    return std::array{FixedTap{0, 0, 0, 0, wide}, FixedTap{0, 0, 0, -1, -wide}, FixedTap{0, 1, 0, 0, tall},
                      FixedTap{0, 1, -1, 0, -tall}};
  else return std::array<FixedTap, 0>{};
}

}  // namespace nwm::model
