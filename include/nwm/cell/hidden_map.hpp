// The per-pixel map that closes the loop of the convolutional recurrent cells, as two stages any cell can
// take.
#pragma once

#include <cstddef>

#include "nwm/cell/cell.hpp"

namespace nwm::cell {

/// [low; high] = relu(V1 h + b1), C → 2C channels: the first half of hy' = V2 relu(V1 hz + b1) + b2.
template <class Cell, std::size_t hidden, std::size_t low, std::size_t high>
struct WidenHidden {
  /// The halves of the hidden layer, as groups of the coupling.
  enum Half : std::size_t { first, second };
  static constexpr Coupling coupling{
      .name = "recurrent_cell.transform_hidden.0", .from = {hidden}, .groups = 2, .size = 1, .bias = true};

  template <class Site>
  static constexpr void update(const Cell&, const Site& now, Site& next) {
    next[low] = math::relu(now.coupled(first));
    next[high] = math::relu(now.coupled(second));
  }
};

/// out = V2 [low; high] + b2, 2C → C channels: the second half.
template <class Cell, std::size_t low, std::size_t high, std::size_t out>
struct NarrowHidden {
  static constexpr Coupling coupling{
      .name = "recurrent_cell.transform_hidden.2", .from = {low, high}, .size = 1, .bias = true};

  template <class Site>
  static constexpr void update(const Cell&, const Site& now, Site& next) {
    next[out] = now.coupled();
  }
};

}  // namespace nwm::cell
