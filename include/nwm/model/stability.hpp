// Whether a cell's time step is stable with the maps it runs on, for cells that say where it is not.
#pragma once

#include <array>
#include <cstddef>
#include <string>

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

/// Throws Unstable, naming dt, the bound and what was found, where `Cell::stability` is not below 1 somewhere
/// on its maps. maps: the fields of Cell::bounded, in order, `columns` numbers each. Cells without a bound
/// pass.
template <class Cell, class B, class Real>
void check_stability(const Cell& cell, const auto& maps, std::size_t columns) {
  if constexpr (BoundedCell<Cell>) {
    constexpr std::size_t count = Cell::bounded.size();
    const Real worst = B::template maximum<Real>(columns, [maps, &cell](auto lane) {
      using V = typename decltype(lane)::Value;
      std::array<V, count> values;
      for (std::size_t i = 0; i < count; ++i) values[i] = lane.load(maps[i]);
      return V(Cell::stability(cell, values));
    });
    if (!(worst < Real(1))) {
      std::string field = "time step";
      if constexpr (requires { std::to_string(cell.dt); }) field = "dt = " + std::to_string(cell.dt);
      throw Unstable("wave step", field, Cell::bound, std::to_string(worst));
    }
  }
}

}  // namespace nwm::model
