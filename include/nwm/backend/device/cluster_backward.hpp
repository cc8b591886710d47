// The steps backwards of an image of many channels in one launch: a cluster of blocks keeps the gradients of
// its fields on the chip, and only reads the tape.
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
  using Real = typename TimeSegment::Real;
  using Stage = typename TimeSegment::template Stage<0>;
  using Stencil = typename TimeSegment::template StencilAt<0>;
  using Placement = ClusterResidence<TimeSegment>;
  using Sites = ClusterSites<TimeSegment>;
  using Tape = model::Recalled<TimeSegment, 0>;

 private:
  using Half = typename Precision::Half;
  static constexpr unsigned factors = Precision::products == 1 ? 1 : 2;  ///< parts of a number: high, low
  static constexpr unsigned rows = Placement::rows, halves = Placement::halves;
  using Tile = ClusterTile<typename Stencil::Boundary, Placement::height, Placement::width, rows, factors>;
  using Weights = ClusterWeights<Stencil, true, Half, factors>;
  using Scale = ClusterScale<Half, Placement::blocks, Tile::warps>;

 public:
  static constexpr std::size_t cluster = Placement::blocks, threads = 32 * Tile::warps,
                               blocks = TimeSegment::images * cluster;

  /// What the threads of a block share, with so many tiles of the coupled value's gradient.
  template <unsigned tiles_>
  struct SharedWith {
    std::array<typename Tile::Octets, tiles_> tile;
    typename Weights::Octets weight;
    /// Gradients of the fields that no step changes: (field, row, octet; thread).
    std::array<FloatQuad, std::max<std::size_t>(1, Placement::constants* rows* halves* threads)> constant;
    std::array<float, Tile::warps> largest_weight;
    typename Scale::Shared scale;
  };
  static constexpr unsigned tiles = sizeof(SharedWith<2>) <= shared_limit ? 2 : 1;
  using Shared = SharedWith<tiles>;
  struct Local {};
  /// What a warp has for itself: gradients of the fields that steps change.
  template <class Warp>
  struct WarpLocal {
    typename Warp::template Fragment<float, Placement::kept * rows * 8> gradient;
    typename Scale::Local scale;
    int of_weights;
  };

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
    all.warps([&](auto block, auto warp, auto& local) { begin(block, warp, local); });
    all.warps([&](auto block, auto warp, auto& local) { prepare(block, warp, local); });
    // The scale of the first tile is known when it is there: it is stored again.
    all.warps([&](auto block, auto warp, auto& local) { adjoint(block, warp, local, last); });
    for (std::size_t i = last + 1; i-- > 0;) {
      const bool seen = all.same([&](auto block, auto warp, auto& local) -> bool {
        return Scale::measure(block.shared.scale, warp, local.scale, i);
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
  static constexpr unsigned place(std::size_t k, unsigned r, unsigned h, unsigned j) {
    return Sites::place(k, r, h, j);
  }
  static constexpr std::size_t gathered = cell::position(Stage::writes, Stage::from[0]);
  static constexpr std::size_t constant_at(std::size_t k, unsigned r, unsigned h, unsigned thread) {
    return ((k * rows + r) * halves + h) * threads + thread;
  }

  template <class Block, class Warp, class L>
  [[gnu::always_inline]] constexpr void begin(const Block& block, const Warp& warp, L& local) const {
    local.scale.exponent = 0;
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
                const auto all = sites.get(gradient + f * TimeSegment::columns, r, h);
                NWM_UNROLL
                for (unsigned j = 0; j < 4; ++j) own[place(kept, r, h, j)] = all[j];
              } else if constexpr (constant < Placement::constants) {
                if (h < halves)
                  block.shared.constant[constant_at(constant, r, h, thread)].set(
                      sites.get(gradient + f * TimeSegment::columns, r, h));
              }
            }
          });
          if constexpr (Tile::zeros)
            for (auto& tile : block.shared.tile)
              for (unsigned k = thread; k < tile.size(); k += threads) tile[k].set({});
          largest[0] = Weights::largest(steps.parameters, thread, threads);
        },
        local.gradient, most);
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
  }
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
                          {own[place(kept, r, h, 0)], own[place(kept, r, h, 1)], own[place(kept, r, h, 2)],
                           own[place(kept, r, h, 3)]});
              else if constexpr (constant < Placement::constants)
                sites.put(to, r, h, block.shared.constant[constant_at(constant, r, h, thread)].get());
            }
          });
        },
        local.gradient);
  }

  template <class Block, class Warp>
  [[gnu::always_inline]] static constexpr void share(const Block& block, const Warp& warp, std::size_t i) {
    Tile::share(warp, block.rank, [&](unsigned rank) -> auto& { return block.of(rank).tile[i % tiles]; });
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
      Tile::template set_row<Half>(warp, row, 0, scale, block.shared.tile[i % tiles], r + 1);
    }
    share(block, warp, i);
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
          local.gradient, row, most);
      Tile::template set_row<Half>(warp, row, 0, scale, block.shared.tile[i % tiles], r + 1);
    }
    share(block, warp, i);
    Scale::tell(block, warp, most, i);
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
    std::array<std::array<float, 4>, std::max<std::size_t>(1, Placement::constants)> constant;
    NWM_UNROLL
    for (std::size_t k = 0; k < Placement::constants; ++k)
      constant[k] = block.shared.constant[constant_at(k, r, h, thread)].get();
    std::array<float, 4> result;
    NWM_UNROLL
    for (unsigned j = 0; j < 4; ++j) {
      own[place(recorded, r, h, j)] += series[j];
      result[j] = Tape::adjoint(
          steps, i, std::array<Real, 1>{coupled[j]}, [&](auto k) { return seen[k][j]; },
          [&](auto f) {
            constexpr std::size_t kept = cell::position(Stage::writes, f);
            if constexpr (kept < Placement::kept) return own[place(kept, r, h, j)];
            else return constant[Placement::constant_place(f)][j];
          },
          [&](auto f, Real value) {
            constexpr std::size_t kept = cell::position(Stage::writes, f);
            if constexpr (kept < Placement::kept) own[place(kept, r, h, j)] = value;
            else constant[Placement::constant_place(f)][j] = value;
          })[0];
      row[h * 4 + j] = result[j];
    }
    NWM_UNROLL
    for (std::size_t k = 0; k < Placement::constants; ++k)
      block.shared.constant[constant_at(k, r, h, thread)].set(constant[k]);
    sites.put(steps.template coupled<0>(i), r, h, result);
  }

  /// Adds the stencil's adjoint of step i to the gradient of the field that it gathers.
  template <class Block, class Warp, class L>
  [[gnu::always_inline]] static constexpr void gather(const Block& block, const Warp& warp, L& local,
                                                      std::size_t i) {
    const ScaledBack scaled_back(local.scale.exponent + local.of_weights);
    multiply_rows<Tile, Weights>(warp, block.shared.tile[i % tiles], block.shared.weight,
                                 [&](unsigned r, const auto& left, const auto& right) {
                                   warp.each(
                                       [&](unsigned, auto& own, const auto& first_two, const auto& last_two) {
                                         NWM_UNROLL
                                         for (unsigned h = 0; h < halves; ++h) NWM_UNROLL
                                         for (unsigned j = 0; j < 4; ++j)
                                           own[place(gathered, r, h, j)] +=
                                               scaled_back((j < 2 ? first_two : last_two)[2 * h + j % 2]);
                                       },
                                       local.gradient, left, right);
                                 });
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
