// expect: source.i, n. is i on the axis
// expect: Beyond
// max-lines: 15
// max-errors: 0
// A boundary that answers with an index that the axis does not have.
#include "nwm/grid/grid.hpp"

struct Beyond {
  static constexpr std::string_view name = "beyond";
  static constexpr bool self_adjoint = false;
  static constexpr std::ptrdiff_t source(std::ptrdiff_t i, std::ptrdiff_t n) {
#ifdef NWM_SHOULD_COMPILE
    return i < 0 ? 0 : i >= n ? n - 1 : i;
#else
    return i < 0 ? 0 : i >= n ? n : i;
#endif
  }
};

nwm::Grid<5, 7, Beyond>::Boundary boundary;
