// expect: Lacking
// expect: add_gradient
// max-errors: 0
// max-lines: 15
// A model that cannot say how its parameters should move.
#include "nwm/model/wave_machine.hpp"
#include "nwm/train/trainer.hpp"

using Machine = nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}>;
struct Lacking : Machine {
#ifndef NWM_SHOULD_COMPILE
 private:
#endif
  using Machine::add_gradient;
};

nwm::Trainer<Lacking>* trainer;
