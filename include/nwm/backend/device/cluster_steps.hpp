// What the steps of a cluster of blocks have in common, forward and back: shapes, what threads share, and how
// they begin.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/device/cluster_residence.hpp"
#include "nwm/backend/device/cluster_scale.hpp"
#include "nwm/backend/device/cluster_tile.hpp"
#include "nwm/backend/device/cluster_weights.hpp"
#include "nwm/backend/device/float_quad.hpp"
#include "nwm/backend/device/precision.hpp"
#include "nwm/backend/device/scaling.hpp"
#include "nwm/backend/device/shared_memory.hpp"
#include "nwm/backend/device/unroll.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::device {

/// Of ClusterForward (`adjoint` false) and ClusterBackward (true), one image a cluster. Forward, numbers are
/// those of the fields; back, their gradients.
template <class TimeSegment, class Precision, bool adjoint>
struct ClusterSteps {
  using Stage = typename TimeSegment::template Stage<0>;
  using Stencil = typename TimeSegment::template StencilAt<0>;
  using Placement = ClusterResidence<TimeSegment>;
  using Sites = ClusterSites<TimeSegment>;
  using Half = typename Precision::Half;
  static constexpr unsigned factors = Precision::products == 1 ? 1 : 2;  ///< parts of a number: high, low
  static constexpr unsigned rows = Placement::rows, halves = Placement::halves;
  using Tile = ClusterTile<typename Stencil::Boundary, Placement::height, Placement::width, rows, factors>;
  using Weights = ClusterWeights<Stencil, adjoint, Half, factors>;
  using Scale = ClusterScale<Half, Placement::blocks, Tile::warps>;
  static constexpr std::size_t cluster = Placement::blocks, threads = 32 * Tile::warps,
                               blocks = TimeSegment::images * cluster;

  /// What the threads of a block share, with so many tiles: of two, one is read and the other written, in
  /// turns.
  template <unsigned tiles_>
  struct SharedWith {
    std::array<typename Tile::Octets, tiles_> tile;  ///< what the stencil gathers
    typename Weights::Octets weight;
    /// Numbers of the fields that no step changes, at constant_at(k, r, h, thread).
    std::array<FloatQuad, std::max<std::size_t>(1, Placement::constants* rows* halves* threads)> constant;
    std::array<float, Stencil::bias && !adjoint ? 16 : 1> bias;
    std::array<float, Tile::warps> largest_weight;
    typename Scale::Shared scale;  ///< of what the tile holds
  };
  static constexpr unsigned tiles = sizeof(SharedWith<2>) <= shared_limit ? 2 : 1;
  using Shared = SharedWith<tiles>;
  /// What a warp has for itself: numbers of the fields that steps change, at place(k, r, h, j); exponents of
  /// two.
  template <class Warp>
  struct WarpLocal {
    typename Warp::template Fragment<float, Placement::kept * rows * 8> own;
    typename Scale::Local scale;
    int of_weights;
  };

  static constexpr unsigned place(std::size_t k, unsigned r, unsigned h, unsigned j) {
    return Sites::place(k, r, h, j);
  }
  static constexpr std::size_t constant_at(std::size_t k, unsigned r, unsigned h, unsigned thread) {
    return ((k * rows + r) * halves + h) * threads + thread;
  }
  /// The place of the field that the stencil gathers among those that steps change.
  static constexpr std::size_t gathered = cell::position(Stage::writes, Stage::from[0]);

  /// The numbers of the fields that no step changes.
  template <class Block>
  [[gnu::always_inline]] static constexpr auto constants(const Block& block, unsigned r, unsigned h,
                                                         unsigned thread) {
    std::array<std::array<float, 4>, std::max<std::size_t>(1, Placement::constants)> all;
    NWM_UNROLL
    for (std::size_t k = 0; k < Placement::constants; ++k)
      all[k] = block.shared.constant[constant_at(k, r, h, thread)].get();
    return all;
  }

  /// Brings all numbers from memory, those of field f from of(f), and the bias; clears what stays 0 of the
  /// tiles, and measures the weights.
  template <class Block, class Warp, class L, class Of>
  [[gnu::always_inline]] static constexpr void begin(const Block& block, const Warp& warp, L& local,
                                                     const float* parameters, const Of& of) {
    typename Warp::template Fragment<float, 1> most;
    warp.each(
        [&](unsigned lane, auto& own, auto& largest) {
          const unsigned thread = warp.index * Warp::lanes + lane;
          const Sites sites(block.index, warp.index, lane);
          for_constants<TimeSegment::fields>([&](auto f) {
            constexpr std::size_t kept = cell::position(Stage::writes, f);
            constexpr std::size_t constant = Placement::constant_place(f);
            NWM_UNROLL
            for (unsigned r = 0; r < rows; ++r) NWM_UNROLL
            for (unsigned h = 0; h < 2; ++h) {
              if constexpr (kept < Placement::kept) {
                const auto all = sites.get(of(f), r, h);
                NWM_UNROLL
                for (unsigned j = 0; j < 4; ++j) own[place(kept, r, h, j)] = all[j];
              } else if constexpr (constant < Placement::constants) {
                if (h < halves)
                  block.shared.constant[constant_at(constant, r, h, thread)].set(sites.get(of(f), r, h));
              }
            }
          });
          if constexpr (Tile::zeros)
            for (auto& tile : block.shared.tile)
              for (unsigned k = thread; k < tile.size(); k += threads) tile[k].set({});
          if constexpr (Stencil::bias && !adjoint)
            if (thread < 16)
              block.shared.bias[thread] =
                  thread < TimeSegment::channels ? parameters[Stencil::weights + thread] : 0.0F;
          largest[0] = Weights::largest(parameters, thread, threads);
        },
        local.own, most);
    warp.largest(most);
    warp.each(
        [&](unsigned lane, const auto& largest) {
          if (lane == 0) block.shared.largest_weight[warp.index] = largest[0];
        },
        most);
  }

  /// The weights, as tensor cores take them, once their largest is known.
  template <class Block, class Warp, class L>
  [[gnu::always_inline]] static constexpr void prepare(const Block& block, const Warp& warp, L& local,
                                                       const float* parameters) {
    local.of_weights = scaling_exponent<Half>(block.shared.largest_weight);
    warp.each([&](unsigned lane) {
      Weights::store(parameters, power_of_two(local.of_weights), block.shared.weight,
                     warp.index * Warp::lanes + lane, threads);
    });
  }

  /// Sets row r of the tile of step i, of a warp's columns, to a lane's eight numbers from number `first` of
  /// a fragment on, times `scale`.
  template <class Block, class Warp, class Numbers>
  [[gnu::always_inline]] static constexpr void set_row(const Block& block, const Warp& warp, Numbers& numbers,
                                                       unsigned first, float scale, std::size_t i,
                                                       unsigned r) {
    Tile::template set_row<Half>(warp, numbers, first, scale, block.shared.tile[i % tiles], r + 1);
  }

  /// multiply_rows of the tile of step i.
  template <class Block, class Warp, class Done>
  [[gnu::always_inline]] static constexpr void multiply(const Block& block, const Warp& warp, std::size_t i,
                                                        const Done& done) {
    multiply_rows<Tile, Weights>(warp, block.shared.tile[i % tiles], block.shared.weight, done);
  }

  /// Brings what the neighbours see of the tile of step i to them.
  template <class Block, class Warp>
  [[gnu::always_inline]] static constexpr void share(const Block& block, const Warp& warp, std::size_t i) {
    Tile::share(warp, block.rank, [&](unsigned rank) -> auto& { return block.of(rank).tile[i % tiles]; });
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
