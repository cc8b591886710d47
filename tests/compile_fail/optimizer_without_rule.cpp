// expect: Lacking
// expect: rule
// max-errors: 0
// max-lines: 15
// An optimiser that does not say how a parameter moves.
#include "nwm/model/wave_machine.hpp"
#include "nwm/train/trainer.hpp"

struct Lacking : nwm::optimizer::Adam {
#ifndef NWM_SHOULD_COMPILE
 private:
#endif
  using nwm::optimizer::Adam::rule;
};

nwm::Trainer<nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}>, nwm::loss::CrossEntropy, Lacking>*
    trainer;
