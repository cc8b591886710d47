// How a kernel of our own is written once and run by a GPU's blocks and by a plain loop: phase by phase.
//
// A body is a trivially copyable type with
//   threads             threads of a block, a constant
//   Shared, Local       what the block's threads share, and what each keeps for itself from phase to phase
//   blocks              blocks of the launch, a constant
//   operator()(block)   the work of block number block.index: phases block.each(f) with f(thread, local);
//                       between them only control flow that is the same for all threads
//
// A body that multiplies on tensor cores has phases of warps, too: warp.hpp.
//
// A phase ends when all threads have ended it. What one phase writes to block.shared, the next may read.
// Arrays in Local are indexed by constants only, once loops are unrolled (unroll.hpp), or they leave the
// registers; and no constant's address is taken: no std::min of constants, no element of a constant list at
// an index known at run time only. nvcc compiles a trap for those, and .ci/run looks for one.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/backend/device/warp.hpp"

namespace nwm::device {

namespace detail {

/// What each warp of a body keeps; nothing, where the body has no warps.
template <class Body, class Warp>
struct WarpLocalOf {
  struct type {};
};
template <class Body, class Warp>
requires requires { typename Body::template WarpLocal<Warp>; }
struct WarpLocalOf<Body, Warp> {
  static_assert(Body::threads % Warp::lanes == 0, "whole warps");
  using type = typename Body::template WarpLocal<Warp>;
};

}  // namespace detail

/// A block on the host: each phase is a loop over its threads.
template <class Body>
struct HostBlock {
  std::size_t index = 0;
  typename Body::Shared shared{};
  std::array<typename Body::Local, Body::threads> locals{};
  std::array<typename detail::WarpLocalOf<Body, HostWarp>::type, Body::threads / HostWarp::lanes>
      warp_locals{};

  template <class F>
  void each(const F& f) {
    for (std::size_t thread = 0; thread < Body::threads; ++thread) f(thread, locals[thread]);
  }
  template <class F>
  void warps(const F& f) {
    for (unsigned warp = 0; warp < warp_locals.size(); ++warp) f(HostWarp{warp}, warp_locals[warp]);
  }
};

/// Block number `block` of a body, as Thrust's host systems call it.
template <class Body>
struct RunOnHost {
  Body body;
  void operator()(std::size_t index) const {
    HostBlock<Body> block;
    block.index = index;
    body(block);
  }
};

}  // namespace nwm::device
