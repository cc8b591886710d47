// Whether a cell's time step is stable with the maps it runs on, for cells that say where it is not.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string>

#include "nwm/backend/kernels.hpp"
#include "nwm/cell/stage.hpp"
#include "nwm/error.hpp"

namespace nwm::model {

/// A cell that knows the limit of its time step: `stability(cell, map)` is below 1 where the step is stable,
/// given its maps at a site; `bound` says so in words. cell::bounded<C> lists the maps it depends on.
template <class C>
concept BoundedCell = requires { C::bound; } && cell::detail::has_stability<C>;

namespace detail {
/// What is asked of a cell at one column, as types: `at(cell, values of the maps)`.
struct StabilityOf {
  template <class Cell, class Values>
  static constexpr auto at(const Cell& cell, const Values& values) {
    return Cell::stability(cell, cell::bounded_site<Cell>(values));
  }
};
struct GrowthOf {
  template <class Cell, class Values>
  static constexpr auto at(const Cell& cell, const Values& values) {
    return Cell::growth(cell, cell::bounded_site<Cell>(values));
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

/// The question of a run of a known length: growth where the cell tells it, else its strict bound.
template <class Cell>
struct RunBound {
  using type = StabilityOf;
};
template <class Cell>
requires cell::detail::has_growth<Cell>
struct RunBound<Cell> {
  using type = GrowthOf;
};

template <class Cell>
std::string time_step(const Cell& cell) {
  if constexpr (requires { static_cast<double>(cell.dt); })
    return "dt = " + shown(static_cast<double>(cell.dt));
  return "time step";
}
}  // namespace detail

/// The fields of cell::bounded on a tape.
template <class Cell, class Real, class Tape>
auto bounded_maps(Tape& tape) {
  constexpr auto& bounded = cell::bounded<Cell>;
  std::array<const Real*, bounded.size()> maps{};
  for (std::size_t i = 0; i < maps.size(); ++i) maps[i] = tape.initial(bounded[i]);
  return maps;
}

/// Throws Unstable, naming dt, the bound and what was found, where `Cell::stability` is not below 1 somewhere
/// on its maps. maps: the fields of cell::bounded, in order, `columns` numbers each. Cells without a bound
/// pass.
template <class Cell, class B, class Real, std::size_t count>
void check_stability(const Cell& cell, const std::array<const Real*, count>& maps, std::size_t columns) {
  if constexpr (BoundedCell<Cell>) {
    using Asked = detail::Ask<detail::StabilityOf, Cell, Real, count>;
    const Real worst = B::template maximum<Real>(columns, Asked{cell, maps});
    if (!(worst < Real(1)))
      throw Unstable("wave step", detail::time_step(cell), Cell::bound,
                     shown_exactly(static_cast<double>(worst)));
  }
}

/// For runs of a known length, in two parts, since a backend may answer later. Sets *worst (memory of B) to
/// the largest `Cell::growth` (|λ| of one step) on the maps, or `Cell::stability` of a cell without growth.
template <class Cell, class B, class Real, std::size_t count>
void ask_growth(const Cell& cell, const std::array<const Real*, count>& maps, std::size_t columns,
                Real* worst) {
  using Asked = detail::Ask<typename detail::RunBound<Cell>::type, Cell, Real, count>;
  B::template maximum_to<Real>(columns, Asked{cell, maps}, worst);
}

/// The growth a step from which on a run of `steps` steps is refused. A learned map may stray beyond the
/// strict bound at some sites and come back: their waves grow, what they tell their neighbours is bounded,
/// and the loss pulls the map back (on Tetrominoes some seeds pass through this in their first hundred
/// steps). So a run passes while its waves less than double in a step and cannot overflow, or, if it is
/// short, while rounding errors do not grow to the size of the signal.
template <class Real>
double growth_limit(std::size_t steps) {
  const auto a_step = [&](Real in_all) {
    return std::pow(static_cast<double>(in_all), 1.0 / static_cast<double>(steps));
  };
  return std::max(std::min(a_step(std::numeric_limits<Real>::max()), 2.0),
                  a_step(Real(1) / std::numeric_limits<Real>::epsilon()));
}

/// Throws Unstable where the answer to ask_growth reaches growth_limit. A cell without `growth` is held to
/// its strict bound.
template <class Cell, class Real>
void require_growth(const Cell& cell, Real worst, std::size_t steps) {
  constexpr bool known = std::same_as<typename detail::RunBound<Cell>::type, detail::GrowthOf>;
  const double limit = known ? growth_limit<Real>(steps) : 1.0;
  if (static_cast<double>(worst) < limit) return;
  const std::string found = shown_exactly(static_cast<double>(worst));
  if constexpr (known)
    throw Unstable("wave step", detail::time_step(cell),
                   std::string(Cell::bound) + ", or growth below " + shown_exactly(limit) + " a step",
                   "growth " + found);
  else throw Unstable("wave step", detail::time_step(cell), Cell::bound, found);
}

}  // namespace nwm::model

#include "nwm/pop_macros.inc"
