// An image in two blocks of a cluster: the phases of their threads, and the rows beyond its own that each
// block keeps beside them, its halo, so that a stencil reads its own block's memory only.
#pragma once

#include "nwm/push_macros.inc"

#include <cstddef>

#include "nwm/backend/device/seen_index.hpp"
#include "nwm/backend/device/unroll.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::device {

/// A body of `parts` blocks an image as one of clusters (cluster.hpp).
template <class Body>
struct InCluster : Body {
  static constexpr std::size_t cluster = Body::parts;
};

/// f(block, thread, local) for all threads of a block (block.hpp) or, of images in several parts, of a
/// cluster (cluster.hpp), in one phase.
template <unsigned parts, class Blocks, class F>
constexpr void each_thread(Blocks& all, const F& f) {
  if constexpr (parts > 1) all.each(f);
  else all.each([&](std::size_t thread, auto& local) { f(all, thread, local); });
}

/// The halos of an image of ThreadStrip's parts (strip.hpp) under Boundary. Where Boundary shows zeros a halo
/// is 0 and stays, where it shows the block's own rows, as a mirror does, it repeats them. Nothing where the
/// image is in one part.
template <class Boundary, class ThreadStrip>
struct Halo {
  static constexpr unsigned parts = ThreadStrip::parts > 1 ? ThreadStrip::parts : 0;
  static constexpr int height = static_cast<int>(ThreadStrip::height);

  /// The row of the image that part `rank` sees above (side 0) or below it (side 1); −1 for zeros.
  static constexpr int source(unsigned rank, unsigned side) {
    constexpr std::size_t all = std::size_t{ThreadStrip::height} * ThreadStrip::parts;
    return seen_index<Boundary, all>(static_cast<int>(rank) * height + (side == 0 ? -1 : height));
  }
  /// Where the thread's column of a halo stands in a plane.
  static constexpr unsigned place(ThreadStrip strip, unsigned side) {
    return side * (ThreadStrip::height + 1) * ThreadStrip::width + strip.x;
  }

  /// f(place, row of the image or −1) for the thread's share of its block's halo.
  template <class F>
  static constexpr void each(ThreadStrip strip, const F& f) {
    if (strip.top != 0) return;
    for_constants<std::size_t{2} * parts>([&](auto n) {
      constexpr unsigned rank = n / 2, side = n % 2;
      if (strip.rank == rank) f(place(strip, side), source(rank, side));
    });
  }

  /// Copies what the thread has set of its strip, in `planes` planes from of(shared) on, to the halos that
  /// show it. The other block may read them after the phase.
  template <unsigned planes, class Block, class F>
  static constexpr void share(const Block& block, ThreadStrip strip, const F& of) {
    if constexpr (parts > 0)
      for_constants<std::size_t{2} * parts>([&](auto n) {
        constexpr unsigned to = n / 2, side = n % 2;
        constexpr int shown = source(to, side);
        if constexpr (shown >= 0) {
          constexpr unsigned from = shown / height, row = shown % height, r = row % ThreadStrip::rows;
          if (strip.rank != from || strip.top != row - r) return;
          const auto* const own = of(block.shared);
          auto* const other = of(block.of(to));
          NWM_UNROLL
          for (unsigned k = 0; k < planes; ++k)
            other[k * ThreadStrip::plane + place(strip, side)] = own[k * ThreadStrip::plane + strip.place(r)];
        }
      });
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
