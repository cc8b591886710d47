// Blocks that work together: a body (block.hpp) of clusters of blocks, on a GPU of compute capability 9.0 or
// later and by a plain loop on the host, phase by phase.
//
// Such a body has beside threads, Shared, Local, WarpLocal and blocks
//   cluster              blocks of a cluster, a constant from 1 to 16 that divides blocks
//   operator()(cluster)  the work of one cluster, in phases of all its threads
//     cluster.each(f)      f(block, thread, local)
//     cluster.each_own(f)  the same, of a phase that writes to its own block's shared memory only; later
//                          phases see what it has set there, and nothing that it has set in memory. Its end
//                          waits for nothing on the way to memory, nor for what was read and not used yet
//     cluster.warps(f)     f(block, warp, local), see warp.hpp
//     cluster.same(f)      the bool of f(block, warp, local), the same for all warps of the cluster: what the
//                          control flow between phases may depend on. No phase: nothing is waited for
// in place of operator()(block), and in them
//   block.index, block.rank   number of the block in the launch, and in its cluster
//   block.shared              what its threads share
//   block.of(rank)            the same of another block of the cluster, to write to or to read from
// A phase ends when all threads of the cluster have ended it: the next may read what they wrote to each
// other. Before the first phase has ended a block may not be there yet: in it no block reaches for another.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "nwm/backend/device/block.hpp"

namespace nwm::device {

/// Whether the blocks of a body work in clusters.
template <class Body>
concept ClusterBody = requires { Body::cluster; };

/// A cluster on the host: each phase is a loop over its blocks and their threads.
template <class Body>
class HostCluster {
  struct Memory {
    typename Body::Shared shared{};
    std::array<typename Body::Local, Body::threads> locals{};
    std::array<typename detail::WarpLocalOf<Body, HostWarp>::type, Body::threads / HostWarp::lanes>
        warp_locals{};
  };

 public:
  /// A block as a phase sees it.
  struct Block {
    std::size_t index;
    unsigned rank;
    typename Body::Shared& shared;
    Memory* memory;
    typename Body::Shared& of(unsigned other) const { return memory[other].shared; }
  };

  explicit HostCluster(std::size_t index)
      : index_(index), memory_(std::make_unique<Memory[]>(Body::cluster)) {}

  template <class F>
  void each(const F& f) {
    for (unsigned rank = 0; rank < Body::cluster; ++rank)
      for (std::size_t thread = 0; thread < Body::threads; ++thread)
        f(block(rank), thread, memory_[rank].locals[thread]);
  }
  template <class F>
  void each_own(const F& f) {
    each(f);
  }
  template <class F>
  void warps(const F& f) {
    for (unsigned rank = 0; rank < Body::cluster; ++rank)
      for (unsigned warp = 0; warp < Body::threads / HostWarp::lanes; ++warp)
        f(block(rank), HostWarp{warp}, memory_[rank].warp_locals[warp]);
  }
  template <class F>
  bool same(const F& f) {
    bool value = false;
    warps([&](const Block& block, const HostWarp& warp, auto& local) { value = f(block, warp, local); });
    return value;
  }

 private:
  Block block(unsigned rank) {
    return {index_ * Body::cluster + rank, rank, memory_[rank].shared, memory_.get()};
  }

  std::size_t index_;
  std::unique_ptr<Memory[]> memory_;
};

/// Cluster number `index` of a body, as Thrust's host systems call it.
template <class Body>
struct RunClusterOnHost {
  Body body;
  void operator()(std::size_t index) const {
    HostCluster<Body> cluster(index);
    body(cluster);
  }
};

}  // namespace nwm::device
