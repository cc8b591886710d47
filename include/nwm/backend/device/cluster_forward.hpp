// All steps of an image of many channels in one launch: a cluster of blocks (cluster.hpp) keeps its fields on
// the chip, rows by rows, and only the tape leaves it. Sums are TensorCorrelate's (tensor_correlate.hpp).
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
#include "nwm/tape/segment.hpp"
#include "nwm/tape/stage_site.hpp"

namespace nwm::device {

/// Runs the steps from steps.initial and sets the tape's slots, which begin on 16 bytes:
/// model::Recurrence::run over a whole segment of a cell of one stage, one image a cluster. Sums have the
/// error of Precision as seen from the largest number of the whole image. A body (cluster.hpp); where `fits`
/// is false it takes more than the largest cluster has, or the cell is another.
template <class TimeSegment, class Precision>
struct ClusterForward {
  using Real = typename TimeSegment::Real;
  using Stage = typename TimeSegment::template Stage<0>;
  using Stencil = typename TimeSegment::template StencilAt<0>;
  using Placement = ClusterResidence<TimeSegment>;
  using Sites = ClusterSites<TimeSegment>;

 private:
  using Half = typename Precision::Half;
  static constexpr unsigned factors = Precision::products == 1 ? 1 : 2;  ///< parts of a number: high, low
  static constexpr unsigned C = TimeSegment::channels, rows = Placement::rows, halves = Placement::halves;
  using Tile = ClusterTile<typename Stencil::Boundary, Placement::height, Placement::width, rows, factors>;
  using Weights = ClusterWeights<Stencil, false, Half, factors>;
  using Scale = ClusterScale<Half, Placement::blocks, Tile::warps>;

 public:
  static constexpr std::size_t cluster = Placement::blocks, threads = 32 * Tile::warps,
                               blocks = TimeSegment::images * cluster;

  /// What the threads of a block share, with so many tiles: of two, one is read and the other written, in
  /// turns.
  template <unsigned tiles_>
  struct SharedWith {
    std::array<typename Tile::Octets, tiles_> tile;
    typename Weights::Octets weight;
    /// Fields that no step changes: (field, row, octet; thread).
    std::array<FloatQuad, std::max<std::size_t>(1, Placement::constants* rows* halves* threads)> constant;
    std::array<float, Stencil::bias ? 16 : 1> bias;
    std::array<float, Tile::warps> largest_weight;
    typename Scale::Shared scale;  ///< of the gathered field before a step
  };
  static constexpr unsigned tiles = sizeof(SharedWith<2>) <= shared_limit ? 2 : 1;
  using Shared = SharedWith<tiles>;
  struct Local {};
  /// What a warp has for itself: fields that steps change (field, row, octet; site), exponents of two.
  template <class Warp>
  struct WarpLocal {
    typename Warp::template Fragment<float, Placement::kept * rows * 8> field;
    typename Scale::Local scale;
    int of_weights;
  };

  static constexpr bool fits = Placement::possible && sizeof(Shared) <= shared_limit;

  TimeSegment steps;

  template <class Cluster>
  constexpr void operator()(Cluster& all) const {
    all.warps([&](auto block, auto warp, auto& local) { begin(block, warp, local); });
    all.warps([&](auto block, auto warp, auto& local) { prepare(block, warp, local); });
    for (std::size_t i = 0; i < TimeSegment::length; ++i) {
      const bool seen = all.same([&](auto block, auto warp, auto& local) -> bool {
        return Scale::measure(block.shared.scale, warp, local.scale, i);
      });
      // Before the first step, or where the last one has led out of the range that was foreseen.
      if (i == 0 || !seen)
        all.warps([&](auto block, auto warp, auto& local) {
          local.scale.exponent = local.scale.next;
          publish(block, warp, local, i);
        });
      if constexpr (tiles == 2) {
        all.warps([&](auto block, auto warp, auto& local) {
          step(block, warp, local, i);
          if (i + 1 < TimeSegment::length) pass_on(block, warp, local, i + 1);
        });
      } else {
        all.warps([&](auto block, auto warp, auto& local) { step(block, warp, local, i); });
        if (i + 1 < TimeSegment::length)
          all.warps([&](auto block, auto warp, auto& local) { pass_on(block, warp, local, i + 1); });
      }
    }
  }

