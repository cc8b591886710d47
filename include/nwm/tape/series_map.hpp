// A tape that is its series: a third of the memory, where a cell's steps can be found again from it.
#pragma once

#include <cstddef>

#include "nwm/cell/series.hpp"
#include "nwm/tape/tape.hpp"

namespace nwm::cell {

/// In place of TapeMap, with its words: the recorded field of every step, (length, C, sites); then the other
/// field that the cell moves, after the last step alone; then one plane for a coupled value, of the step that
/// runs. The coupled values' gradients, which are kept of every step, stand elsewhere (model::TimeSegment).
template <SeriesCell C>
struct SeriesMap {
  using Whole = TapeMap<C>;
  static constexpr std::size_t stages = Whole::stages, none = Whole::none;
  using Source = typename Whole::Source;

  static constexpr std::size_t planes_of(std::size_t length) { return length + 2; }
  static constexpr bool keeps_coupled = false;
  static constexpr bool keeps(std::size_t, std::size_t field) { return field == recorded_fields<C>[0]; }
  static constexpr std::size_t coupled_plane(std::size_t, std::size_t length, std::size_t) {
    return length + 1;
  }
  static constexpr std::size_t version_plane(std::size_t s, std::size_t field, std::size_t length,
                                             std::size_t step) {
    return keeps(s, field) ? step : length;
  }
  static constexpr std::size_t last_writer(std::size_t field) { return Whole::last_writer(field); }
  static constexpr Source source(std::size_t s, std::size_t field) { return Whole::source(s, field); }
};

}  // namespace nwm::cell
