// What check_cell is asked, and what it finds.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nwm/cell/cell.hpp"
#include "nwm/check/check_gradient.hpp"
#include "nwm/error.hpp"

namespace nwm {

/// The cell that check_cell looks at, where its values are drawn from, and how close is close enough.
template <class Cell>
struct CheckCellOptions {
  Cell cell{};  ///< dt and the other numbers of the cell

  /// Where the random values of a field are drawn from.
  struct Range {
    double low = -1, high = 1;  ///< both ends
  };
  /// One for each field, by its enumerator; the values a cell is made for, e.g. (0, 1) for a damping.
  std::array<Range, cell::field_count<Cell>> ranges = [] {
    std::array<Range, cell::field_count<Cell>> r{};
    for (std::size_t f = 0; f < r.size(); ++f)
      if (cell::field<Cell>(f).role == cell::Role::map) r[f] = {0.1, 1};
    return r;
  }();

  std::uint64_t seed = 1;            ///< of all random values
  double gradient_tolerance = 1e-6;  ///< against differences
  double adjoint_tolerance = 1e-12;  ///< hand-written against derived adjoint
  double inverse_tolerance = 1e-9;  ///< a step back, or found again from the series, where the cell states it
  double backend_tolerance = 1e-11;  ///< backend against cpu::Scalar
  std::size_t coordinates = 0;       ///< compared in each parameter and field; 0: all
};

/// What check_cell found; errors are relative to the largest number of their quantity.
struct CellReport {
  WorstError gradient;  ///< backpropagation through time against differences
  WorstError adjoint;   ///< hand-written adjoints against derived ones; nothing compared when there are none
  WorstError
      inverse;  ///< a step back after a step (checkpointing::Reversible); nothing compared without `inverse`
  WorstError recovered;  ///< a step found again from its series (cell/series.hpp); nothing compared without
                         ///< `recover`
  WorstError backend;    ///< series and gradients against those of cpu::Scalar
  std::vector<std::string> faults;  ///< a line each

  /// Whether something was compared, and no fault found.
  bool ok() const { return faults.empty() && gradient.compared > 0; }

  /// Worst errors and faults, a line each.
  std::string text() const {
    std::string all;
    const auto line = [&](const char* what, const WorstError& w) {
      all += std::string(what) + ": " + shown(w.error) + " over " + std::to_string(w.compared) + " numbers" +
             (w.quantity.empty() ? "" : ", worst " + w.quantity) + "\n";
    };
    line("gradient", gradient);
    line("adjoint", adjoint);
    line("inverse", inverse);
    line("recovered", recovered);
    line("backend", backend);
    for (const std::string& fault : faults) all += fault + "\n";
    return all;
  }
};

}  // namespace nwm

#include "nwm/pop_macros.inc"
