// expect: Memory
// max-errors: 0
// max-lines: 15
// Arrays that have no place and no size.
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/model/wave_machine.hpp"

struct Mine : nwm::cpu::Scalar {
#ifndef NWM_SHOULD_COMPILE
  template <class Real>
  struct Memory {
    explicit Memory(std::size_t) {}
  };
#endif
};

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, nwm::head::Wide, nwm::cell::Wave,
                 Mine>* machine;
