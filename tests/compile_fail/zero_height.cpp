// expect: ValidShape
// expect: height > 0
// max-errors: 0
// A grid without a row.
#include "nwm/model/wave_machine.hpp"

#ifdef NWM_SHOULD_COMPILE
nwm::WaveMachine<nwm::Shape{.height = 1, .width = 8}>::Options options;
#else
nwm::WaveMachine<nwm::Shape{.height = 0, .width = 8}> machine;
#endif
