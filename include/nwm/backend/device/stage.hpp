// A stage of a step at one site: what the fused kernels of a step do with the stencils' sums. What they read
// (`Read`) can be asked for before: then the numbers of several sites are on their way at once.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/backend/device/unroll.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/tape/recalled.hpp"
#include "nwm/tape/segment.hpp"
#include "nwm/tape/stage_site.hpp"

namespace nwm::device {

/// Stage s of step i: from its coupled value at number `at` of a field (channel·sites + site) to the fields
/// it writes; sets what the tape keeps of them.
template <class TimeSegment, std::size_t s>
struct StageSite {
  using Real = typename TimeSegment::Real;
  using Stage = typename TimeSegment::template Stage<s>;
  static constexpr std::size_t groups = Stage::groups;

  /// What the stage reads at a site.
  using Read = std::array<Real, Stage::reads.size()>;

  TimeSegment steps;
  std::size_t i;

  constexpr Read read(std::size_t at) const {
    Read site;
    for_constants<Stage::reads.size()>(
        [&](auto k) { site[k] = steps.template seen<s, Stage::reads[k]>()[i][at]; });
    return site;
  }
  constexpr void operator()(std::size_t at, const std::array<Real, groups>& coupled) const {
    (*this)(at, coupled, read(at));
  }
  constexpr void operator()(std::size_t at, const std::array<Real, groups>& coupled, const Read& site) const {
    if constexpr (TimeSegment::Map::keeps_coupled) {
      Real* const to = steps.template coupled<s>(i) + at;
      NWM_UNROLL
      for (std::size_t g = 0; g < groups; ++g) to[g * TimeSegment::columns] = coupled[g];
    }
    model::stage_at<Stage>(
        steps.cell, coupled, [&](auto k) { return site[k]; },
        [&](auto k, Real value) { steps.template version<s, Stage::writes[k]>(i)[at] = value; });
  }
};

/// The adjoint of StageSite: puts the coupled value's gradient in the place of steps.coupled, and moves
/// that of the fields (field f at gradient + f·columns) from after the stage to before it; before the last
/// stage of a step it adds the gradient of the series (length, columns). A kernel of `map` over the numbers
/// of a field.
template <class TimeSegment, std::size_t s>
struct StageSiteAdjoint {
  using Real = typename TimeSegment::Real;
  using Stage = typename TimeSegment::template Stage<s>;
  using Tape = model::Recalled<TimeSegment, s>;
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
    Read all;
    read_gradient(n, all);
    read(n, all);
    at(n, all);
  }

  /// What the adjoint reads at number n of a field.
  struct Read {
    std::array<Real, TimeSegment::fields> gradient;
    std::array<Real, Stage::reads.size()> site;
    std::array<Real, groups> coupled;
    Real series;
  };
  constexpr void read_gradient(std::size_t n, Read& all) const {
    for_constants<TimeSegment::fields>([&](auto f) { all.gradient[f] = gradient[f * columns + n]; });
  }
  constexpr void read(std::size_t n, Read& all) const {
    for_constants<Stage::reads.size()>([&](auto k) { all.site[k] = Tape::template read<k>(steps, i)[n]; });
    NWM_UNROLL
    for (std::size_t g = 0; g < groups; ++g) all.coupled[g] = Tape::coupled(steps, i, g)[n];
    if constexpr (s + 1 == TimeSegment::stages) all.series = series_gradient[i * columns + n];
  }
  /// The adjoint from what was read.
  constexpr void at(std::size_t n, Read& all) const {
    if constexpr (s + 1 == TimeSegment::stages) {
      constexpr std::size_t recorded = cell::recorded<typename TimeSegment::Cell>;
      all.gradient[recorded] += all.series;
      gradient[recorded * columns + n] = all.gradient[recorded];
    }
    Real* const coupled_at = steps.template coupled<s>(i) + n;
    const auto result = Tape::adjoint(
        steps, i, all.coupled, [&](auto k) { return all.site[k]; }, [&](auto f) { return all.gradient[f]; },
        [&](auto f, Real value) {
          all.gradient[f] = value;
          gradient[f * columns + n] = value;
        });
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

  using Read = typename StageSiteAdjoint<TimeSegment, next>::Read;

  constexpr Read read(std::size_t at) const {
    Read all;
    before.read_gradient(at, all);
    if (!last) before.read(at, all);
    return all;
  }
  constexpr void operator()(std::size_t at, const std::array<Real, parts>& sum) const {
    (*this)(at, sum, read(at));
  }
  constexpr void operator()(std::size_t at, const std::array<Real, parts>& sum, Read all) const {
    for_constants<parts>([&](auto k) {
      constexpr std::size_t f = Stage::from[k];
      all.gradient[f] += sum[k];
      before.gradient[f * TimeSegment::columns + at] = all.gradient[f];
    });
    if (!last) before.at(at, all);
  }
};

}  // namespace nwm::device
