// expect: Lacking
// expect: B::name
// max-errors: 0
// max-lines: 15
// A boundary that no weight file could tell from another.
#include "nwm/cell/wave.hpp"

struct Lacking {
#ifdef NWM_SHOULD_COMPILE
  static constexpr std::string_view name = "lacking";
#endif
  static constexpr bool self_adjoint = false;
  static constexpr std::ptrdiff_t source(std::ptrdiff_t i, std::ptrdiff_t n) {
    return i < 0 || i >= n ? -1 : i;
  }
};

nwm::cell::WaveOn<Lacking>* cell;
