// What a run over several steps leaves behind for the backward pass, and where: all offsets are compile-time
// facts of the cell.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/cell/stage.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::cell {

namespace detail {

inline constexpr std::size_t none = static_cast<std::size_t>(-1);

/// For every stage: the planes (in units of C channels) before its slots, the coupled values it keeps, and
/// for every field its position among the stage's writes or `none`.
template <std::size_t stages, std::size_t fields>
struct TapeTables {
  std::array<std::size_t, stages + 1> offset{};
  std::array<std::size_t, stages> groups{};
  std::array<std::array<std::size_t, fields>, stages> slot{};
};

template <class C>
constexpr auto tape_tables() {
  constexpr std::size_t fields = field_count<C>;
  TapeTables<stage_count<C>, fields> t;
  for_constants<stage_count<C>>([&](auto s) {
    using S = Stage<C, s>;
    t.groups[s] = S::kept_groups;
    t.offset[s + 1] = t.offset[s] + S::kept_groups + S::writes.size();
    for (std::size_t f = 0; f < fields; ++f) {
      const std::size_t p = position(S::writes, f);
      t.slot[s][f] = p == S::writes.size() ? none : p;
    }
  });
  return t;
}

template <class C>
inline constexpr auto tables = tape_tables<C>();

}  // namespace detail

/// Slots of a tape of cell C. A stage leaves two kinds of value at every step: its coupled value (groups·C
/// planes; none where it goes into a field as it is) and the new versions of the fields it writes (C planes
/// each). A slot holds one of them for all
/// steps of the tape, contiguous in time: slot[step][plane][site]; the slot of the recorded state thus is the
/// series (steps, C, H, W). Planes are counted in units of C channels.
template <Cell C>
struct TapeMap {
  static constexpr std::size_t stages = stage_count<C>;
  static constexpr std::size_t none = detail::none;

  static constexpr std::size_t planes = detail::tables<C>.offset[stages];
  /// Of a tape of `length` steps.
  static constexpr std::size_t planes_of(std::size_t length) { return planes * length; }
  static constexpr bool keeps_coupled = true;  ///< the coupled values, of every step
  /// Whether the version of `field` as stage s writes it is kept of every step, and not of the last alone.
  static constexpr bool keeps(std::size_t, std::size_t) { return true; }
  /// The plane of the coupled value of stage s at a step of a tape of `length` steps, group after group.
  static constexpr std::size_t coupled_plane(std::size_t s, std::size_t length, std::size_t step) {
    return detail::tables<C>.offset[s] * length + step * detail::tables<C>.groups[s];
  }
  /// The plane of `field` as stage s writes it.
  static constexpr std::size_t version_plane(std::size_t s, std::size_t field, std::size_t length,
                                             std::size_t step) {
    const std::size_t slot = detail::tables<C>.groups[s] + detail::tables<C>.slot[s][field];
    return (detail::tables<C>.offset[s] + slot) * length + step;
  }

  /// The last stage of a step that writes `field`, or none (a map, or a state that never changes).
  static constexpr std::size_t last_writer(std::size_t field) {
    for (std::size_t i = stages; i-- > 0;)
      if (detail::tables<C>.slot[i][field] != none) return i;
    return none;
  }

  /// Whose version of `field` stage s sees: that of `stage` in the same step, or (previous) in the step
  /// before; stage is none for a field that nothing writes.
  struct Source {
    std::size_t stage;
    bool previous;
  };
  static constexpr Source source(std::size_t s, std::size_t field) {
    for (std::size_t i = s; i-- > 0;)
      if (detail::tables<C>.slot[i][field] != none) return {i, false};
    return {last_writer(field), true};
  }
};

}  // namespace nwm::cell
