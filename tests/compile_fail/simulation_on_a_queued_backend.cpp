// expect: queued<
// max-errors: 0
// max-lines: 15
// A simulation reads its fields as soon as a step is asked for.
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/simulation/simulation.hpp"

struct Mine : nwm::cpu::Scalar {
#ifndef NWM_SHOULD_COMPILE
  static constexpr bool queued = true;
#endif
};

nwm::Simulation<nwm::cell::Wave, nwm::Grid<8, 8>, 1, Mine>::Options options;
