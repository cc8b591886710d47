// How a kernel of our own is written once and run by a GPU's blocks and by a plain loop: phase by phase.
//
// A body is a trivially copyable type with
//   threads             threads of a block, a constant
//   Shared, Local       what the block's threads share, and what each keeps for itself from phase to phase
//   blocks              blocks of the launch, a constant
//   operator()(block)   the work of block number block.index: phases block.each(f) with f(thread, local);
//                       between them only control flow that is the same for all threads
//
// A phase ends when all threads have ended it. What one phase writes to block.shared, the next may read.
// Arrays in Local are indexed by constants only, once loops are unrolled (unroll.hpp), or they leave the
// registers; and no constant's address is taken: no std::min of constants, no element of a constant list at
// an index known at run time only. nvcc compiles a trap for those, and .ci/run looks for one.
#pragma once

#include <array>
#include <cstddef>

namespace nwm::device {

/// A block on the host: each phase is a loop over its threads.
template <class Body>
struct HostBlock {
  std::size_t index = 0;
  typename Body::Shared shared{};
  std::array<typename Body::Local, Body::threads> locals{};

  template <class F>
  void each(const F& f) {
    for (std::size_t thread = 0; thread < Body::threads; ++thread) f(thread, locals[thread]);
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
