// expect: NotABackend
// expect: B::name
// max-errors: 0
// max-lines: 15
// A backend that is not there, in check_cell.
#include "nwm/cell/wave.hpp"
#include "nwm/check/check_cell.hpp"

#ifdef NWM_SHOULD_COMPILE
using NotABackend = nwm::cpu::Scalar;
#else
struct NotABackend {};
#endif

auto report = nwm::check_cell<nwm::cell::Wave, NotABackend>();
