// expect: floating_point
// max-errors: 0
// max-lines: 15
// A drum whose skin moves by whole numbers.
#include "nwm/drum.hpp"

#ifdef NWM_SHOULD_COMPILE
using Real = double;
#else
using Real = int;
#endif

nwm::Drum<nwm::Grid<8, 8>, nwm::DefaultBackend, Real>::Options options;
