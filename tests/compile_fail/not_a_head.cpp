// expect: HeadWidths
// expect: H::widths
// max-errors: 0
// A number of layers where a list of widths belongs.
#include "nwm/model/wave_machine.hpp"

struct ThreeLayers {};

#ifdef NWM_SHOULD_COMPILE
nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear,
                 nwm::head::Hidden<7, 5, 3>>::Options options;
#else
nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, ThreeLayers> machine;
#endif
