// A stage of a step at one site: what the fused kernels of a step do with the stencils' sums.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/backend/device/unroll.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/tape/segment.hpp"
#include "nwm/tape/stage_site.hpp"

namespace nwm::device {

/// Stage s of step i: from its coupled value at number `at` of a field (channel·sites + site) to the fields
/// it writes; sets coupled value and versions on the tape.
template <class TimeSegment, std::size_t s>
struct StageSite {
  using Real = typename TimeSegment::Real;
  using Stage = typename TimeSegment::template Stage<s>;
  static constexpr std::size_t groups = Stage::groups;

  TimeSegment steps;
  std::size_t i;

  constexpr void operator()(std::size_t at, const std::array<Real, groups>& coupled) const {
    Real* const to = steps.template coupled<s>(i) + at;
    NWM_UNROLL
    for (std::size_t g = 0; g < groups; ++g) to[g * TimeSegment::columns] = coupled[g];
    model::stage_at<Stage>(
        steps.cell, coupled, [&](auto k) { return steps.template seen<s, Stage::reads[k]>()[i][at]; },
        [&](auto k, Real value) { steps.template version<s, Stage::writes[k]>(i)[at] = value; });
  }
};

/// The adjoint of StageSite: puts the coupled value's gradient in the place of the coupled value, and moves
/// that of the fields (field f at gradient + f·columns) from after the stage to before it; before the last
/// stage of a step it adds the gradient of the series (length, columns). A kernel of `map` over the numbers
/// of a field.
template <class TimeSegment, std::size_t s>
struct StageSiteAdjoint {
  using Real = typename TimeSegment::Real;
  using Stage = typename TimeSegment::template Stage<s>;
  static constexpr std::size_t groups = Stage::groups, columns = TimeSegment::columns;

  TimeSegment steps;
  std::size_t i;
  const Real* series_gradient;
  Real* gradient;

  template <class Lane>
  constexpr void operator()(Lane lane) const {
    at(lane.index);
  }
  constexpr void at(std::size_t n) const {
    if constexpr (s + 1 == TimeSegment::stages)
      gradient[cell::recorded<typename TimeSegment::Cell> * columns + n] += series_gradient[i * columns + n];
    Real* const coupled_at = steps.template coupled<s>(i) + n;
    std::array<Real, groups> coupled;
    NWM_UNROLL
    for (std::size_t g = 0; g < groups; ++g) coupled[g] = coupled_at[g * columns];
    const auto result = model::stage_adjoint_at<Stage>(
        steps.cell, coupled, [&](auto k) { return steps.template seen<s, Stage::reads[k]>()[i][n]; },
        [&](auto f) { return gradient[f * columns + n]; },
        [&](auto f, Real value) { gradient[f * columns + n] = value; });
    NWM_UNROLL
    for (std::size_t g = 0; g < groups; ++g) coupled_at[g * columns] = result[g];
  }
};

/// What the adjoint of stage s's stencil ends with: its sums are added to the gradient of the fields it
/// gathers, and then the adjoint of the stage before it (`next`; of step i − 1 below the first stage) goes on
/// at the same site, unless the run's start is reached.
template <class TimeSegment, std::size_t s, std::size_t next>
struct StageSent {
  using Real = typename TimeSegment::Real;
  using Stage = typename TimeSegment::template Stage<s>;
  static constexpr std::size_t parts = Stage::from.size();

  StageSiteAdjoint<TimeSegment, next> before;
  bool last;

  constexpr void operator()(std::size_t at, const std::array<Real, parts>& sum) const {
    for_constants<parts>(
        [&](auto k) { before.gradient[Stage::from[k] * TimeSegment::columns + at] += sum[k]; });
    if (!last) before.at(at);
  }
};

}  // namespace nwm::device
