// expect: a backend with .prepare_rows. has .couple_rows.
// max-errors: 0
// max-lines: 15
// The first of two phases, and no second.
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/simulation/simulation.hpp"

struct Mine : nwm::cpu::Scalar {
#ifndef NWM_SHOULD_COMPILE
  template <class S, class G, class Real, std::size_t n>
  static void prepare_rows(const std::array<const Real*, n>&, Real*, std::size_t, std::size_t) {}
#endif
};

nwm::Simulation<nwm::cell::Wave, nwm::Grid<8, 8>, 1, Mine>::Options options;
