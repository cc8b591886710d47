// A field of one image as tensor cores take it (operand_tile.hpp), cut into rows over the blocks of a cluster
// (cluster.hpp): each keeps its rows and one more on either side, which their owners bring to it.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cstddef>

#include "nwm/backend/device/half.hpp"
#include "nwm/backend/device/operand_tile.hpp"
#include "nwm/backend/device/seen_index.hpp"
#include "nwm/backend/device/unroll.hpp"
#include "nwm/backend/device/warp.hpp"

namespace nwm::device {

/// The rows of a block: `rows` of an image of height × width as a 3×3 stencil under Boundary sees it, up to
/// 16 channels in `factors` parts of 16 bits. A warp has 16 columns of all rows. In them a lane has channels
/// lane / 4 and 8 more, and four neighbouring sites, 4·(lane mod 4) and on: what tensor cores' sums give
/// where their columns are matrix_site's.
template <class Boundary, unsigned height, unsigned width, unsigned rows, unsigned factors>
struct ClusterTile {
  static constexpr unsigned own_rows = rows, blocks = height / rows, warps = (width + 15) / 16;
  static constexpr unsigned planes = 2 * factors;  ///< (part, octet of channels)
  static constexpr unsigned stride = 16 * warps + 8, plane = (rows + 2) * stride;
  static constexpr bool whole = width % 16 == 0;  ///< no warp reaches beyond the image
  /// Whether some halo stays 0.
  static constexpr bool zeros = shows_zeros<Boundary, height> || shows_zeros<Boundary, width>;
  using Octets = std::array<Octet, planes * plane>;

  /// Where column x, from −1 to `width`, of row `row` (the first own one is 1) stands. The swap of columns
  /// keeps the eight sites of a matrix, at any shift, in different banks of shared memory.
  static constexpr unsigned at(unsigned p, unsigned row, int x) {
    const auto c = static_cast<unsigned>(x + 4);
    return p * plane + row * stride + (c ^ (c >> 3 & 1) << 1);
  }
  /// The site among a warp's 16 that row `row` of ldmatrix's or stmatrix's matrix i holds; i / 2 is the half
  /// of a lane's four sites, i mod 2 the octet.
  static constexpr unsigned matrix_site(unsigned i, unsigned row) {
    return row / 2 * 4 + i / 2 * 2 + row % 2;
  }

  /// Two right factors of 8 sites each (pairs 0, 1 and 2, 3), at shift dx of row `row` of part f.
  template <class Warp>
  [[gnu::always_inline]] static constexpr void load(const Warp& warp,
                                                    typename Warp::template Fragment<HalfPair, 4>& to,
                                                    const Octets& tile, unsigned f, unsigned row, int dx) {
    warp.template load_matrices<4>(to, [&](unsigned lane) {
      const unsigned i = lane / 8, x = warp.index * 16 + matrix_site(i, lane % 8);
      return tile[at(f * 2 + i % 2, row, static_cast<int>(x) + dx)].at.data();
    });
  }

  /// Part f of row `row` of a warp's columns, from the pairs (half of the sites, octet) of each lane.
  template <class Warp>
  [[gnu::always_inline]] static constexpr void store(
      const Warp& warp, const typename Warp::template Fragment<HalfPair, 4>& from, Octets& tile, unsigned f,
      unsigned row) {
    warp.template store_matrices_transposed<4>(from, [&](unsigned lane) {
      const unsigned i = lane / 8, x = warp.index * 16 + matrix_site(i, lane % 8);
      // What lies beyond the image goes to a column that nobody reads.
      const int to = whole || x < width ? static_cast<int>(x) : -4;
      return tile[at(f * 2 + i % 2, row, to)].at.data();
    });
  }

  /// Sets row `row` of a warp's columns to a lane's eight numbers (octet, site) from number `first` of a
  /// fragment on, times `scale`.
  template <class Half, class Warp, class Numbers>
  [[gnu::always_inline]] static constexpr void set_row(const Warp& warp, Numbers& numbers, unsigned first,
                                                       float scale, Octets& tile, unsigned row) {
    typename Warp::template Fragment<HalfPair, 4> high, low;
    warp.each(
        [&](unsigned, const auto& own, auto& to, auto& rest) {
          NWM_UNROLL
          for (unsigned k = 0; k < 4; ++k) {
            const unsigned at = first + k % 2 * 4 + k / 2 * 2;
            const SplitPair<Half> both(own[at] * scale, own[at + 1] * scale);
            to[k] = both.high;
            if constexpr (factors == 2) rest[k] = both.low;
          }
        },
        numbers, high, low);
    store(warp, high, tile, 0, row);
    if constexpr (factors == 2) store(warp, low, tile, 1, row);
  }

  /// Brings what others see of a warp's columns to where they look: beside the rows and, above and below
  /// them, in the blocks that see them. tile_of(rank) is the tile of a block of the cluster.
  template <class Warp, class TileOf>
  [[gnu::always_inline]] static constexpr void share(const Warp& warp, unsigned rank, const TileOf& tile_of) {
    Octets& own = tile_of(rank);
    const auto beside = [&](int from, int to) {
      if (from < 0 || warp.index != static_cast<unsigned>(from) / 16) return;
      warp.each([&](unsigned lane) {
        for (unsigned k = lane; k < rows * planes; k += Warp::lanes)
          own[at(k / rows, k % rows + 1, to)].take(own[at(k / rows, k % rows + 1, from)]);
      });
    };
    beside(left, -1);
    beside(right, static_cast<int>(width));
    const auto row = [&](unsigned from, unsigned to_rank, unsigned to) {
      Octets& far = tile_of(to_rank);
      warp.each([&](unsigned lane) {
        const int x = static_cast<int>(warp.index * 16 + lane % 16);
        if (!whole && x >= static_cast<int>(width)) return;
        NWM_UNROLL
        for (unsigned k = 0; k < planes; k += 2) {
          const unsigned p = k + lane / 16;
          const Octet& seen = own[at(p, from, x)];
          far[at(p, to, x)].take(seen);
          if (x == left) far[at(p, to, -1)].take(seen);
          if (x == right) far[at(p, to, static_cast<int>(width))].take(seen);
        }
      });
    };
    if (rank > 0) row(1, rank - 1, rows + 1);
    if (rank + 1 < blocks) row(rows, rank + 1, 0);
    if (above >= 0 && static_cast<unsigned>(above) / rows == rank)
      row(static_cast<unsigned>(above) % rows + 1, 0, 0);
    if (below >= 0 && static_cast<unsigned>(below) / rows == rank)
      row(static_cast<unsigned>(below) % rows + 1, blocks - 1, rows + 1);
  }

 private:
  /// What the stencil sees beyond the image's edges; −1 for zero.
  static constexpr int left = seen_index<Boundary, width>(-1),
                       right = seen_index<Boundary, width>(static_cast<int>(width)),
                       above = seen_index<Boundary, height>(-1),
                       below = seen_index<Boundary, height>(static_cast<int>(height));
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
