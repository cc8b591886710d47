// expect: Lacking
// expect: kernel
// max-errors: 0
// max-lines: 15
// A loss without its slope.
#include "nwm/model/wave_machine.hpp"
#include "nwm/train/trainer.hpp"

struct Lacking : nwm::loss::CrossEntropy {
#ifndef NWM_SHOULD_COMPILE
 private:
#endif
  using nwm::loss::CrossEntropy::kernel;
};

nwm::Trainer<nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}>, Lacking>* trainer;
