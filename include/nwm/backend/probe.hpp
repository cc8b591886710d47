// What concepts try kernels with: a value that has the arithmetic of SIMD packs and no other, and lanes of
// it.
#pragma once

#include <cstddef>

#include "nwm/cell/archetype.hpp"

namespace nwm::kernel {

/// Stands for a pack of numbers where P, a policy that has kernels, is tried: what packs cannot do is told in
/// a sentence.
template <class P>
using ProbeValue = cell::Archetype<P>;

/// A lane of values V in memory of numbers of type Real. It touches no memory.
template <class Real, class V = Real>
struct ProbeLane {
  using Value = V;
  std::size_t index = 0;
  constexpr V load(const Real*) const { return V{}; }
  constexpr void store(Real*, const V&) const {}
};

/// Stands for a T in an expression that is compiled, but not run.
template <class T>
T given() {
  throw 0;
}

}  // namespace nwm::kernel
