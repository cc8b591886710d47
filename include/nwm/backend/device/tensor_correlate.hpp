// The kernel of stencils of many channels and of their adjoints in the data, on tensor cores. What it
// computes is Correlate's (correlate.hpp): a block a tile and a group of channels.
//
// Every tap is a product of matrices, (to channels, from channels) times (from channels, sites): a warp takes
// 16 channels that it sets, 16 sites of 4 rows, and 16 channels that it reads at a time. Sums over these and
// the taps (with three products, those of a column) are the tensor cores'; longer ones are added in
// registers, where they are not cut.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include "nwm/backend/device/correlate.hpp"
#include "nwm/backend/device/operand_tile.hpp"
#include "nwm/backend/device/precision.hpp"
#include "nwm/backend/device/scaling.hpp"
#include "nwm/backend/device/stencil_rows.hpp"
#include "nwm/backend/device/tile_sums.hpp"
#include "nwm/backend/device/unroll.hpp"
#include "nwm/backend/device/warp.hpp"

namespace nwm::device {

/// Correlate with products in Precision (precision.hpp). Sums have its error (2^-21 of Full, 2^-11, 2^-8) as
/// seen from the largest number of the tile's channels that are read together times the largest weight.
/// A body (block.hpp).
template <class S, class G, Direction direction, class Real, std::size_t from_parts, std::size_t to_parts,
          class Finish, class Precision>
struct TensorCorrelate {
  static_assert(std::is_same_v<Real, float>);
  static constexpr bool back = direction == Direction::adjoint;
  static_assert(!back || S::size == 1 || S::Boundary::self_adjoint);
  static constexpr std::size_t from_channels = back ? S::out : S::in, to_channels = back ? S::in : S::out;
  static constexpr std::size_t to_each = to_channels / to_parts;

 private:
  using Half = typename Precision::Half;
  static constexpr unsigned factors = Precision::products == 1 ? 1 : 2;  ///< parts of a number: high, low
  using Cut = OperandTiles<G, S::size / 2>;
  using Rows = StencilRows<S, back, from_parts, to_parts>;
  using From = typename Rows::From;
  static constexpr std::size_t ceil(std::size_t a, std::size_t b) { return (a + b - 1) / b; }
  static constexpr std::size_t rounds = Rows::rounds;  ///< blocks that share the channels of a tile
  static constexpr unsigned group = Rows::group, rows = Rows::rows, padded_rows = Rows::padded_rows;
  static constexpr unsigned chunks = Rows::chunks, tap_stride = Rows::tap_stride;
  static constexpr unsigned tall = 4, wide = 16;  ///< sites of a warp
  static constexpr unsigned warps_across = Cut::width / wide, warps_down = Cut::height / tall;
  static constexpr unsigned warps = padded_rows / 16 * warps_across * warps_down;

  static constexpr unsigned taps = S::taps, size = S::size;
  /// Of the rows of sums: 8 rows of 8 numbers stand in different banks, as far as there are.
  static constexpr unsigned sum_stride = Cut::sites + 8;

  /// Tiles of a block, one after another: the weights are prepared once, where one chunk has them all. Few
  /// enough that a GPU is full.
  static constexpr std::size_t several = std::clamp<std::size_t>(Cut::count * rounds / 1024, 1, 8);

 public:
  static constexpr std::size_t tiles = Cut::count;
  static constexpr std::size_t threads = 32 * warps, blocks = ceil(tiles, several) * rounds;

 private:
  using Load = OctetLoad<Cut, typename S::Boundary, 2, threads>;
  using Sums = TileSums<G, Cut, group, to_each, to_parts, sum_stride>;

 public:
  /// What the threads of a block share: the tile, and when it was read the sums.
  struct Shared {
    union {
      std::array<Octet, factors * 2 * Cut::units> tile;
      std::array<float, rows * sum_stride> sum;
    };
    std::array<Octet, factors * taps * tap_stride> weight;  ///< (factor, tap; octet, row)
    std::array<float, warps> largest, largest_weight;
  };
  struct Local {};
  /// What a warp has for itself: numbers on their way to shared memory, sums (row, half of the sites; lane's
  /// four), the exponent of two in the products.
  template <class Warp>
  struct WarpLocal {
    typename Warp::template Fragment<float, 8 * Load::rounds> held;
    typename Warp::template Fragment<float, tall * 2 * 4> sum;
    int exponent;
  };

