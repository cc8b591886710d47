// expect: couple
// max-lines: 15
// max-errors: 0
// A backend that has everything but couplings.
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/model/wave_machine.hpp"

#ifdef NWM_SHOULD_COMPILE
using Mine = nwm::cpu::Scalar;
#else
struct Mine : nwm::cpu::Scalar {
  static void couple() {}  // hides that of Scalar
};
#endif

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, nwm::head::Wide, nwm::cell::Wave,
                 Mine>* machine;
