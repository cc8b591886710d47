// A run of time steps as kernels see it: the cell, and where every value of its tape stands.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/backend/device/batched.hpp"
#include "nwm/cell/cell.hpp"
#include "nwm/time/tape.hpp"

namespace nwm::device {

/// What one stage sees of one field at the steps of a run: `first` at step 0, rest + (i − 1)·stride at step
/// i.
template <class Real>
struct Versions {
  const Real *first, *rest;
  std::size_t stride;
  constexpr const Real* operator[](std::size_t i) const { return i == 0 ? first : rest + (i - 1) * stride; }
};

/// `length` steps of Cell with `channels` oscillators over G on a tape (cell/tape.hpp): slot[step][plane of
/// channel c, image, site]. The pointers are those of model::Recurrence; initial[f] is field f at the start.
template <class Cell_, class G_, std::size_t channels_, std::size_t length_, class Real_>
struct TimeSegment {
  using Cell = Cell_;
  using G = G_;
  using Real = Real_;
  using Map = cell::TapeMap<Cell>;
  static constexpr std::size_t channels = channels_, length = length_;
  static constexpr std::size_t fields = Cell::fields.size(), stages = Map::stages;
  static constexpr std::size_t images = images_of<G>, sites = G::height * G::width;  ///< of one image
  static constexpr std::size_t columns = channels * G::sites;                        ///< numbers of a field

  template <std::size_t s>
  using Stage = cell::Stage<Cell, s>;
  template <std::size_t s>
  using StencilAt = cell::StencilOf<Cell, Stage<s>, channels, typename G::Boundary>;

  /// Where the parameters of stage s begin; of `stages`: how many there are.
  template <std::size_t s>
  static constexpr std::size_t offset() {
    if constexpr (s == 0) return 0;
    else return offset<s - 1>() + StencilAt<s - 1>::parameters;
  }
  static constexpr std::size_t parameter_count = offset<stages>();

  /// Where the plane of channel c of an image begins in a field.
  static constexpr std::size_t plane(std::size_t c, std::size_t image) {
    return (c * images + image) * sites;
  }

  Cell cell;
  const Real* parameters;
  std::array<const Real*, fields> initial;
  Real* slots;

  /// Field f as stage s writes it at step i.
  template <std::size_t s, std::size_t f>
  constexpr Real* version(std::size_t i) const {
    constexpr std::size_t offset = Map::version_offset(s, f) * length;
    return slots + (offset + i) * columns;
  }
  /// The coupled value of stage s at step i, group after group.
  template <std::size_t s>
  constexpr Real* coupled(std::size_t i) const {
    constexpr std::size_t offset = Map::coupled_offset(s) * length, groups = Stage<s>::coupling.groups;
    return slots + (offset + i * groups) * columns;
  }
  /// Field f as stage s sees it.
  template <std::size_t s, std::size_t f>
  constexpr Versions<Real> seen() const {
    constexpr auto source = Map::source(s, f);
    if constexpr (source.stage == Map::none) return {initial[f], initial[f], 0};
    else if constexpr (source.previous) return {initial[f], version<source.stage, f>(0), columns};
    else return {version<source.stage, f>(0), version<source.stage, f>(1), columns};
  }
};

}  // namespace nwm::device
