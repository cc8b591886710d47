// expect: Plane
// expect: Lattice
// max-errors: 0
// max-lines: 15
// A grid without a boundary.
#include "nwm/cell/wave.hpp"
#include "nwm/simulation/simulation.hpp"

struct Plane {
  static constexpr std::size_t height = 8, width = 8, sites = 64;
#ifdef NWM_SHOULD_COMPILE
  using Boundary = nwm::Periodic;
#endif
};

nwm::Simulation<nwm::cell::Wave, Plane>::Options options;
