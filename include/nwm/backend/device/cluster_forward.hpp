// All steps of an image of many channels in one launch: a cluster of blocks (cluster.hpp) keeps its fields on
// the chip, rows by rows, and only the tape leaves it. Sums are TensorCorrelate's (tensor_correlate.hpp).
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/device/cluster_residence.hpp"
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

 private:
  using Half = typename Precision::Half;
  static constexpr unsigned factors = Precision::products == 1 ? 1 : 2;  ///< parts of a number: high, low
  static constexpr unsigned C = TimeSegment::channels, rows = Placement::rows, halves = Placement::halves;
  static constexpr unsigned width = Placement::width;
  using Tile = ClusterTile<typename Stencil::Boundary, Placement::height, Placement::width, rows, factors>;
  using Weights = ClusterWeights<Stencil, false, Half, factors>;

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
    /// The largest numbers of the gathered field, of every warp of the cluster, before a step and after it.
    std::array<std::array<float, cluster * Tile::warps>, 2> largest;
  };
  static constexpr unsigned tiles = sizeof(SharedWith<2>) <= shared_limit ? 2 : 1;
  using Shared = SharedWith<tiles>;
  struct Local {};
  /// What a warp has for itself: fields that steps change (field, row, octet; site), the exponents of two in
  /// the tile, in the next one and in the weights.
  template <class Warp>
  struct WarpLocal {
    typename Warp::template Fragment<float, Placement::kept * rows * 8> field;
    int exponent, next, of_weights;
  };

  static constexpr bool fits = Placement::possible && sizeof(Shared) <= shared_limit;

  TimeSegment steps;

  template <class Cluster>
  constexpr void operator()(Cluster& all) const {
    all.warps([&](auto block, auto warp, auto& local) { begin(block, warp, local); });
    all.warps([&](auto block, auto warp, auto& local) { prepare(block, warp, local); });
    for (std::size_t i = 0; i < TimeSegment::length; ++i) {
      const bool seen = all.same(
          [&](auto block, auto warp, auto& local) -> bool { return measure(block.shared, warp, local, i); });
      // Before the first step, or where the last one has led out of the range that was foreseen.
      if (i == 0 || !seen)
        all.warps([&](auto block, auto warp, auto& local) {
          local.exponent = local.next;
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
  /// Field k of those that steps change, at row r, channel lane / 4 + 8·h, site j of a lane's four.
  static constexpr unsigned place(std::size_t k, unsigned r, unsigned h, unsigned j) {
    return ((static_cast<unsigned>(k) * rows + r) * 2 + h) * 4 + j;
  }
  static constexpr std::size_t gathered = cell::position(Stage::writes, Stage::from[0]);

  /// Where a lane's first row, channel and site stand in a field; whether it has site j.
  template <class Block>
  static constexpr std::size_t first_number(const Block& block, unsigned warp, unsigned lane) {
    return TimeSegment::plane(lane / 4, block.index / cluster) + block.rank * rows * width + warp * 16 +
           lane % 4 * 4;
  }
  static constexpr bool inside(unsigned warp, unsigned lane, unsigned j) {
    return Tile::whole || warp * 16 + lane % 4 * 4 + j < width;
  }
  static constexpr std::size_t number(std::size_t first, unsigned r, unsigned h) {
    return first + TimeSegment::plane(8 * h, 0) + r * width;
  }
  static constexpr bool has_channel(unsigned lane, unsigned h) {
    return C % 8 == 0 ? h < halves : lane / 4 + 8 * h < C;
  }

  /// Everything from memory.
  template <class Block, class Warp, class L>
  [[gnu::always_inline]] constexpr void begin(const Block& block, const Warp& warp, L& local) const {
    typename Warp::template Fragment<float, 1> most;
    warp.each(
        [&](unsigned lane, auto& field, auto& largest) {
          const unsigned thread = warp.index * Warp::lanes + lane;
          const std::size_t first = first_number(block, warp.index, lane);
          const auto four = [&](const Real* from, unsigned r, unsigned h) {
            std::array<float, 4> all{};
            NWM_UNROLL
            for (unsigned j = 0; j < 4; ++j)
              if (has_channel(lane, h) && inside(warp.index, lane, j)) all[j] = from[number(first, r, h) + j];
            return all;
          };
          for_constants<TimeSegment::fields>([&](auto f) {
            constexpr std::size_t kept = cell::position(Stage::writes, f);
            constexpr std::size_t constant = Placement::constant_place(f);
            NWM_UNROLL
            for (unsigned r = 0; r < rows; ++r) NWM_UNROLL
            for (unsigned h = 0; h < 2; ++h) {
              if constexpr (kept < Placement::kept) {
                const auto all = four(steps.initial[f], r, h);
                NWM_UNROLL
                for (unsigned j = 0; j < 4; ++j) field[place(kept, r, h, j)] = all[j];
              } else if constexpr (constant < Placement::constants) {
                if (h < halves)
                  block.shared.constant[((constant * rows + r) * halves + h) * threads + thread].set(
                      four(steps.initial[f], r, h));
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
    if constexpr (scales<Half>) {
      typename Warp::template Fragment<float, 1> most;
      warp.each(
          [](unsigned, const auto& field, auto& largest) {
            float all = 0;
            NWM_UNROLL
            for (unsigned k = 0; k < rows * 8; ++k) {
              const float size = finite_magnitude(field[place(gathered, 0, 0, 0) + k]);
              all = all < size ? size : all;
            }
            largest[0] = all;
          },
          local.field, most);
      warp.largest(most);
      warp.each(
          [&](unsigned lane, const auto& largest) {
            if (lane < cluster)
              block.of(lane).largest[i % 2][block.rank * Tile::warps + warp.index] = largest[0];
          },
          most);
    }
  }

  /// Finds the scale for the gathered field as it is before step i, which is that of the tile after the step,
  /// too: a field seldom grows or shrinks by 2^6 in one. Whether it did not: the tile's own scale will do.
  template <class Warp, class L>
  [[gnu::always_inline]] static constexpr bool measure(const Shared& shared, const Warp& warp, L& local,
                                                       std::size_t i) {
    if constexpr (!scales<Half>) {
      local.next = 0;
      return true;
    }
    typename Warp::template Fragment<float, 1> most;
    warp.each(
        [&](unsigned lane, auto& largest) {
          largest[0] = 0;
          NWM_UNROLL
          for (unsigned k = 0; k < cluster * Tile::warps; k += Warp::lanes) {
            if (k + lane >= cluster * Tile::warps) continue;
            const float size = shared.largest[i % 2][k + lane];
            largest[0] = largest[0] < size ? size : largest[0];
          }
        },
        most);
    warp.largest(most);
    // The largest stands from 2^6 to 2^7. With room for growth above it; below, 2^-24 is 2^-31 of the
    // largest.
    warp.each([&](unsigned, const auto& largest) { local.next = scaling_exponent<Half>(largest[0]) - 8; },
              most);
    return local.exponent - local.next >= -6 && local.exponent - local.next <= 8;
  }

  /// The gathered field before step i into the tile, and to the neighbours' tiles.
  template <class Block, class Warp, class L>
  [[gnu::always_inline]] static constexpr void publish(const Block& block, const Warp& warp, L& local,
                                                       std::size_t i) {
    auto& own = block.shared.tile[i % tiles];
    const float scale = power_of_two(local.exponent);
    NWM_UNROLL
    for (unsigned r = 0; r < rows; ++r) {
      typename Warp::template Fragment<HalfPair, 4> high, low;
      warp.each(
          [&](unsigned, const auto& field, auto& to, auto& rest) {
            NWM_UNROLL
            for (unsigned k = 0; k < 4; ++k) {
              const float first = field[place(gathered, r, k % 2, k / 2 * 2)] * scale;
              const float second = field[place(gathered, r, k % 2, k / 2 * 2 + 1)] * scale;
              to[k] = pair_of<Half>(first, second);
              if constexpr (factors == 2)
                rest[k] = pair_of<Half>(first - Half::value(first_of(to[k])),
                                        second - Half::value(second_of(to[k])));
            }
          },
          local.field, high, low);
      Tile::store(warp, high, own, 0, r + 1);
      if constexpr (factors == 2) Tile::store(warp, low, own, 1, r + 1);
    }
    Tile::share(warp, block.rank, [&](unsigned rank) -> auto& { return block.of(rank).tile[i % tiles]; });
  }
  template <class Block, class Warp, class L>
  [[gnu::always_inline]] static constexpr void pass_on(const Block& block, const Warp& warp, L& local,
                                                       std::size_t i) {
    local.exponent = local.next;
    publish(block, warp, local, i);
    tell(block, warp, local, i);
  }

  /// Step i of a warp's sites. A row of the tile serves the sums of three.
  template <class Block, class Warp, class L>
  [[gnu::always_inline]] constexpr void step(const Block& block, const Warp& warp, L& local,
                                             std::size_t i) const {
    const auto& tile = block.shared.tile[i % tiles];
    const ScaledBack scaled_back(local.exponent + local.of_weights);
    std::array<typename Warp::template Fragment<float, 4>, rows * 2> sum{};
    NWM_UNROLL
    for (unsigned q = 0; q < rows + 2; ++q) {
      NWM_UNROLL
      for (unsigned dx = 0; dx < 3; ++dx) {
        std::array<typename Warp::template Fragment<HalfPair, 4>, factors> seen;
        NWM_UNROLL
        for (unsigned f = 0; f < factors; ++f)
          Tile::load(warp, seen[f], tile, f, q, static_cast<int>(dx) - 1);
        NWM_UNROLL
        for (unsigned dy = 0; dy < 3; ++dy)
          if (q >= dy && q - dy < rows)
            Weights::multiply(warp, sum[(q - dy) * 2], sum[(q - dy) * 2 + 1], block.shared.weight,
                              dy * 3 + dx, seen);
      }
      if (q >= 2) update(block, warp, local, i, q - 2, sum[(q - 2) * 2], sum[(q - 2) * 2 + 1], scaled_back);
    }
  }

  /// Row r from its sums, into the registers and onto the tape.
  template <class Block, class Warp, class L, class Sum>
  [[gnu::always_inline]] constexpr void update(const Block& block, const Warp& warp, L& local, std::size_t i,
                                               unsigned r, const Sum& left, const Sum& right,
                                               const ScaledBack& scaled_back) const {
    warp.each(
        [&](unsigned lane, auto& field, const auto& first_two, const auto& last_two) {
          const unsigned thread = warp.index * Warp::lanes + lane;
          const std::size_t first = first_number(block, warp.index, lane);
          NWM_UNROLL
          for (unsigned h = 0; h < halves; ++h) {
            if (!has_channel(lane, h)) continue;
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
            const std::size_t n = number(first, r, h);
            put(steps.template coupled<0>(i) + n, coupled, warp.index, lane);
            for_constants<Placement::kept>([&](auto k) {
              put(steps.template version<0, Stage::writes[k]>(i) + n, after[k], warp.index, lane);
              NWM_UNROLL
              for (unsigned j = 0; j < 4; ++j)
                if (inside(warp.index, lane, j)) field[place(k, r, h, j)] = after[k][j];
            });
          }
        },
        local.field, left, right);
  }
  static constexpr void put(Real* to, const std::array<float, 4>& four, unsigned warp, unsigned lane) {
    if constexpr (width % 4 == 0) {
      if (inside(warp, lane, 0)) stream(to, four);
    } else {
      NWM_UNROLL
      for (unsigned j = 0; j < 4; ++j)
        if (inside(warp, lane, j)) to[j] = four[j];
    }
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
