// The weights of a 3×3 stencil of up to 16 channels as tensor cores take them, in a block's shared memory.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cstddef>

#include "nwm/backend/device/half.hpp"
#include "nwm/backend/device/operand_tile.hpp"
#include "nwm/backend/device/scaling.hpp"
#include "nwm/backend/device/unroll.hpp"
#include "nwm/backend/device/warp.hpp"

namespace nwm::device {

/// Left factors of stencil S, a matrix (16, 16) a tap, in `factors` parts; `back`: those of its adjoint, with
/// taps mirrored and sides exchanged. Channels that are not there have weight 0.
template <class S, bool back, class Half, unsigned factors>
struct ClusterWeights {
  static constexpr unsigned one = factors * S::taps * 32;  ///< (part, tap, matrix of ldmatrix, row)
  using Octets = std::array<Octet, one>;

  /// The largest magnitude in a thread's share of the parameters.
  static constexpr float largest(const float* parameters, unsigned thread, std::size_t threads) {
    float most = 0;
    for (std::size_t p = thread; p < S::weights; p += threads) most = larger_magnitude(most, parameters[p]);
    return most;
  }

  /// A thread's share of the weights times `scale`.
  static constexpr void store(const float* parameters, float scale, Octets& to, unsigned thread,
                              std::size_t threads) {
    for (std::size_t k = thread; k < S::taps * 32; k += threads) {
      const std::size_t tap = k / 32, row = k / 8 % 2 * 8 + k % 8, column = k / 16 % 2 * 8;
      std::array<HalfPair, 4> high, low;
      NWM_UNROLL
      for (std::size_t c = 0; c < 4; ++c) {
        const SplitPair<Half> both(weight(parameters, tap, row, column + 2 * c) * scale,
                                   weight(parameters, tap, row, column + 2 * c + 1) * scale);
        high[c] = both.high;
        low[c] = both.low;
      }
      to[k].set(high);
      if constexpr (factors == 2) to[S::taps * 32 + k].set(low);
    }
  }

  /// Adds a tap's products with two right factors (ClusterTile::load) to `left` and `right`.
  template <class Warp>
  [[gnu::always_inline]] static constexpr void multiply(
      const Warp& warp, typename Warp::template Fragment<float, 4>& left,
      typename Warp::template Fragment<float, 4>& right, const Octets& weight, unsigned tap,
      const std::array<typename Warp::template Fragment<HalfPair, 4>, factors>& seen) {
    // Asked for at every use: all of them would be too many registers.
    typename Warp::template Fragment<HalfPair, 4> a;
    warp.template load_matrices<4>(a, [&](unsigned lane) { return weight[tap * 32 + lane].at.data(); });
    warp.template multiply<Half, 0>(left, a, seen[0]);
    warp.template multiply<Half, 2>(right, a, seen[0]);
    if constexpr (factors == 2) {
      warp.template multiply<Half, 0>(left, a, seen[1]);
      warp.template multiply<Half, 2>(right, a, seen[1]);
      warp.template load_matrices<4>(
          a, [&](unsigned lane) { return weight[(S::taps + tap) * 32 + lane].at.data(); });
      warp.template multiply<Half, 0>(left, a, seen[0]);
      warp.template multiply<Half, 2>(right, a, seen[0]);
    }
  }

 private:
  static constexpr float weight(const float* parameters, std::size_t tap, std::size_t row,
                                std::size_t column) {
    const std::size_t o = back ? column : row, i = back ? row : column;
    if (o >= S::out || i >= S::in) return 0;
    return parameters[(o * S::in + i) * S::taps + (back ? S::taps - 1 - tap : tap)];
  }
};

/// All products of a warp's columns of a tile with the weights. A row of the tile serves the sums of three:
/// done(r, left, right) is called when row r has all of its own.
template <class Tile, class Weights, class Warp, class Done>
[[gnu::always_inline]] constexpr void multiply_rows(const Warp& warp, const typename Tile::Octets& tile,
                                                    const typename Weights::Octets& weight,
                                                    const Done& done) {
  constexpr unsigned factors = Tile::planes / 2, rows = Tile::own_rows;
  std::array<typename Warp::template Fragment<float, 4>, rows * 2> sum{};
  NWM_UNROLL
  for (unsigned q = 0; q < rows + 2; ++q) {
    NWM_UNROLL
    for (unsigned dx = 0; dx < 3; ++dx) {
      std::array<typename Warp::template Fragment<HalfPair, 4>, factors> seen;
      NWM_UNROLL
      for (unsigned f = 0; f < factors; ++f) Tile::load(warp, seen[f], tile, f, q, static_cast<int>(dx) - 1);
      NWM_UNROLL
      for (unsigned dy = 0; dy < 3; ++dy)
        if (q >= dy && q - dy < rows)
          Weights::multiply(warp, sum[(q - dy) * 2], sum[(q - dy) * 2 + 1], weight, dy * 3 + dx, seen);
    }
    if (q >= 2) done(q - 2, sum[(q - 2) * 2], sum[(q - 2) * 2 + 1]);
  }
}

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
