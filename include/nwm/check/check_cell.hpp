// The test every cell must pass, the user's too: backpropagation through time against differences, an adjoint
// written by hand against the derived one, a backend against the specification.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/backend/backend.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/default.hpp"
#include "nwm/cell/check.hpp"
#include "nwm/cell/require.hpp"
#include "nwm/check/cell_report.hpp"
#include "nwm/check/check_gradient.hpp"
#include "nwm/check/site_checks.hpp"
#include "nwm/error.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/random.hpp"
#include "nwm/time/recurrence.hpp"

namespace nwm {

namespace detail {

/// A cell over a grid with random parameters, fields and weights of its series and of its last state; the
/// weighted sum is the value that is differentiated. Made alike on every backend.
template <class Cell, class B, class G, std::size_t channels, std::size_t steps>
struct CellProbe {
  using Input = model::StepInput<channels, G::sites / lanes_of<G>>;  ///< as many numbers as a field has
  using Waves = model::Recurrence<Cell, G, channels, steps, 1, B, double, 1, Input>;
  static constexpr std::size_t columns = Waves::columns, fields = Waves::fields;
  static constexpr std::size_t recorded = Waves::series.size();
  static constexpr auto layout = exact_layout<[](auto& all) { Waves::describe(all, ""); }>();
  static_assert(layout.size == Waves::parameters);

  Cell cell;
  std::vector<double> x;            ///< parameters of all stages, then the fields at the beginning
  std::vector<GradientPart> parts;  ///< of x, without untrained parameters and intermediates
  std::vector<double> series_weight, end_weight, drive;
  typename Waves::Tape tape{};
  typename Waves::Adjoint adjoint{};
  Buffer<double> scratch{Waves::scratch};

  explicit CellProbe(const CheckCellOptions<Cell>& options)
      : cell(options.cell),
        x(Waves::parameters + fields * columns),
        series_weight(steps * recorded * columns),
        end_weight(fields * columns),
        drive(cell::driven_cell<Cell> ? steps * columns : 0) {
    Random random(options.seed);
    for (const Slice& slice : layout.slices) {
      const auto part = std::span(x).subspan(slice.offset, slice.size);
      initialise(slice, part, random);
      if (!slice.trained) continue;
      for (double& v : part) v += random.uniform(-0.3, 0.3);
      parts.push_back({.name = std::string(slice.name.view()), .offset = slice.offset, .size = slice.size});
    }
    for (std::size_t f = 0; f < fields; ++f) {
      const cell::FieldInfo& field = cell::field<Cell>(f);
      const std::size_t offset = Waves::parameters + f * columns;
      for (double& v : std::span(x).subspan(offset, columns))
        v = random.uniform(options.ranges[f].low, options.ranges[f].high);
      if (field.role != cell::Role::intermediate && field.role != cell::Role::drive)
        parts.push_back({.name = std::string(field.name.view()), .offset = offset, .size = columns});
      if (field.role == cell::Role::state)
        for (double& v : std::span(end_weight).subspan(f * columns, columns)) v = random.uniform(-1, 1);
    }
    for (double& v : series_weight) v = random.uniform(-1, 1);
    for (double& v : drive) v = random.uniform(-1, 1);
    if (!drive.empty()) tape.drive = {drive.data(), columns};
  }

  double value() {
    for (std::size_t f = 0; f < fields; ++f)
      std::copy_n(x.data() + Waves::parameters + f * columns, columns, tape.initial(f));
    Waves::run(cell, x.data(), tape, 0, scratch.data());
    double sum = 0;
    for (std::size_t i = 0; i < steps; ++i)
      for (std::size_t r = 0; r < recorded; ++r) {
        const double* weight = series_weight.data() + (i * recorded + r) * columns;
        const double* state = tape.series_of(Waves::series[r]) + i * columns;
        for (std::size_t k = 0; k < columns; ++k) sum += weight[k] * state[k];
      }
    for (std::size_t f = 0; f < fields; ++f)
      if (cell::field<Cell>(f).role == cell::Role::state)
        for (std::size_t i = 0; i < columns; ++i)
          sum += end_weight[f * columns + i] * tape.after(f, steps - 1)[i];
    return sum;
  }

