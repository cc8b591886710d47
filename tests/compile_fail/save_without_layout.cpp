// expect: Lacking
// expect: layout
// max-errors: 0
// max-lines: 15
// A file of weights needs the names and shapes of a model's slices.
#include "nwm/model/wave_machine.hpp"
#include "nwm/model/weights.hpp"

using Machine = nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}>;
struct Lacking : Machine {
#ifndef NWM_SHOULD_COMPILE
 private:
#endif
  using Machine::layout;
};

void write(const Lacking& model) { nwm::save(model, "weights.safetensors"); }
