// Whether a cell's time step is stable with the maps it runs on, for cells that say where it is not.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

#include "nwm/backend/kernels.hpp"
#include "nwm/cell/cell.hpp"
#include "nwm/error.hpp"

namespace nwm::model {

/// A cell that knows the limit of its time step: `bounded` lists the fields (maps) it depends on,
/// `stability(cell, values)` is below 1 where the step is stable, `bound` says so in words.
template <class C>
concept BoundedCell = requires {
  C::bounded.size();
  C::bound;
};

namespace detail {
/// What is asked of a cell at one column, as types: `at(cell, values of the maps)`.
struct StabilityOf {
  template <class Cell, class Values>
  static constexpr auto at(const Cell& cell, const Values& values) {
    return Cell::stability(cell, values);
  }
};
struct GrowthOf {
  template <class Cell, class Values>
  static constexpr auto at(const Cell& cell, const Values& values) {
    return Cell::growth(cell, values);
  }
};

/// Asked::at at one column.
template <class Asked, class Cell, class Real, std::size_t count>
struct Ask {
  Cell cell;
  std::array<const Real*, count> maps;
  template <class Lane>
  constexpr typename Lane::Value operator()(Lane lane) const {
    using V = typename Lane::Value;
    return V(Asked::at(cell, kernel::load_all(lane, maps)));
  }
};

/// max Asked::at over `columns` numbers.
template <class B, class Asked, class Real, class Cell, std::size_t count>
Real largest(const Cell& cell, const std::array<const Real*, count>& maps, std::size_t columns) {
  return B::template maximum<Real>(columns, Ask<Asked, Cell, Real, count>{cell, maps});
}

template <class Cell>
std::string time_step(const Cell& cell) {
  if constexpr (requires { static_cast<double>(cell.dt); })
    return "dt = " + shown(static_cast<double>(cell.dt));
  return "time step";
}
}  // namespace detail

/// Throws Unstable, naming dt, the bound and what was found, where `Cell::stability` is not below 1 somewhere
/// on its maps. maps: the fields of Cell::bounded, in order, `columns` numbers each. Cells without a bound
/// pass.
template <class Cell, class B, class Real, std::size_t count>
void check_stability(const Cell& cell, const std::array<const Real*, count>& maps, std::size_t columns) {
  if constexpr (BoundedCell<Cell>) {
    const Real worst = detail::largest<B, detail::StabilityOf>(cell, maps, columns);
    if (!(worst < Real(1)))
      throw Unstable("wave step", detail::time_step(cell), Cell::bound, shown(static_cast<double>(worst)));
  }
}

/// For runs of a known length: a learned map may stray beyond the strict bound at a few sites and come back,
/// so Unstable is thrown only where `Cell::growth` (|λ| of one step) to the power `steps` reaches 1/epsilon
/// of Real: there rounding errors have grown to the size of the signal. A cell without `growth` is held to
/// its strict bound.
template <class Cell, class B, class Real, std::size_t count>
void check_growth(const Cell& cell, const std::array<const Real*, count>& maps, std::size_t columns,
                  std::size_t steps) {
  if constexpr (requires { &Cell::template growth<Real>; }) {
    const Real worst = detail::largest<B, detail::GrowthOf>(cell, maps, columns);
    const double limit = std::pow(1.0 / static_cast<double>(std::numeric_limits<Real>::epsilon()),
                                  1.0 / static_cast<double>(steps));
    if (!(static_cast<double>(worst) < limit))
      throw Unstable("wave step", detail::time_step(cell),
                     std::string(Cell::bound) + ", or growth below " + shown(limit) + " a step",
                     "growth " + shown(static_cast<double>(worst)));
  } else {
    check_stability<Cell, B, Real>(cell, maps, columns);
  }
}

}  // namespace nwm::model
