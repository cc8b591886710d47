// expect: ValidShape
// expect: classes_or_outputs
// max-errors: 0
// Five classes and two numbers a pixel: which of them is the number of scores.
#include "nwm/model/wave_machine.hpp"

#ifdef NWM_SHOULD_COMPILE
nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8, .outputs = 5}>::Options options;
#else
nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8, .classes = 5, .outputs = 2}> machine;
#endif
