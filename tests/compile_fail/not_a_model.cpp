// expect: NotAModel
// expect: M::shape
// max-errors: 0
// max-lines: 25
// A type with nothing of a model: every member it lacks is named.
#include "nwm/model/wave_machine.hpp"
#include "nwm/train/trainer.hpp"

#ifdef NWM_SHOULD_COMPILE
using NotAModel = nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}>;
#else
struct NotAModel {
  static constexpr const char* kind = "nothing";
};
#endif

nwm::Trainer<NotAModel>* trainer;
