// expect: source.i, n. is i on the axis
// expect: Mirror
// max-lines: 15
// max-errors: 0
// A mirror at the outermost nodes, on a single row: there is no row next to it.
#include "nwm/grid/grid.hpp"

struct Mirror {
  static constexpr std::string_view name = "mirror";
  static constexpr bool self_adjoint = false;
  static constexpr std::ptrdiff_t source(std::ptrdiff_t i, std::ptrdiff_t n) {
    return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i;
  }
};

#ifdef NWM_SHOULD_COMPILE
nwm::Grid<2, 7, Mirror>::Boundary boundary;
#else
nwm::Grid<1, 7, Mirror>::Boundary boundary;
#endif
