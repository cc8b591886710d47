// expect: height % 16
// max-errors: 0
// Four halvings of 24 rows leave half a row.
#include "nwm/model/unet.hpp"

#ifdef NWM_SHOULD_COMPILE
nwm::UNet<nwm::Shape{.height = 48, .width = 32}, 4>::Options options;
#else
nwm::UNet<nwm::Shape{.height = 24, .width = 32}, 4> machine;
#endif
