// expect: Lacking
// expect: ask_gradient
// max-errors: 0
// max-lines: 15
// A model of several images a pass that cannot say how its parameters should move.
#include "nwm/backend/device/host.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/train/trainer.hpp"

using Machine = nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, nwm::head::Wide,
                                 nwm::cell::Wave, nwm::device::Host<nwm::device::Sequential, 2>>;
struct Lacking : Machine {
#ifndef NWM_SHOULD_COMPILE
 private:
#endif
  using Machine::ask_gradient;
};

nwm::Trainer<Lacking>* trainer;
