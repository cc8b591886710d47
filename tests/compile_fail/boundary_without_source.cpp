// expect: Lacking
// expect: B::source
// max-errors: 0
// max-lines: 15
// A boundary that does not say which value stands beyond the edge.
#include "nwm/cell/wave.hpp"

struct Lacking {
  static constexpr std::string_view name = "lacking";
  static constexpr bool self_adjoint = false;
#ifdef NWM_SHOULD_COMPILE
  static constexpr std::ptrdiff_t source(std::ptrdiff_t i, std::ptrdiff_t n) {
    return i < 0 || i >= n ? -1 : i;
  }
#else
  static constexpr std::ptrdiff_t source(std::ptrdiff_t i) { return i; }
#endif
};

nwm::cell::WaveOn<Lacking>* cell;