  /// Of value() with respect to x. Leaves the series of x on the tape.
  std::vector<double> gradient() {
    (void)value();
    std::vector<double> result(x.size()), weights = series_weight;  // which the backend may overwrite
    std::copy(end_weight.begin(), end_weight.end(), adjoint.gradient(0));
    Waves::run_back(cell, x.data(), tape, 0, weights.data(), adjoint, result.data(), scratch.data());
    std::copy_n(adjoint.gradient(0), fields * columns, result.data() + Waves::parameters);
    return result;
  }

  std::span<const double> series() const { return {tape.series(), steps * columns}; }
};

/// max |a − b| / max |b|, NaN when one is.
inline double relative_difference(std::span<const double> a, std::span<const double> b) {
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = std::abs(a[i] - b[i]);
    if (!(d <= worst)) worst = d;
    largest = std::max(largest, std::abs(b[i]));
    if (std::isnan(worst)) return worst;
  }
  return worst == 0 ? 0 : worst / largest;
}

}  // namespace detail

/// Runs `steps` time steps of `Cell` with `channels` oscillators over the grid G on backend B, in double,
/// with random parameters and fields, and compares: (a) the gradients that backpropagation through time gives
/// for every trained parameter, every initial state and every map with central differences; (b) the adjoint
/// of a stage, where one is written by hand, with the one derived from its update; (c) the step run
/// backwards, where the cell states it, with where it began; (d) what it says to follow from its series with
/// the step and its derived adjoint; (e) series and gradients with those of cpu::Scalar. A parameter or field
/// without any influence is a fault: it would compare 0 with 0. Throws Error as cell::require_numbers.
template <cell::Cell Cell, HostBackend B = DefaultBackend, CellGrid G = Grid<5, 7, cell::BoundaryOf<Cell>>,
          std::size_t channels = 2, std::size_t steps = 6>
CellReport check_cell(const CheckCellOptions<Cell>& options = {}) {
  static_assert(cell::checked<Cell>());
  cell::require_numbers(options.cell);
  CellReport report;
  for_constants<cell::stage_count<Cell>>([&](auto s) { detail::check_adjoint<Cell, s>(options, report); });
  detail::check_inverse(options, report);
  detail::check_recovered(options, report);

  detail::CellProbe<Cell, B, G, channels, steps> probe(options);
  detail::CellProbe<Cell, cpu::Scalar, G, channels, steps> specification(options);
  const std::vector<double> gradient = probe.gradient(), specified = specification.gradient();
  const auto compare = [&](std::span<const double> a, std::span<const double> b, const std::string& name) {
    const double error = detail::relative_difference(a, b);
    report.backend.take(error, name);
    if (!(error <= options.backend_tolerance))
      report.faults.push_back(name + ": relative error " + shown(error) + " against " +
                              std::string(cpu::Scalar::name));
  };
  compare(probe.series(), specification.series(), "series on " + std::string(B::name));
  for (const GradientPart& part : probe.parts)
    compare(std::span(gradient).subspan(part.offset, part.size),
            std::span(specified).subspan(part.offset, part.size),
            "gradient of " + part.name + " on " + std::string(B::name));

  GradientReport differences = check_gradient(
      std::span(probe.x), gradient, [&] { return probe.value(); }, probe.parts,
      {.tolerance = options.gradient_tolerance, .coordinates = options.coordinates, .seed = options.seed});
  report.gradient = differences.worst;
  for (std::string& fault : differences.faults) report.faults.push_back("gradient of " + std::move(fault));
  return report;
}

}  // namespace nwm

#include "nwm/pop_macros.inc"