  const Real* parameters;
  std::array<const Real*, from_parts> from;
  Finish finish;

  template <class Block>
  constexpr void operator()(Block& block) const {
    const auto first = static_cast<unsigned>(block.index % rounds) * group;  // channel of each part
    const std::size_t start = block.index / rounds * several;
    const std::size_t end = smaller(start + several, Cut::count);
    for (std::size_t tile = start; tile < end; ++tile) {
      const Cut cut(static_cast<unsigned>(tile));
      for (unsigned chunk = 0; chunk < chunks; ++chunk) {
        const bool weights = chunks > 1 || tile == start;
        block.warps(
            [&](auto warp, auto& local) { load(warp, local, block.shared, cut, chunk, first, weights); });
        block.warps([&](auto warp, auto& local) { store(warp, local, block.shared, chunk, first, weights); });
        block.warps([&](auto warp, auto& local) { multiply(warp, local, block.shared, cut); });
      }
      block.warps([&](auto warp, auto& local) { spread(warp, local, block.shared); });
      const Sums sums{block.shared.sum.data(), cut, first};
      if constexpr (gives_sums<Finish>)
        block.warps([&](auto warp, auto&) { sums.template give_channels<warps>(warp, tile, finish); });
      else block.each([&](std::size_t thread, Local&) { sums.template give<threads>(thread, finish); });
    }
  }

 private:
  /// The tile's numbers into registers, and the largest of them and of the weights.
  template <class Warp, class L>
  constexpr void load(const Warp& warp, L& local, Shared& shared, const Cut& cut, unsigned chunk,
                      unsigned first, bool weights) const {
    typename Warp::template Fragment<float, 2> most{};
    warp.each(
        [&](unsigned lane, auto& held, auto& own) {
          const unsigned thread = warp.index * Warp::lanes + lane;
          Load::load(
              thread, held, cut,
              [&](unsigned octet) { return From::template plane<G::sites>(from, chunk * 2 + octet); },
              [&](unsigned octet) { return From::size(chunk * 2 + octet); });
          if constexpr (scales<Half>) {
            float largest = 0;
            if (weights)
              Rows::template each_weight<threads>(parameters, thread, chunk, first,
                                                  [&](unsigned, unsigned, unsigned, float weight) {
                                                    largest = larger_magnitude(largest, weight);
                                                  });
            own = {Load::largest(held), largest};
          }
        },
        local.held, most);
    if constexpr (scales<Half>) {
      warp.largest(most);
      warp.each(
          [&](unsigned lane, auto& own) {
            if (lane != 0) return;
            shared.largest[warp.index] = own[0];
            if (weights) shared.largest_weight[warp.index] = own[1];
          },
          most);
    }
  }

  /// The tile and the weights into shared memory, scaled and rounded; before the first chunk, sums begin.
  template <class Warp, class L>
  constexpr void store(const Warp& warp, L& local, Shared& shared, unsigned chunk, unsigned first,
                       bool weights) const {
    const int of_tile = scaling_exponent<Half>(shared.largest);
    const int of_weights = scaling_exponent<Half>(shared.largest_weight);
    local.exponent = of_tile + of_weights;
    warp.each(
        [&](unsigned lane, auto& held) {
          const unsigned thread = warp.index * Warp::lanes + lane;
          Load::template store<Half, factors>(thread, held, power_of_two(of_tile), shared.tile.data());
          if (!weights) return;
          const float scale = power_of_two(of_weights);
          Rows::template each_weight<threads>(
              parameters, thread, chunk, first, [&](unsigned tap, unsigned c, unsigned row, float weight) {
                Octet* const to = shared.weight.data() + tap * tap_stride + c / 8 * padded_rows + row;
                const Split<Half> split(weight * scale);
                to->at[c % 8] = split.high;
                if constexpr (factors == 2) (to + taps * tap_stride)->at[c % 8] = split.low;
              });
        },
        local.held);
    if (chunk > 0) return;
    warp.each(
        [&](unsigned lane, auto& sum) {
          std::array<float, 2> bias{};
          if constexpr (!back && S::bias) {
            NWM_UNROLL
            for (unsigned i = 0; i < 2; ++i) {
              const unsigned o = Rows::to_channel(first, panel(warp.index) + MmaLayout::d_row(lane, 2 * i));
              if (o < to_channels) bias[i] = parameters[S::weights + o];
            }
          }
          NWM_UNROLL
          for (unsigned k = 0; k < tall * 2 * 4; ++k) sum[k] = bias[k / 2 % 2];
        },
        local.sum);
  }

