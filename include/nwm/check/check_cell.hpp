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
#include "nwm/cell/derivative.hpp"
#include "nwm/cell/require.hpp"
#include "nwm/cell/stage.hpp"
#include "nwm/check/check_gradient.hpp"
#include "nwm/checkpointing/reversible.hpp"
#include "nwm/error.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/random.hpp"
#include "nwm/time/recurrence.hpp"

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
  double inverse_tolerance = 1e-9;   ///< a step back after a step, where the cell states one
  double backend_tolerance = 1e-11;  ///< backend against cpu::Scalar
  std::size_t coordinates = 0;       ///< compared in each parameter and field; 0: all
};

/// What check_cell found; errors are relative to the largest number of their quantity.
struct CellReport {
  WorstError gradient;  ///< backpropagation through time against differences
  WorstError adjoint;   ///< hand-written adjoints against derived ones; nothing compared when there are none
  WorstError
      inverse;  ///< a step back after a step (checkpointing::Reversible); nothing compared without `inverse`
  WorstError backend;               ///< series and gradients against those of cpu::Scalar
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
    line("backend", backend);
    for (const std::string& fault : faults) all += fault + "\n";
    return all;
  }
};

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
    std::vector<double> result(x.size());
    std::copy(end_weight.begin(), end_weight.end(), adjoint.gradient(0));
    Waves::run_back(cell, x.data(), tape, 0, series_weight.data(), adjoint, result.data(), scratch.data());
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

/// Stage s's own adjoint against the derived one at random sites.
template <class Cell, std::size_t s>
void check_adjoint(const CheckCellOptions<Cell>& options, CellReport& report) {
  using S = cell::Stage<Cell, s>;
  constexpr std::size_t groups = S::groups, reads = S::reads.size();
  if constexpr (S::has_adjoint) {
    std::array<double, groups> coupled{};
    std::array<double, reads> site{};
    std::array<double, S::writes.size()> gradient{};
    Random random(options.seed, s + 1);
    const std::string stage = "adjoint of stage " + std::to_string(s);
    WorstError worst;
    for (int trial = 0; trial < 200; ++trial) {
      for (double& v : coupled) v = random.uniform(-2, 2);
      for (std::size_t r = 0; r < reads; ++r) {
        const auto [low, high] = options.ranges[S::reads[r]];
        site[r] = random.uniform(low, high);
      }
      for (double& v : gradient) v = random.uniform(-1, 1);
      const auto own = cell::site_adjoint<S>(options.cell, coupled, site, gradient);
      const auto derived = cell::derived_adjoint<S>(options.cell, coupled, site, gradient);
      double scale = 0;
      for (const double v : derived.coupled) scale = std::max(scale, std::abs(v));
      for (const double v : derived.site) scale = std::max(scale, std::abs(v));
      const auto compare = [&](double a, double b, const std::string& name) {
        worst.take(a == b ? 0 : std::abs(a - b) / scale, stage + ", " + name);
      };
      for (std::size_t g = 0; g < groups; ++g)
        compare(own.coupled[g], derived.coupled[g], "coupled " + std::to_string(g));
      for (std::size_t r = 0; r < reads; ++r)
        compare(own.site[r], derived.site[r], std::string(cell::field<Cell>(S::reads[r]).name.view()));
    }
    report.adjoint.merge(worst);
    if (!(worst.error <= options.adjoint_tolerance))
      report.faults.push_back(worst.quantity + ": relative error " + shown(worst.error) +
                              " against the derived adjoint");
  }
}

/// The step run backwards, where the cell states it, against where the step began, at random sites.
template <class Cell>
void check_inverse(const CheckCellOptions<Cell>& options, CellReport& report) {
  if constexpr (model::ReversibleCell<Cell>) {
    using Back = model::detail::StepBack<Cell>;
    using Stage = typename Back::Stage;
    std::array<double, Stage::groups> coupled{};
    std::array<double, cell::field_count<Cell>> before{};
    Random random(options.seed, 1000);
    const auto take = [&]<std::size_t n>(const std::array<std::size_t, n>& list) {
      std::array<double, n> values;
      for (std::size_t k = 0; k < n; ++k) values[k] = before[list[k]];
      return values;
    };
    const auto compare = [&](double found, std::size_t field, const char* what) {
      const double expected = before[field];
      report.inverse.take(
          found == expected ? 0 : std::abs(found - expected) / std::max(std::abs(expected), 1.0),
          std::string(what) + " of " + std::string(cell::field<Cell>(field).name.view()));
    };
    for (int trial = 0; trial < 200; ++trial) {
      for (double& v : coupled) v = random.uniform(-2, 2);
      for (const std::size_t f : Stage::reads) {
        const auto [low, high] = options.ranges[f];
        before[f] = random.uniform(low, high);
      }
      auto now = before;
      const auto next = Stage::update(options.cell, coupled, take(Stage::reads));
      for (std::size_t w = 0; w < next.size(); ++w) now[Stage::writes[w]] = next[w];
      std::array<double, Back::after.size()> after;
      for (std::size_t k = 0; k < after.size(); ++k) after[k] = now[Back::after[k]];
      if constexpr (Back::gathered.size() > 0) {
        const auto gathered = Back::coupled_before(options.cell, after);
        for (std::size_t k = 0; k < gathered.size(); ++k)
          compare(gathered[k], Back::gathered[k], "coupled_before");
      }
      const auto back = Back::inverse(options.cell, coupled, after);
      for (std::size_t w = 0; w < back.size(); ++w) compare(back[w], Stage::writes[w], "inverse");
    }
    if (!(report.inverse.error <= options.inverse_tolerance))
      report.faults.push_back(report.inverse.quantity + ": relative error " + shown(report.inverse.error) +
                              " against where the step began");
  }
}

}  // namespace detail

/// Runs `steps` time steps of `Cell` with `channels` oscillators over the grid G on backend B, in double,
/// with random parameters and fields, and compares: (a) the gradients that backpropagation through time gives
/// for every trained parameter, every initial state and every map with central differences; (b) the adjoint
/// of a stage, where one is written by hand, with the one derived from its update; (c) the step run
/// backwards, where the cell states it, with where it began; (d) series and gradients with those of
/// cpu::Scalar. A parameter or field without any influence is a fault: it would compare 0 with 0. Throws
/// Error as cell::require_numbers.
template <cell::Cell Cell, HostBackend B = DefaultBackend, CellGrid G = Grid<5, 7, cell::BoundaryOf<Cell>>,
          std::size_t channels = 2, std::size_t steps = 6>
CellReport check_cell(const CheckCellOptions<Cell>& options = {}) {
  static_assert(cell::checked<Cell>());
  cell::require_numbers(options.cell);
  CellReport report;
  for_constants<cell::stage_count<Cell>>([&](auto s) { detail::check_adjoint<Cell, s>(options, report); });
  detail::check_inverse(options, report);

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
