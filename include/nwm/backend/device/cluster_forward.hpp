// All steps of an image of many channels in one launch: a cluster of blocks (cluster.hpp) keeps its fields on
// the chip, rows by rows, and only the tape leaves it. Sums are TensorCorrelate's (tensor_correlate.hpp).
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cstddef>

#include "nwm/backend/device/cluster_steps.hpp"
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
  using Steps = ClusterSteps<TimeSegment, Precision, false>;
  using Real = typename TimeSegment::Real;
  using Stage = typename Steps::Stage;
  using Stencil = typename Steps::Stencil;
  using Placement = typename Steps::Placement;
  using Sites = typename Steps::Sites;

  static constexpr std::size_t cluster = Steps::cluster, threads = Steps::threads, blocks = Steps::blocks;
  static constexpr unsigned tiles = Steps::tiles;
  using Shared = typename Steps::Shared;
  struct Local {};
  template <class Warp>
  using WarpLocal = typename Steps::template WarpLocal<Warp>;

  static constexpr bool fits = Placement::possible && sizeof(Shared) <= shared_limit;

  TimeSegment steps;

  template <class Cluster>
  constexpr void operator()(Cluster& all) const {
    all.warps([&](auto block, auto warp, auto& local) {
      Steps::begin(block, warp, local, steps.parameters, [&](auto f) { return steps.initial[f]; });
    });
    all.warps([&](auto block, auto warp, auto& local) {
      Steps::prepare(block, warp, local, steps.parameters);
      tell(block, warp, local, 0);
    });
    for (std::size_t i = 0; i < TimeSegment::length; ++i) {
      const bool seen = all.same([&](auto block, auto warp, auto& local) -> bool {
        return Steps::Scale::measure(block.shared.scale, warp, local.scale, i);
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
  static constexpr unsigned rows = Steps::rows, halves = Steps::halves;

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
            all = larger_magnitude(all, field[Steps::place(Steps::gathered, 0, 0, 0) + k]);
          largest[0] = all;
        },
        local.own, most);
    Steps::Scale::tell(block, warp, most, i);
  }

  /// The gathered field before step i into the tile, and to the neighbours' tiles.
  template <class Block, class Warp, class L>
  [[gnu::always_inline]] static constexpr void publish(const Block& block, const Warp& warp, L& local,
                                                       std::size_t i) {
    const float scale = power_of_two(local.scale.exponent);
    NWM_UNROLL
    for (unsigned r = 0; r < rows; ++r)
      Steps::set_row(block, warp, local.own, Steps::place(Steps::gathered, r, 0, 0), scale, i, r);
    Steps::share(block, warp, i);
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
    Steps::multiply(block, warp, i, [&](unsigned r, const auto& left, const auto& right) {
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
            const auto constant = Steps::constants(block, r, h, thread);
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
                    if constexpr (kept < Placement::kept) return field[Steps::place(kept, r, h, j)];
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
                if (sites.inside(j)) field[Steps::place(k, r, h, j)] = after[k][j];
            });
          }
        },
        local.own, left, right);
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
