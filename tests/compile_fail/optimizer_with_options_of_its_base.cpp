// expect: StatesItsOptions
// expect: Warm
// max-errors: 0
// max-lines: 15
// An optimiser with a member that the options of its base do not know: a resumed run would not notice
// another.
#include "nwm/model/wave_machine.hpp"
#include "nwm/train/trainer.hpp"

struct Warm : nwm::optimizer::Adam {
  double warmth = 0.5;
#ifdef NWM_SHOULD_COMPILE
  void options(const auto& f) const { Adam::options(f), f("warmth", warmth); }
#endif
};

nwm::Trainer<nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}>, nwm::loss::CrossEntropy, Warm>* trainer;
