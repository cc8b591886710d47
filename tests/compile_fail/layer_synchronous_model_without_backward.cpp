// expect: Lacking
// expect: backward
// max-errors: 0
// max-lines: 15
// A model with batch normalisation and no way back.
#include "nwm/model/unet.hpp"
#include "nwm/train/trainer.hpp"

using Machine = nwm::UNet<nwm::Shape{.height = 16, .width = 16}, 2>;
struct Lacking : Machine {
#ifndef NWM_SHOULD_COMPILE
 private:
#endif
  using Machine::backward;
};

nwm::Trainer<Lacking>* trainer;
