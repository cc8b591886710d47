// The scale of a field that the blocks of a cluster multiply in 16 bits: one for the whole image, so that
// blocks can take each other's rows as they are. It is foreseen from the step before, and found again where
// that was wrong.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cstddef>

#include "nwm/backend/device/scaling.hpp"
#include "nwm/backend/device/unroll.hpp"

namespace nwm::device {

/// For a cluster of `blocks` blocks of `warps` warps.
template <class Half, unsigned blocks, unsigned warps>
struct ClusterScale {
  /// The largest numbers of every warp of the cluster, in even and in odd turns.
  using Shared = std::array<std::array<float, blocks * warps>, 2>;
  /// The exponent of two in the present tile, and that for the next one.
  struct Local {
    int exponent, next;
  };

  /// Tells all blocks the largest number of a warp, in block.shared.scale.
  template <class Block, class Warp, class Largest>
  [[gnu::always_inline]] static constexpr void tell(const Block& block, const Warp& warp, Largest& most,
                                                    std::size_t turn) {
    if constexpr (scales<Half>) {
      warp.largest(most);
      warp.each(
          [&](unsigned lane, const auto& largest) {
            if (lane < blocks) block.of(lane).scale[turn % 2][block.rank * warps + warp.index] = largest[0];
          },
          most);
    }
  }

  /// Finds the exponent for what was told in a turn, which is that for the next turn, too: a field seldom
  /// grows or shrinks by 2^6 in one. Whether it did not: the present exponent does for what was told.
  template <class Warp>
  [[gnu::always_inline]] static constexpr bool measure(const Shared& shared, const Warp& warp, Local& local,
                                                       std::size_t turn) {
    if constexpr (!scales<Half>) {
      local.next = 0;
      return true;
    }
    typename Warp::template Fragment<float, 1> most;
    warp.each(
        [&](unsigned lane, auto& largest) {
          largest[0] = 0;
          NWM_UNROLL
          for (unsigned k = 0; k < blocks * warps; k += Warp::lanes) {
            if (k + lane >= blocks * warps) continue;
            const float size = shared[turn % 2][k + lane];
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
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
