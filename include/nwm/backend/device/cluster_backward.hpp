// The steps backwards of an image of many channels in one launch: a cluster of blocks keeps the gradients of
// its fields on the chip, and only reads the tape.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cstddef>

#include "nwm/backend/device/cluster_steps.hpp"
#include "nwm/backend/device/scaling.hpp"
#include "nwm/backend/device/shared_memory.hpp"
#include "nwm/backend/device/unroll.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/tape/recalled.hpp"
#include "nwm/tape/segment.hpp"

namespace nwm::device {

/// Moves the gradient of the fields (field f at gradient + f·columns) from the end of a segment to its start,
/// adds that of the series (length, columns) on its way, and leaves the gradients of the coupled values in
/// their slots, an image a cluster. Everything begins on 16 bytes. Sums have the error of Precision as seen
/// from the largest number of the whole image. A body (cluster.hpp); where `fits` is false it takes more than
/// the largest cluster has, or the cell is another.
template <class TimeSegment, class Precision>
struct ClusterBackward {
  using Steps = ClusterSteps<TimeSegment, Precision, true>;
  using Real = typename TimeSegment::Real;
  using Stage = typename Steps::Stage;
  using Stencil = typename Steps::Stencil;
  using Placement = typename Steps::Placement;
  using Sites = typename Steps::Sites;
  using Tape = model::Recalled<TimeSegment, 0>;

  static constexpr std::size_t cluster = Steps::cluster, threads = Steps::threads, blocks = Steps::blocks;
  static constexpr unsigned tiles = Steps::tiles;
  using Shared = typename Steps::Shared;
  struct Local {};
  template <class Warp>
  using WarpLocal = typename Steps::template WarpLocal<Warp>;

  static constexpr bool fits = [] {
    if constexpr (Placement::possible)
      return Stencil::Boundary::self_adjoint && sizeof(Shared) <= shared_limit &&
             cell::position(Stage::writes, cell::recorded<typename TimeSegment::Cell>) < Placement::kept;
    else return false;
  }();

  TimeSegment steps;
  const Real* series_gradient;
  Real* gradient;

  template <class Cluster>
  constexpr void operator()(Cluster& all) const {
    constexpr std::size_t last = TimeSegment::length - 1;
    all.warps([&](auto block, auto warp, auto& local) {
      local.scale.exponent = 0;
      Steps::begin(block, warp, local, steps.parameters,
                   [&](auto f) { return gradient + f * TimeSegment::columns; });
    });
    all.warps(
        [&](auto block, auto warp, auto& local) { Steps::prepare(block, warp, local, steps.parameters); });
    // The scale of the first tile is known when it is there: it is stored again.
    all.warps([&](auto block, auto warp, auto& local) { adjoint(block, warp, local, last); });
    for (std::size_t i = last + 1; i-- > 0;) {
      const bool seen = all.same([&](auto block, auto warp, auto& local) -> bool {
        return Steps::Scale::measure(block.shared.scale, warp, local.scale, i);
      });
      if (i == last || !seen)
        all.warps([&](auto block, auto warp, auto& local) {
          local.scale.exponent = local.scale.next;
          publish_again(block, warp, local, i);
        });
      all.warps([&](auto block, auto warp, auto& local) {
        gather(block, warp, local, i);
        if (i == 0) end(block, warp, local);
        if constexpr (tiles == 2)
          if (i > 0) pass_on(block, warp, local, i - 1);
      });
      if constexpr (tiles == 1)
        if (i > 0) all.warps([&](auto block, auto warp, auto& local) { pass_on(block, warp, local, i - 1); });
    }
  }

 private:
  static constexpr unsigned rows = Steps::rows, halves = Steps::halves;

  template <class Block, class Warp, class L>
  [[gnu::always_inline]] constexpr void end(const Block& block, const Warp& warp, L& local) const {
    warp.each(
        [&](unsigned lane, const auto& own) {
          const unsigned thread = warp.index * Warp::lanes + lane;
          const Sites sites(block.index, warp.index, lane);
          for_constants<TimeSegment::fields>([&](auto f) {
            constexpr std::size_t kept = cell::position(Stage::writes, f);
            constexpr std::size_t constant = Placement::constant_place(f);
            Real* const to = gradient + f * TimeSegment::columns;
            NWM_UNROLL
            for (unsigned r = 0; r < rows; ++r) NWM_UNROLL
            for (unsigned h = 0; h < halves; ++h) {
              if constexpr (kept < Placement::kept)
                sites.put(to, r, h,
                          {own[Steps::place(kept, r, h, 0)], own[Steps::place(kept, r, h, 1)],
                           own[Steps::place(kept, r, h, 2)], own[Steps::place(kept, r, h, 3)]});
              else if constexpr (constant < Placement::constants)
                sites.put(to, r, h, block.shared.constant[Steps::constant_at(constant, r, h, thread)].get());
            }
          });
        },
        local.own);
  }

  /// Stores the coupled values' gradients of step i, which are on the tape, with another scale.
  template <class Block, class Warp, class L>
  [[gnu::always_inline]] constexpr void publish_again(const Block& block, const Warp& warp, L& local,
                                                      std::size_t i) const {
    const float scale = power_of_two(local.scale.exponent);
    NWM_UNROLL
    for (unsigned r = 0; r < rows; ++r) {
      typename Warp::template Fragment<float, 8> row;
      warp.each(
          [&](unsigned lane, auto& own) {
            const Sites sites(block.index, warp.index, lane);
            NWM_UNROLL
            for (unsigned h = 0; h < 2; ++h) {
              const auto four = sites.get(steps.template coupled<0>(i), r, h);
              NWM_UNROLL
              for (unsigned j = 0; j < 4; ++j) own[h * 4 + j] = four[j];
            }
          },
          row);
      Steps::set_row(block, warp, row, 0, scale, i, r);
    }
    Steps::share(block, warp, i);
  }

