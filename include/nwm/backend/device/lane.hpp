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

}  // namespace nwm::device
