// One index of a map on a device.
#pragma once

#include <cstddef>

namespace nwm::device {

/// One index of a map. Kernels compute in the precision of storage: Value is Real.
template <class Real>
struct Lane {
  using Value = Real;
  std::size_t index;
  constexpr Value load(const Real* p) const { return p[index]; }
  constexpr void store(Real* p, Value v) const { p[index] = v; }
};

/// A kernel in the form that Thrust calls.
template <class Real, class Kernel>
struct AtLane {
  Kernel kernel;
  constexpr void operator()(std::size_t index) const { kernel(Lane<Real>{index}); }
};

}  // namespace nwm::device
