// expect: nwm needs NaN, infinity and sums as written
// misuse-flags: -ffast-math
// Without NaN and infinity no divergence would be told.
#include "nwm/error.hpp"

#ifdef NWM_SHOULD_COMPILE
static_assert(sizeof(nwm::Error) > 0);
#endif
