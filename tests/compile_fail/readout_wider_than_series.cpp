// expect: NotWiderThanSeries
// expect: Features<9>
// expect: StepCount<8>
// max-errors: 0
// A linear map of a series of 8 steps to 9 features.
#include "nwm/model/wave_machine.hpp"

constexpr nwm::Shape shape{.height = 8, .width = 8, .steps = 8, .classes = 3};

#ifdef NWM_SHOULD_COMPILE
nwm::WaveMachine<shape, nwm::readout::LinearMap<8>>* machine;
nwm::WaveMachine<nwm::Shape{.steps = 100}, nwm::readout::LinearMap<30>>::Options options;
#else
nwm::WaveMachine<shape, nwm::readout::LinearMap<9>> machine;
#endif
