// A run of time steps: the cell, where every value of its tape stands, and the order of its stages. All who
// run steps, on the processor, on a device, at once or one by one, read and write by this map.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cstddef>
#include <type_traits>

#include "nwm/cell/stage.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/tape/stage_coupling.hpp"
#include "nwm/tape/stages.hpp"
#include "nwm/tape/tape.hpp"

namespace nwm::model {

/// What one stage sees of one field at the steps of a run: `first` at step 0, rest + (i − 1)·stride at step
/// i.
template <class Real>
struct Versions {
  const Real *first, *rest;
  std::size_t stride;
  constexpr const Real* operator[](std::size_t i) const { return i == 0 ? first : rest + (i - 1) * stride; }
};

/// The input of the steps of a run: that of step i at first + i·stride. A stride of 0 is a constant input.
template <class Real>
struct Drive {
  const Real* first = nullptr;
  std::size_t stride = 0;
};

/// `length` steps of Cell with `channels` oscillators over G on a tape (tape/tape.hpp): slot[step][plane of
/// channel c, image, site]. initial[f] is field f at the start. Also a kernel's view, passed by value. Map_
/// is what the tape keeps: all (cell::TapeMap), or the series (cell::SeriesMap). There the coupled values'
/// gradients stand in `sent` (length, channels, sites), which the run backwards is given.
template <class Cell_, class G_, std::size_t channels_, std::size_t length_, class Real_,
          class Input_ = NoInput, class Map_ = cell::TapeMap<Cell_>>
struct TimeSegment {
  using Cell = Cell_;
  using G = G_;
  using Real = Real_;
  using Input = Input_;
  using Map = Map_;
  /// Where the gradient of the series is handed in: a series tape's way back overwrites it.
  using SeriesGradient = std::conditional_t<Map::keeps_coupled, const Real*, Real*>;
  static constexpr std::size_t channels = channels_, length = length_;
  static constexpr std::size_t fields = cell::field_count<Cell>, stages = Map::stages;
  static constexpr std::size_t sites = G::height * G::width;   ///< of one image
  static constexpr std::size_t images = G::sites / sites;      ///< side by side in a field (Batched)
  static constexpr std::size_t columns = channels * G::sites;  ///< numbers of a field

  template <std::size_t s>
  using Stage = cell::Stage<Cell, s>;
  template <std::size_t s>
  using StencilAt = cell::StencilOf<Cell, Stage<s>, channels, typename G::Boundary>;
  template <std::size_t s>
  using CouplingAt = StageCoupling<Stage<s>, G, channels, Input>;

  /// Where the parameters of stage s begin; of `stages`: how many there are.
  template <std::size_t s>
  static constexpr std::size_t offset() {
    constexpr std::size_t sum = sum_of<s>([](auto k) { return CouplingAt<k>::parameters; });
    return sum;
  }
  static constexpr std::size_t parameter_count = offset<stages>();

  /// Whether every stage is a stencil that a backend's `couple` takes, and an update.
  static constexpr bool direct = [] {
    bool all = !cell::driven_cell<Cell>;
    for_constants<stages>([&](auto s) {
      all = all && CouplingAt<s>::direct && !Stage<s>::only_couples && !Stage<s>::coupling.zero_padding;
    });
    return all;
  }();

  /// Where the plane of channel c of an image begins in a field.
  static constexpr std::size_t plane(std::size_t c, std::size_t image) {
    return (c * images + image) * sites;
  }

  /// Calls f(step, stage) in the order of time, the stage as a constant.
  template <class F>
  static constexpr void in_order(const F& f) {
    for (std::size_t i = 0; i < length; ++i) for_constants<stages>([&](auto s) { f(i, s); });
  }
  /// The same backwards.
  template <class F>
  static constexpr void in_reverse(const F& f) {
    for (std::size_t i = length; i-- > 0;) for_constants_back<stages>([&](auto s) { f(i, s); });
  }

  Cell cell;
  const Real* parameters;
  std::array<const Real*, fields> initial;
  Real* slots;
  Drive<Real> drive{};
  Real* sent = nullptr;

  /// Field f as stage s writes it at step i. What is not kept of every step is written to one place.
  template <std::size_t s, std::size_t f>
  constexpr Real* version(std::size_t i) const {
    constexpr std::size_t first = Map::version_plane(s, f, length, 0);
    return slots + (first + (Map::keeps(s, f) ? i : 0)) * columns;
  }
  /// The coupled value of stage s at step i, group after group; where that is not kept, its gradient.
  template <std::size_t s>
  constexpr Real* coupled(std::size_t i) const {
    constexpr std::size_t groups = Stage<s>::groups;
    if constexpr (Map::keeps_coupled) {
      constexpr std::size_t first = Map::coupled_plane(s, length, 0);
      return slots + (first + i * groups) * columns;
    } else return sent + i * groups * columns;
  }
  /// Field f as stage s sees it while the steps run; later too, where it is kept of every step.
  template <std::size_t s, std::size_t f>
  constexpr Versions<Real> seen() const {
    constexpr auto source = Map::source(s, f);
    if constexpr (cell::role<Cell, f> == cell::Role::drive)
      return {drive.first, drive.first + drive.stride, drive.stride};
    else if constexpr (source.stage == Map::none) return {initial[f], initial[f], 0};
    else if constexpr (source.previous)
      return {initial[f], version<source.stage, f>(0), Map::keeps(source.stage, f) ? columns : 0};
    else return {version<source.stage, f>(0), version<source.stage, f>(1), columns};
  }
};

}  // namespace nwm::model

#include "nwm/pop_macros.inc"
