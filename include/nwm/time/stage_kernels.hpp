// A stage of a step as the kernels that a backend maps over the columns of a field.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/backend/kernels.hpp"
#include "nwm/cell/cell.hpp"
#include "nwm/tape/stage_site.hpp"

namespace nwm::model {

namespace detail {

/// One stage of a step at one column: out = Stage::update(cell, coupled value, in). Group g of the coupled
/// value stands at coupled + g·columns.
template <class Stage, class Cell, class Real>
struct StageForward {
  static constexpr std::size_t groups = Stage::groups;
  Cell cell;
  std::size_t columns;
  const Real* coupled;
  std::array<const Real*, Stage::reads.size()> in;
  std::array<Real*, Stage::writes.size()> out;

  template <class Lane>
  constexpr void operator()(Lane lane) const {
    (*this)(lane, kernel::load_groups<groups>(lane, coupled, columns));
  }
  /// With a coupled value that is in registers.
  template <class Lane>
  constexpr void operator()(Lane lane, const std::array<typename Lane::Value, groups>& d) const {
    stage_at<Stage>(
        cell, d, [&](auto k) { return lane.load(in[k]); },
        [&](auto k, const auto& value) { lane.store(out[k], value); });
  }
};

/// The adjoint of StageForward: sets the coupled value's gradient, group by group, and moves that of the
/// fields (field f at fields_gradient + f·columns) from after the stage to before it.
template <class Stage, class Cell, class Real>
struct StageBackward {
  static constexpr std::size_t groups = Stage::groups;
  Cell cell;
  std::size_t columns;
  const Real* coupled;
  std::array<const Real*, Stage::reads.size()> in;
  Real *coupled_gradient, *fields_gradient;

  template <class Lane>
  constexpr void operator()(Lane lane) const {
    (*this)(lane, kernel::load_groups<groups>(lane, coupled, columns));
  }
  /// With a coupled value that is in registers.
  template <class Lane>
  constexpr void operator()(Lane lane, const std::array<typename Lane::Value, groups>& d) const {
    const auto result = stage_adjoint_at<Stage>(
        cell, d, [&](auto k) { return lane.load(in[k]); },
        [&](auto f) { return lane.load(fields_gradient + f * columns); },
        [&](auto f, const auto& value) {
          // The input of a step has no gradient.
          if constexpr (cell::role<Cell, f> != cell::Role::drive)
            lane.store(fields_gradient + f * columns, value);
        });
    for (std::size_t g = 0; g < groups; ++g) lane.store(coupled_gradient + g * columns, result[g]);
  }
};

}  // namespace detail

}  // namespace nwm::model
