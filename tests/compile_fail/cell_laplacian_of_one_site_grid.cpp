// expect: more than one site
// max-lines: 15
// max-errors: 0
// A torus of one site has no neighbours.
#include "nwm/cell/wave.hpp"
#include "nwm/simulation/simulation.hpp"

#ifdef NWM_SHOULD_COMPILE
using Grid = nwm::Grid<1, 2>;
#else
using Grid = nwm::Grid<1, 1>;
#endif
nwm::Simulation<nwm::cell::Wave, Grid>::Options options;