  /// Where a warp's rows of the products begin, and its sites.
  static constexpr unsigned panel(unsigned warp) { return warp / (warps_across * warps_down) * 16; }
  static constexpr unsigned y_of(unsigned warp) { return warp / warps_across % warps_down * tall; }
  static constexpr unsigned x_of(unsigned warp) { return warp % warps_across * wide; }

  /// Adds the chunk's products to the sums. A row of the tile serves all taps of a column. With three
  /// products the sums of a column of taps are added before the next: a tensor core cuts its sum off at every
  /// product, and 27 of them in a row would lose a bit of the 21.
  template <class Warp, class L>
  static constexpr void multiply(const Warp& warp, L& local, const Shared& shared, const Cut& cut) {
    const unsigned y = y_of(warp.index), x = x_of(warp.index);
    if (!cut.inside(y, x)) return;
    using Pairs = typename Warp::template Fragment<HalfPair, 4>;
    std::array<typename Warp::template Fragment<float, 4>, tall * 2> sum{};
    const ScaledBack scaled_back(local.exponent);
    NWM_UNROLL
    for (unsigned dx = 0; dx < size; ++dx) {
      std::array<Pairs, size * factors> weight;  // rows of weights of the column's taps
      NWM_UNROLL
      for (unsigned dy = 0; dy < size; ++dy) NWM_UNROLL
      for (unsigned f = 0; f < factors; ++f)
        warp.template load_matrices<4>(weight[dy * factors + f], [&](unsigned lane) {
          const unsigned at = (f * taps + dy * size + dx) * tap_stride + lane / 16 * padded_rows;
          return shared.weight[at + panel(warp.index) + lane % 16].at.data();
        });
      NWM_UNROLL
      for (unsigned q = 0; q < tall + size - 1; ++q) {
        std::array<Pairs, factors> seen;  // 16 sites of 16 channels
        NWM_UNROLL
        for (unsigned f = 0; f < factors; ++f)
          warp.template load_matrices<4>(seen[f], [&](unsigned lane) {
            const unsigned at = ((f * 2 + lane / 8 % 2) * Cut::padded_height + y + q) * Cut::padded_width;
            return shared.tile[at + x + dx + lane / 16 * 8 + lane % 8].at.data();
          });
        NWM_UNROLL
        for (unsigned product = 0; product < (factors == 2 ? 3 : 1); ++product) NWM_UNROLL
        for (unsigned dy = 0; dy < size; ++dy) {
          if (q < dy || q - dy >= tall) continue;
          const Pairs& a = weight[dy * factors + (product == 1 ? 1 : 0)];
          const Pairs& b = seen[product == 2 ? 1 : 0];
          warp.template multiply<Half, 0>(sum[(q - dy) * 2], a, b);
          warp.template multiply<Half, 2>(sum[(q - dy) * 2 + 1], a, b);
        }
      }
      if (factors == 1 && dx + 1 < size) continue;
      NWM_UNROLL
      for (unsigned k = 0; k < tall * 2; ++k)
        warp.each(
            [&](unsigned, auto& to, auto& own) {
              NWM_UNROLL
              for (unsigned i = 0; i < 4; ++i) {
                to[k * 4 + i] += scaled_back(own[i]);
                own[i] = 0;
              }
            },
            local.sum, sum[k]);
    }
  }

  /// The sums into shared memory, so that neighbouring threads have neighbouring sites, and all parts.
  template <class Warp, class L>
  static constexpr void spread(const Warp& warp, L& local, Shared& shared) {
    warp.each(
        [&](unsigned lane, const auto& sum) {
          NWM_UNROLL
          for (unsigned k = 0; k < tall * 2 * 4; ++k) {
            const unsigned row = panel(warp.index) + MmaLayout::d_row(lane, k % 4);
            const unsigned y = y_of(warp.index) + k / 8;
            const unsigned x = x_of(warp.index) + k / 4 % 2 * 8 + MmaLayout::d_column(lane, k % 4);
            if (row < rows) shared.sum[row * sum_stride + y * Cut::width + x] = sum[k];
          }
        },
        local.sum);
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
