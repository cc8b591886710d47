// expect: names every number that it keeps
// expect: Twice
// max-lines: 15
// max-errors: 0
// Two numbers of one name: no file could tell them apart.
#include "nwm/model/wave_machine.hpp"
#include "nwm/train/trainer.hpp"

struct Twice : nwm::optimizer::Adam {
#ifndef NWM_SHOULD_COMPILE
  static constexpr std::array<std::string_view, 2> state{"moment", "moment"};
#endif
};

nwm::optimizer::Stepper<nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}>, Twice> stepper;
