// expect: ValidShape
// expect: classes >= 2
// max-errors: 0
// Nothing can be told apart from itself.
#include "nwm/model/wave_machine.hpp"

#ifdef NWM_SHOULD_COMPILE
nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8, .classes = 2}>::Options options;
#else
nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8, .classes = 1}> machine;
#endif
