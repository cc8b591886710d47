// expect: whether to go on
// max-lines: 15
// A callback whose answer says neither yes nor no would never stop training.
#include <string>

#include "nwm/model/wave_machine.hpp"
#include "nwm/train/trainer.hpp"

using Machine = nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}>;

void run(nwm::Trainer<Machine>& trainer, const nwm::data::Dataset& set) {
#ifdef NWM_SHOULD_COMPILE
  trainer.fit(set, set, [](const nwm::Progress&) { return 1; });
#else
  trainer.fit(set, set, [](const nwm::Progress&) { return std::string("stop"); });
#endif
}