 private:
  static constexpr unsigned place(std::size_t k, unsigned r, unsigned h, unsigned j) {
    return Sites::place(k, r, h, j);
  }
  static constexpr std::size_t gathered = cell::position(Stage::writes, Stage::from[0]);

  /// Everything from memory.
  template <class Block, class Warp, class L>
  [[gnu::always_inline]] constexpr void begin(const Block& block, const Warp& warp, L& local) const {
    typename Warp::template Fragment<float, 1> most;
    warp.each(
        [&](unsigned lane, auto& field, auto& largest) {
          const unsigned thread = warp.index * Warp::lanes + lane;
          const Sites sites(block.index, warp.index, lane);
          for_constants<TimeSegment::fields>([&](auto f) {
            constexpr std::size_t kept = cell::position(Stage::writes, f);
            constexpr std::size_t constant = Placement::constant_place(f);
            NWM_UNROLL
            for (unsigned r = 0; r < rows; ++r) NWM_UNROLL
            for (unsigned h = 0; h < 2; ++h) {
              if constexpr (kept < Placement::kept) {
                const auto all = sites.get(steps.initial[f], r, h);
                NWM_UNROLL
                for (unsigned j = 0; j < 4; ++j) field[place(kept, r, h, j)] = all[j];
              } else if constexpr (constant < Placement::constants) {
                if (h < halves)
                  block.shared.constant[((constant * rows + r) * halves + h) * threads + thread].set(
                      sites.get(steps.initial[f], r, h));
              }
            }
          });
          if constexpr (Tile::zeros)
            for (auto& tile : block.shared.tile)
              for (unsigned k = thread; k < tile.size(); k += threads) tile[k].set({});
          if constexpr (Stencil::bias)
            if (thread < 16)
              block.shared.bias[thread] = thread < C ? steps.parameters[Stencil::weights + thread] : Real(0);
          largest[0] = Weights::largest(steps.parameters, thread, threads);
        },
        local.field, most);
    warp.largest(most);
    warp.each(
        [&](unsigned lane, const auto& largest) {
          if (lane == 0) block.shared.largest_weight[warp.index] = largest[0];
        },
        most);
  }
  template <class Block, class Warp, class L>
  [[gnu::always_inline]] constexpr void prepare(const Block& block, const Warp& warp, L& local) const {
    local.of_weights = scaling_exponent<Half>(block.shared.largest_weight);
    warp.each([&](unsigned lane) {
      Weights::store(steps.parameters, power_of_two(local.of_weights), block.shared.weight,
                     warp.index * Warp::lanes + lane, threads);
    });
    tell(block, warp, local, 0);
  }

  /// Tells all blocks the largest number of a warp's part of the gathered field before step i.
  template <class Block, class Warp, class L>
  [[gnu::always_inline]] static constexpr void tell(const Block& block, const Warp& warp, L& local,
                                                    std::size_t i) {
    typename Warp::template Fragment<float, 1> most;
    warp.each(
        [](unsigned, const auto& field, auto& largest) {
          float all = 0;
          NWM_UNROLL
          for (unsigned k = 0; k < rows * 8; ++k)
            all = larger_magnitude(all, field[place(gathered, 0, 0, 0) + k]);
          largest[0] = all;
        },
        local.field, most);
    Scale::tell(block, warp, most, i);
  }

