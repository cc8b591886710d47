// Which waves a cluster of blocks can keep on the chip, and where: the facts that its kernels share.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/backend/device/stencil_kernels.hpp"
#include "nwm/backend/device/strip.hpp"
#include "nwm/cell/stage.hpp"

namespace nwm::device {

/// Cells of one stage whose 3×3 stencil gathers one field that it changes, of up to 16 channels of float.
/// Fields that a step changes stand in registers, those that it only reads in shared memory. A block has up
/// to 8 rows, since more would be more registers than there are.
template <class TimeSegment>
struct ClusterResidence {
  using Stage = typename TimeSegment::template Stage<0>;
  using Stencil = typename TimeSegment::template StencilAt<0>;
  static constexpr unsigned height = TimeSegment::G::height, width = TimeSegment::G::width;
  static constexpr unsigned rows = divisor(height, 8), blocks = height / rows;
  static constexpr unsigned halves = TimeSegment::channels > 8 ? 2 : 1;  ///< octets of channels
  static constexpr std::size_t kept = Stage::writes.size();              ///< fields that a step changes

  /// The place of field f among those that the stage only reads.
  static constexpr std::size_t constant_place(std::size_t f) {
    std::size_t place = 0;
    for (const std::size_t other : Stage::reads) {
      const bool constant = cell::position(Stage::writes, other) == kept;
      if (constant && other == f) return place;
      if (constant) ++place;
    }
    return place;
  }
  static constexpr std::size_t constants = constant_place(TimeSegment::fields);

  static constexpr bool possible = [] {
    if constexpr (TimeSegment::stages != 1 || Stage::from.size() != 1 || Stage::groups != 1) return false;
    else
      return uses_tensor_cores<Stencil, typename TimeSegment::Real> && Stencil::size == 3 &&
             TimeSegment::channels <= 16 && blocks <= 16 && width <= 128 &&
             cell::position(Stage::writes, Stage::from[0]) < kept && kept * rows * halves <= 32;
  }();
};

}  // namespace nwm::device
