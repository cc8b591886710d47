// expect: couple_adjoint
// max-lines: 15
// max-errors: 0
// A backend whose adjoint nobody may call.
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/model/wave_machine.hpp"

#ifdef NWM_SHOULD_COMPILE
using Mine = nwm::cpu::Scalar;
#else
class Mine : public nwm::cpu::Scalar {
  using nwm::cpu::Scalar::couple_adjoint;
};
#endif

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, nwm::head::Wide, nwm::cell::Wave,
                 Mine>* machine;
