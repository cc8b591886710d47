// What the adjoint of a stage recalls of its step from the tape, whatever the tape keeps.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/cell/series.hpp"
#include "nwm/tape/segment.hpp"
#include "nwm/tape/stage_site.hpp"

namespace nwm::model {

/// Stage s of a TimeSegment: for each field it reads, and for each group, one number a site, and the adjoint
/// from these. Of a tape that keeps all they are the field as the stage saw it, and the coupled value. Of a
/// series (cell::SeriesMap) the recorded field one step earlier stands for the field that is not recorded,
/// and the recorded field after the step for the coupled value: three steps of one series, of which two were
/// read for the step behind.
template <class TimeSegment, std::size_t s>
struct Recalled {
  using Real = typename TimeSegment::Real;
  using Cell = typename TimeSegment::Cell;
  using Stage = typename TimeSegment::template Stage<s>;
  static constexpr bool whole = TimeSegment::Map::keeps_coupled;

  /// Where the numbers for field Stage::reads[k] at step i stand.
  template <std::size_t k>
  static constexpr const Real* read(const TimeSegment& steps, std::size_t i) {
    constexpr std::size_t f = Stage::reads[k];
    if constexpr (whole) {
      return steps.template seen<s, f>()[i];
    } else if constexpr (f == cell::recovered_field<Cell>) {
      return i == 0 ? steps.initial[f] : steps.template seen<s, cell::recorded<Cell>>()[i - 1];
    } else {
      return steps.template seen<s, f>()[i];
    }
  }
  /// Where those for group g of the coupled value stand.
  static constexpr const Real* coupled(const TimeSegment& steps, std::size_t i, std::size_t g) {
    if constexpr (whole) return steps.template coupled<s>(i) + g * TimeSegment::columns;
    else return steps.template version<s, cell::recorded<Cell>>(i);
  }

  /// stage_adjoint_at from these numbers at a site: coupled, and load(k) of read k.
  template <class V, class Load, class Get, class Set>
  [[gnu::always_inline]] static constexpr std::array<V, Stage::groups> adjoint(
      const TimeSegment& steps, [[maybe_unused]] std::size_t i, const std::array<V, Stage::groups>& coupled,
      const Load& load, const Get& get, const Set& set) {
    if constexpr (whole) {
      return stage_adjoint_at<Stage>(steps.cell, coupled, load, get, set);
    } else {
      return move_gradient<Stage, V>(load, get, set, [&](const auto& site, const auto& gradient) {
        return cell::recovered_site_adjoint<Stage>(steps.cell, i == 0, site, coupled[0], gradient);
      });
    }
  }
};

}  // namespace nwm::model
