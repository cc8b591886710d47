// An image in two blocks of a cluster: the phases of their threads, and the rows beyond its own that each
// block sees, its halo, in the other's shared memory.
#pragma once

#include <cstddef>

#include "nwm/backend/device/seen_index.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::device {

/// A body of `parts` blocks an image as one of clusters (cluster.hpp).
template <class Body>
struct InCluster : Body {
  static constexpr std::size_t cluster = Body::parts;
};

/// f(block, thread, local) for all threads of a block (block.hpp) or, of images in several parts, of a
/// cluster (cluster.hpp), in one phase that writes to its own block's shared memory only. `used`: what a
/// thread reads of the other block goes into something that it stores in the same phase, so that it has been
/// read when the phase ends; else the end waits for that, too.
template <unsigned parts, bool used, class Blocks, class F>
constexpr void each_thread(Blocks& all, const F& f) {
  if constexpr (parts > 1 && used) all.each_own(f);
  else if constexpr (parts > 1) all.each(f);
  else all.each([&](std::size_t thread, auto& local) { f(all, thread, local); });
}

/// Where the rows above and below a block's part of a plane begin; null where there are zeros.
template <class Real>
struct Halo {
  const Real *above = nullptr, *below = nullptr;
};

/// The halo of the plane that begins at of(shared), under Boundary. It is read where it stands: to set rows
/// in another block's memory, a barrier would have to wait for all that is on its way to memory, the tape
/// with it. None where the image is in one part.
template <class Boundary, class Real, class ThreadStrip, class Block, class F>
constexpr Halo<Real> halo_of(const Block& block, ThreadStrip strip, const F& of) {
  Halo<Real> halo;
  if constexpr (ThreadStrip::parts > 1) {
    constexpr unsigned height = ThreadStrip::height;
    constexpr std::size_t all = std::size_t{height} * ThreadStrip::parts;
    // The numbers first and then one address: else there would be a kernel's text for each part.
    int above = -1, below = -1;
    for_constants<ThreadStrip::parts>([&](auto rank) {
      constexpr int top = static_cast<int>(rank * height);
      if (strip.rank == rank) above = seen_index<Boundary, all>(top - 1);
      if (strip.rank == rank) below = seen_index<Boundary, all>(top + static_cast<int>(height));
    });
    const auto begin = [&](int row) -> const Real* {
      if (shows_zeros<Boundary, all> && row < 0) return nullptr;
      const auto at = static_cast<unsigned>(row);
      return of(block.of(at / height)) + at % height * ThreadStrip::width;
    };
    halo.above = begin(above);
    halo.below = begin(below);
  }
  return halo;
}

}  // namespace nwm::device
