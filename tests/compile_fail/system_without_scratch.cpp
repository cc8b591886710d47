// expect: System
// expect: scratch<double>
// max-lines: 15
// max-errors: 0
// A system for the device backend that has no memory for sums on their way.
#include <cstddef>
#include <string_view>

#include "nwm/backend/device/operations.hpp"
#include "nwm/backend/host_memory.hpp"

struct Mine {
  static constexpr std::string_view name = "mine";
  using Memories = nwm::HostMemory;
  static constexpr std::size_t tile = 256, series_tile = 4096, scratch_bytes = 1 << 20;
  template <class F>
  static void for_each(std::size_t count, const F& f);
  template <class Body>
  static void run(const Body& body);
  template <class Precision, class Real>
  static void product(std::size_t M, std::size_t K, std::size_t N, nwm::device::Factor<Real> a,
                      nwm::device::Factor<Real> x, Real* y, std::size_t ldy, bool add);
#ifdef NWM_SHOULD_COMPILE
  template <class T>
  static T* scratch();
#endif
};

nwm::device::Operations<Mine>* backend;