  template <class Block, class Warp, class L>
  [[gnu::always_inline]] constexpr void pass_on(const Block& block, const Warp& warp, L& local,
                                                std::size_t i) const {
    local.scale.exponent = local.scale.next;
    adjoint(block, warp, local, i);
  }

  /// The adjoint of step i's update: from the fields' gradients after it to those before it and to that of
  /// the coupled value, which goes onto the tape and to the tiles.
  template <class Block, class Warp, class L>
  [[gnu::always_inline]] constexpr void adjoint(const Block& block, const Warp& warp, L& local,
                                                std::size_t i) const {
    const float scale = power_of_two(local.scale.exponent);
    typename Warp::template Fragment<float, 1> most;
    warp.each([](unsigned, auto& largest) { largest[0] = 0; }, most);
    NWM_UNROLL
    for (unsigned r = 0; r < rows; ++r) {
      typename Warp::template Fragment<float, 8> row;
      warp.each(
          [&](unsigned lane, auto& own, auto& to, auto& largest) {
            const unsigned thread = warp.index * Warp::lanes + lane;
            const Sites sites(block.index, warp.index, lane);
            NWM_UNROLL
            for (unsigned h = 0; h < 2; ++h) {
              if (h >= halves) {
                NWM_UNROLL
                for (unsigned j = 0; j < 4; ++j) to[h * 4 + j] = 0;
                continue;
              }
              at_sites(block, sites, thread, i, r, h, own, to);
              NWM_UNROLL
              for (unsigned j = 0; j < 4; ++j) largest[0] = larger_magnitude(largest[0], to[h * 4 + j]);
            }
          },
          local.own, row, most);
      Steps::set_row(block, warp, row, 0, scale, i, r);
    }
    Steps::share(block, warp, i);
    Steps::Scale::tell(block, warp, most, i);
  }
  template <class Block, class Own, class Row>
  [[gnu::always_inline]] constexpr void at_sites(const Block& block, const Sites& sites, unsigned thread,
                                                 std::size_t i, unsigned r, unsigned h, Own& own,
                                                 Row& row) const {
    constexpr std::size_t recorded =
        cell::position(Stage::writes, cell::recorded<typename TimeSegment::Cell>);
    std::array<std::array<float, 4>, Stage::reads.size()> seen;
    for_constants<Stage::reads.size()>([&](auto k) {
      const Real* const from = Tape::template read<k>(steps, i);
      if constexpr (cell::position(Stage::writes, Stage::reads[k]) == Placement::kept)
        seen[k] = sites.keep(from, r, h);
      else if constexpr (!Tape::whole) seen[k] = sites.soon(from, r, h);  // the steps before read it, too
      else seen[k] = sites.once(from, r, h);
    });
    const auto coupled = sites.once(Tape::coupled(steps, i, 0), r, h);
    const auto series = sites.once(series_gradient + i * TimeSegment::columns, r, h);
    auto constant = Steps::constants(block, r, h, thread);
    std::array<float, 4> result;
    NWM_UNROLL
    for (unsigned j = 0; j < 4; ++j) {
      own[Steps::place(recorded, r, h, j)] += series[j];
      result[j] = Tape::adjoint(
          steps, i, std::array<Real, 1>{coupled[j]}, [&](auto k) { return seen[k][j]; },
          [&](auto f) {
            constexpr std::size_t kept = cell::position(Stage::writes, f);
            if constexpr (kept < Placement::kept) return own[Steps::place(kept, r, h, j)];
            else return constant[Placement::constant_place(f)][j];
          },
          [&](auto f, Real value) {
            constexpr std::size_t kept = cell::position(Stage::writes, f);
            if constexpr (kept < Placement::kept) own[Steps::place(kept, r, h, j)] = value;
            else constant[Placement::constant_place(f)][j] = value;
          })[0];
      row[h * 4 + j] = result[j];
    }
    NWM_UNROLL
    for (std::size_t k = 0; k < Placement::constants; ++k)
      block.shared.constant[Steps::constant_at(k, r, h, thread)].set(constant[k]);
    sites.put(steps.template coupled<0>(i), r, h, result);
  }

  /// Adds the stencil's adjoint of step i to the gradient of the field that it gathers.
  template <class Block, class Warp, class L>
  [[gnu::always_inline]] static constexpr void gather(const Block& block, const Warp& warp, L& local,
                                                      std::size_t i) {
    const ScaledBack scaled_back(local.scale.exponent + local.of_weights);
    Steps::multiply(block, warp, i, [&](unsigned r, const auto& left, const auto& right) {
      warp.each(
          [&](unsigned, auto& own, const auto& first_two, const auto& last_two) {
            NWM_UNROLL
            for (unsigned h = 0; h < halves; ++h) NWM_UNROLL
            for (unsigned j = 0; j < 4; ++j)
              own[Steps::place(Steps::gathered, r, h, j)] +=
                  scaled_back((j < 2 ? first_two : last_two)[2 * h + j % 2]);
          },
          local.own, left, right);
    });
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
