// expect: a backend with .line. has .rows_at_once. and .rows.
// max-errors: 0
// max-lines: 15
// One of the three members that run rows: without the others it would be slow without a word.
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/simulation/simulation.hpp"

struct Mine : nwm::cpu::Scalar {
#ifndef NWM_SHOULD_COMPILE
  static constexpr std::size_t line(std::size_t width) { return width; }
#endif
};

nwm::Simulation<nwm::cell::Wave, nwm::Grid<8, 8>, 1, Mine>::Options options;
