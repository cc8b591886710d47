// expect: NotAReadout
// expect: R::name
// max-errors: 0
// max-lines: 14
// A readout that has nothing of one.
#include "nwm/model/wave_machine.hpp"
#include "nwm/readout/fft.hpp"

struct NotAReadout {};

#ifdef NWM_SHOULD_COMPILE
nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Fft>::Options options;
#else
nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, NotAReadout> machine;
#endif
