// The per-pixel map that closes the loop of the convolutional recurrent cells, as two stages any cell can
// take.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/cell/cell.hpp"

namespace nwm::cell {

/// [low; high] = relu(V1 h + b1), C → 2C channels: the first half of hy' = V2 relu(V1 hz + b1) + b2.
template <class Cell, std::size_t hidden, std::size_t low, std::size_t high>
struct WidenHidden {
  static constexpr Coupling coupling{
      .name = "recurrent_cell.transform_hidden.0", .groups = 2, .size = 1, .bias = true};
  static constexpr std::array<std::size_t, 1> from{hidden};
  static constexpr std::array<std::size_t, 0> reads{};
  static constexpr std::array<std::size_t, 2> writes{low, high};

  template <class V>
  static constexpr std::array<V, 2> update(const Cell&, const std::array<V, 2>& coupled,
                                           const std::array<V, 0>&) {
    return {math::relu(coupled[0]), math::relu(coupled[1])};
  }
};

/// out = V2 [low; high] + b2, 2C → C channels: the second half.
template <class Cell, std::size_t low, std::size_t high, std::size_t out>
struct NarrowHidden {
  static constexpr Coupling coupling{
      .name = "recurrent_cell.transform_hidden.2", .groups = 1, .size = 1, .bias = true};
  static constexpr std::array<std::size_t, 2> from{low, high};
  static constexpr std::array<std::size_t, 0> reads{};
  static constexpr std::array<std::size_t, 1> writes{out};

  template <class V>
  static constexpr std::array<V, 1> update(const Cell&, const std::array<V, 1>& coupled,
                                           const std::array<V, 0>&) {
    return coupled;
  }
};

}  // namespace nwm::cell
