// expect: floating_point
// max-errors: 0
// max-lines: 15
// Waves of whole numbers.
#include "nwm/cell/wave.hpp"
#include "nwm/simulation/simulation.hpp"

#ifdef NWM_SHOULD_COMPILE
using Real = double;
#else
using Real = int;
#endif

nwm::Simulation<nwm::cell::Wave, nwm::Grid<8, 8>, 1, nwm::DefaultBackend, Real>::Options options;