  /// The gathered field before step i into the tile, and to the neighbours' tiles.
  template <class Block, class Warp, class L>
  [[gnu::always_inline]] static constexpr void publish(const Block& block, const Warp& warp, L& local,
                                                       std::size_t i) {
    auto& own = block.shared.tile[i % tiles];
    const float scale = power_of_two(local.scale.exponent);
    NWM_UNROLL
    for (unsigned r = 0; r < rows; ++r)
      Tile::template set_row<Half>(warp, local.field, place(gathered, r, 0, 0), scale, own, r + 1);
    Tile::share(warp, block.rank, [&](unsigned rank) -> auto& { return block.of(rank).tile[i % tiles]; });
  }
  template <class Block, class Warp, class L>
  [[gnu::always_inline]] static constexpr void pass_on(const Block& block, const Warp& warp, L& local,
                                                       std::size_t i) {
    local.scale.exponent = local.scale.next;
    publish(block, warp, local, i);
    tell(block, warp, local, i);
  }

  /// Step i of a warp's sites.
  template <class Block, class Warp, class L>
  [[gnu::always_inline]] constexpr void step(const Block& block, const Warp& warp, L& local,
                                             std::size_t i) const {
    const ScaledBack scaled_back(local.scale.exponent + local.of_weights);
    multiply_rows<Tile, Weights>(warp, block.shared.tile[i % tiles], block.shared.weight,
                                 [&](unsigned r, const auto& left, const auto& right) {
                                   update(block, warp, local, i, r, left, right, scaled_back);
                                 });
  }

  /// Row r from its sums, into the registers and onto the tape.
  template <class Block, class Warp, class L, class Sum>
  [[gnu::always_inline]] constexpr void update(const Block& block, const Warp& warp, L& local, std::size_t i,
                                               unsigned r, const Sum& left, const Sum& right,
                                               const ScaledBack& scaled_back) const {
    warp.each(
        [&](unsigned lane, auto& field, const auto& first_two, const auto& last_two) {
          const unsigned thread = warp.index * Warp::lanes + lane;
          const Sites sites(block.index, warp.index, lane);
          NWM_UNROLL
          for (unsigned h = 0; h < halves; ++h) {
            if (!sites.has(h)) continue;
            std::array<std::array<float, 4>, std::max<std::size_t>(1, Placement::constants)> constant;
            NWM_UNROLL
            for (std::size_t k = 0; k < Placement::constants; ++k)
              constant[k] = block.shared.constant[((k * rows + r) * halves + h) * threads + thread].get();
            std::array<float, 4> coupled;
            std::array<std::array<float, 4>, Placement::kept> after;
            NWM_UNROLL
            for (unsigned j = 0; j < 4; ++j) {
              coupled[j] = scaled_back((j < 2 ? first_two : last_two)[2 * h + j % 2]);
              if constexpr (Stencil::bias) coupled[j] += block.shared.bias[lane / 4 + 8 * h];
              model::stage_at<Stage>(
                  steps.cell, std::array<Real, 1>{coupled[j]},
                  [&](auto k) {
                    constexpr std::size_t f = Stage::reads[k], kept = cell::position(Stage::writes, f);
                    if constexpr (kept < Placement::kept) return field[place(kept, r, h, j)];
                    else return constant[Placement::constant_place(f)][j];
                  },
                  [&](auto k, Real value) { after[k][j] = value; });
            }
            if constexpr (TimeSegment::Map::keeps_coupled)
              sites.put(steps.template coupled<0>(i), r, h, coupled);
            for_constants<Placement::kept>([&](auto k) {
              constexpr std::size_t f = Stage::writes[k];
              if (TimeSegment::Map::keeps(0, f) || i + 1 == TimeSegment::length)
                sites.put(steps.template version<0, f>(i), r, h, after[k]);
              NWM_UNROLL
              for (unsigned j = 0; j < 4; ++j)
                if (sites.inside(j)) field[place(k, r, h, j)] = after[k][j];
            });
          }
        },
        local.field, left, right);
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
