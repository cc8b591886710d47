// What a cell states beside its step, at random sites: adjoint, inverse, and what follows from the series.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>

#include "nwm/cell/derivative.hpp"
#include "nwm/cell/series.hpp"
#include "nwm/cell/stage.hpp"
#include "nwm/check/cell_report.hpp"
#include "nwm/checkpointing/reversible.hpp"
#include "nwm/random.hpp"

namespace nwm::detail {

/// Takes the differences of an adjoint of stage S from the derived one, relative to the largest number of
/// that: `whose`, then the name of the number, then `when`.
template <class S>
void take_differences(WorstError& worst, const cell::SiteGradient<double, S>& own,
                      const cell::SiteGradient<double, S>& derived, const std::string& whose,
                      const std::string& when = "") {
  double scale = 0;
  for (const double v : derived.coupled) scale = std::max(scale, std::abs(v));
  for (const double v : derived.site) scale = std::max(scale, std::abs(v));
  const auto take = [&](double a, double b, const std::string& name) {
    worst.take(a == b ? 0 : std::abs(a - b) / scale, whose + ", " + name + when);
  };
  for (std::size_t g = 0; g < own.coupled.size(); ++g)
    take(own.coupled[g], derived.coupled[g], "coupled " + std::to_string(g));
  for (std::size_t r = 0; r < own.site.size(); ++r)
    take(own.site[r], derived.site[r], std::string(cell::field<typename S::Cell>(S::reads[r]).name.view()));
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
      take_differences<S>(worst, own, derived, stage);
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

/// The field that is not recorded, and the adjoint, as they follow from the series, where the cell states
/// it, against the step and the derived adjoint, at random sites.
template <class Cell>
void check_recovered(const CheckCellOptions<Cell>& options, CellReport& report) {
  if constexpr (cell::SeriesCell<Cell>) {
    using S = cell::Stage<Cell, 0>;
    constexpr std::size_t y = cell::recorded_fields<Cell>[0], z = cell::recovered_field<Cell>;
    Random random(options.seed, 2000);
    for (int trial = 0; trial < 200; ++trial) {
      const std::array<double, 1> coupled{random.uniform(-2, 2)};
      std::array<double, S::reads.size()> site{};
      std::array<double, S::writes.size()> gradient{};
      for (std::size_t r = 0; r < site.size(); ++r) {
        const auto [low, high] = options.ranges[S::reads[r]];
        site[r] = random.uniform(low, high);
      }
      for (double& v : gradient) v = random.uniform(-1, 1);
      const auto next = S::update(options.cell, coupled, site);
      typename S::template Site<double> before, after;
      before[y] = site[cell::position(S::reads, y)];
      after[y] = next[cell::position(S::writes, y)];
      Cell::recover(options.cell, before, after);
      const double moved = next[cell::position(S::writes, z)];
      report.recovered.take(std::abs(after[z] - moved) / std::max(std::abs(moved), 1.0),
                            "recover of " + std::string(cell::field<Cell>(z).name.view()));
      const auto compare = [&](const std::array<double, S::reads.size()>& now, const auto& found,
                               const std::string& when) {
        take_differences<S>(report.recovered, found,
                            cell::derived_adjoint<S>(options.cell, coupled, now, gradient),
                            "recovered_adjoint", when);
      };
      // As in the first step of a run, whose z is known.
      compare(site, cell::recovered_site_adjoint<S>(options.cell, true, site, after[y], gradient), "");
      // As in a later step, which this one led to: z follows, too.
      auto then = site;
      for (const std::size_t f : {y, z})
        then[cell::position(S::reads, f)] = next[cell::position(S::writes, f)];
      const double later = S::update(options.cell, coupled, then)[cell::position(S::writes, y)];
      auto told = then;
      told[cell::position(S::reads, z)] = before[y];
      compare(then, cell::recovered_site_adjoint<S>(options.cell, false, told, later, gradient),
              " of a later step");
    }
    if (!(report.recovered.error <= options.inverse_tolerance))
      report.faults.push_back(report.recovered.quantity + ": relative error " +
                              shown(report.recovered.error) + " against the step");
  } else if constexpr (cell::detail::StatesRecover<Cell>) {
    // Inherited by a cell with a step of its own, it does not count, and that is no fault.
    if constexpr (cell::detail::RecoversItself<Cell>)
      report.faults.push_back(
          "recover: the cell is no cell::SeriesCell, so that nobody uses it: one stage that gathers the "
          "recorded field, writes it and one more, reads both, and recovered_rounding(cell), a double");
  }
}

}  // namespace nwm::detail

#include "nwm/pop_macros.inc"
