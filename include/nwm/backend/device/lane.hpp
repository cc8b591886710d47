// One index of a map on a device.
#pragma once

#include <cstddef>

namespace nwm::device {

/// Value is Real itself: kernels run in the precision of what is stored.
template <class Real>
struct Lane {
  using Value = Real;
  std::size_t index;
  constexpr Value load(const Real* p) const { return p[index]; }
  constexpr void store(Real* p, Value v) const { p[index] = v; }
};

/// A kernel as Thrust calls it.
template <class Real, class Kernel>
struct AtLane {
  Kernel kernel;
  constexpr void operator()(std::size_t index) const { kernel(Lane<Real>{index}); }
};

}  // namespace nwm::device
