// expect: NotACell
// expect: Cell
// expect: C::fields.size
// max-errors: 0
// A cell without fields.
#include "nwm/model/wave_machine.hpp"

struct NotACell {
  double dt = 0.1;
};

#ifdef NWM_SHOULD_COMPILE
using Cell = nwm::cell::Wave;
#else
using Cell = NotACell;
#endif

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, nwm::head::Wide, Cell>* machine;
