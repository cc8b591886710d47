// Which waves a cluster of blocks can keep on the chip, and where: the facts that its kernels share.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/backend/device/float_quad.hpp"
#include "nwm/backend/device/stencil_kernels.hpp"
#include "nwm/backend/device/strip.hpp"
#include "nwm/backend/device/unroll.hpp"
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

/// The sites of a lane: four neighbours in a row of its warp's 16 columns, in all rows of its block, of
/// channels lane / 4 and 8 more. What does not exist is 0, and stays.
template <class TimeSegment>
class ClusterSites {
  using Placement = ClusterResidence<TimeSegment>;
  static constexpr unsigned rows = Placement::rows, width = Placement::width;
  static constexpr unsigned C = TimeSegment::channels;

 public:
  /// Number k of a warp's fragments: of field k, row r, octet h of the channels, site j.
  static constexpr unsigned place(std::size_t k, unsigned r, unsigned h, unsigned j) {
    return ((static_cast<unsigned>(k) * rows + r) * 2 + h) * 4 + j;
  }

  constexpr ClusterSites(std::size_t block, unsigned warp, unsigned lane)
      : lane_(lane),
        x_(warp * 16 + lane % 4 * 4),
        first_(TimeSegment::plane(lane / 4, block / Placement::blocks) +
               block % Placement::blocks * rows * width + x_) {}

  constexpr bool inside(unsigned j) const { return width % 16 == 0 || x_ + j < width; }
  constexpr bool has(unsigned h) const { return C % 8 == 0 ? h < Placement::halves : lane_ / 4 + 8 * h < C; }
  /// Where they stand in a field.
  constexpr std::size_t number(unsigned r, unsigned h) const {
    return first_ + TimeSegment::plane(8 * h, 0) + r * width;
  }

  /// The four numbers of a field, one by one.
  constexpr std::array<float, 4> get(const float* from, unsigned r, unsigned h) const {
    std::array<float, 4> all{};
    NWM_UNROLL
    for (unsigned j = 0; j < 4; ++j)
      if (has(h) && inside(j)) all[j] = from[number(r, h) + j];
    return all;
  }
  /// At once, of a field on 16 bytes that is read once, of one that the next steps read, and of one that all
  /// steps read.
  constexpr std::array<float, 4> once(const float* from, unsigned r, unsigned h) const {
    if constexpr (width % 4 == 0)
      return has(h) && inside(0) ? load_once(from + number(r, h)) : std::array<float, 4>{};
    else return get(from, r, h);
  }
  constexpr std::array<float, 4> soon(const float* from, unsigned r, unsigned h) const {
    if constexpr (width % 4 == 0)
      return has(h) && inside(0) ? load_four(from + number(r, h)) : std::array<float, 4>{};
    else return get(from, r, h);
  }
  constexpr std::array<float, 4> keep(const float* from, unsigned r, unsigned h) const {
    if constexpr (width % 4 == 0)
      return has(h) && inside(0) ? load_again(from + number(r, h)) : std::array<float, 4>{};
    else return get(from, r, h);
  }
  constexpr void put(float* to, unsigned r, unsigned h, const std::array<float, 4>& four) const {
    if (!has(h)) return;
    if constexpr (width % 4 == 0) {
      if (inside(0)) stream(to + number(r, h), four);
    } else {
      NWM_UNROLL
      for (unsigned j = 0; j < 4; ++j)
        if (inside(j)) to[number(r, h) + j] = four[j];
    }
  }

 private:
  unsigned lane_, x_;
  std::size_t first_;
};

}  // namespace nwm::device
