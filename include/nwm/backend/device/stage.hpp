// A stage of a step at one site: what the fused kernels of a step do with the stencils' sums.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/backend/device/steps.hpp"
#include "nwm/backend/device/unroll.hpp"
#include "nwm/cell/derivative.hpp"

namespace nwm::device {

/// Stage s of step i: from its drive at number `at` of a field (channel·sites + site) to the fields it
/// writes; sets drive and versions on the tape.
template <class Steps, std::size_t s>
struct StageSite {
  using Real = typename Steps::Real;
  using Stage = typename Steps::template Stage<s>;
  static constexpr std::size_t groups = Stage::coupling.groups, reads = Stage::reads.size();

  Steps steps;
  std::size_t i;

  constexpr void operator()(std::size_t at, const std::array<Real, groups>& drive) const {
    Real* const to = steps.template drive<s>(i) + at;
    NWM_UNROLL
    for (std::size_t g = 0; g < groups; ++g) to[g * Steps::columns] = drive[g];
    std::array<Real, reads> site;
    each_constant<reads>([&](auto k) { site[k] = steps.template seen<s, Stage::reads[k]>()[i][at]; });
    const auto next = Stage::update(steps.cell, drive, site);
    each_constant<Stage::writes.size()>(
        [&](auto k) { steps.template version<s, Stage::writes[k]>(i)[at] = next[k]; });
  }
};

/// The adjoint of StageSite: puts the drive's gradient in the place of the drive, and moves that of the
/// fields (field f at gradient + f·columns) from after the stage to before it; before the last stage of a
/// step it adds the gradient of the series (length, columns). A kernel of `map` over the numbers of a field.
template <class Steps, std::size_t s>
struct StageSiteAdjoint {
  using Real = typename Steps::Real;
  using Stage = typename Steps::template Stage<s>;
  static constexpr std::size_t groups = Stage::coupling.groups, reads = Stage::reads.size();
  static constexpr std::size_t writes = Stage::writes.size(), columns = Steps::columns;

  Steps steps;
  std::size_t i;
  const Real* series_gradient;
  Real* gradient;

  template <class Lane>
  constexpr void operator()(Lane lane) const {
    at(lane.index);
  }
  constexpr void at(std::size_t n) const {
    if constexpr (s + 1 == Steps::stages)
      gradient[Steps::Cell::recorded * columns + n] += series_gradient[i * columns + n];
    Real* const drive_at = steps.template drive<s>(i) + n;
    std::array<Real, groups> drive;
    std::array<Real, reads> site;
    std::array<Real, writes> out;
    NWM_UNROLL
    for (std::size_t g = 0; g < groups; ++g) drive[g] = drive_at[g * columns];
    each_constant<reads>([&](auto k) { site[k] = steps.template seen<s, Stage::reads[k]>()[i][n]; });
    each_constant<writes>([&](auto k) { out[k] = gradient[Stage::writes[k] * columns + n]; });
    const auto result = cell::site_adjoint<Stage>(steps.cell, drive, site, out);
    NWM_UNROLL
    for (std::size_t g = 0; g < groups; ++g) drive_at[g * columns] = result.drive[g];
    // A field that is written starts anew below this stage; one that is only read goes on.
    each_constant<writes>([&](auto k) {
      if constexpr (cell::position(Stage::reads, Stage::writes[k]) == reads)
        gradient[Stage::writes[k] * columns + n] = Real(0);
    });
    each_constant<reads>([&](auto k) {
      Real& to = gradient[Stage::reads[k] * columns + n];
      if constexpr (cell::position(Stage::writes, Stage::reads[k]) < writes) to = result.site[k];
      else to += result.site[k];
    });
  }
};

/// What the adjoint of stage s's stencil ends with: its sums are added to the gradient of the fields it
/// gathers, and then the adjoint of the stage before it (`next`; of step i − 1 below the first stage) goes on
/// at the same site, unless the run's start is reached.
template <class Steps, std::size_t s, std::size_t next>
struct StageSent {
  using Real = typename Steps::Real;
  using Stage = typename Steps::template Stage<s>;
  static constexpr std::size_t parts = Stage::from.size();

  StageSiteAdjoint<Steps, next> before;
  bool last;

  constexpr void operator()(std::size_t at, const std::array<Real, parts>& sum) const {
    each_constant<parts>([&](auto k) { before.gradient[Stage::from[k] * Steps::columns + at] += sum[k]; });
    if (!last) before.at(at);
  }
};

}  // namespace nwm::device
