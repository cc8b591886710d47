// expect: source.i, n. is i on the axis
// expect: Shifted
// max-lines: 15
// max-errors: 0
// A boundary that is asked on the grid, too, and answers with another site.
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/grid/grid.hpp"

struct Shifted {
  static constexpr std::string_view name = "shifted";
  static constexpr bool self_adjoint = false;
  static constexpr std::ptrdiff_t source(std::ptrdiff_t i, std::ptrdiff_t n) {
#ifdef NWM_SHOULD_COMPILE
    return i < 0 || i >= n ? -1 : i;
#else
    return i < 0 || i >= n ? -1 : n - 1 - i;
#endif
  }
};

// The stencil's boundary, where the grid has another.
void couple(const float* parameters, const std::array<const float*, 1>& in, float* out, float* scratch) {
  nwm::cpu::Scalar::couple<nwm::Stencil<1, 1, 3, Shifted>, nwm::Grid<5, 7>, nwm::Activation::none>(
      parameters, in, out, scratch);
}
