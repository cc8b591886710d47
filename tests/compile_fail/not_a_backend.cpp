// expect: NotABackend
// expect: B::name
// max-errors: 0
// A backend that is not there is no reason to take another.
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/model/wave_machine.hpp"

struct NotABackend {};

#ifdef NWM_SHOULD_COMPILE
using Mine = nwm::cpu::Scalar;
#else
using Mine = NotABackend;
#endif

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, nwm::head::Wide, nwm::cell::Wave,
                 Mine>* machine;
