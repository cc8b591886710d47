// Finds the first thing that is wrong with a cell.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nwm/cell/cell.hpp"
#include "nwm/cell/statements.hpp"
#include "nwm/cell/trace.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::cell {

namespace detail {

constexpr Finding find_in_notes(const Trace& noted, std::size_t stage) {
  if (noted.plain) return {Mistake::told_elsewhere, 0, stage};
  if (noted.unknown_field) return {Mistake::unknown_field, 0, stage};
  if (noted.unknown_group) return {Mistake::unknown_group, 0, stage};
  if (noted.unset) return {Mistake::read_before_set, 0, stage};
  return {};
}

/// Who writes what, and when it is read.
template <class C>
constexpr Finding find_in_order(const Traces<C>& traces) {
  const auto has = [](std::uint64_t mask, std::size_t f) { return (mask >> f & 1) != 0; };
  std::uint64_t written = 0;
  Finding found;
  for_constants<stage_count<C>>([&](auto s) {
    using S = StatedStage<C, s>;
    if (found.mistake != Mistake::none) return;
    found = find_in_notes(traces[s].noted, s);
    if (found.mistake != Mistake::none) return;
    if (traces[s].writes == 0) found = {Mistake::writes_nothing, 0, s};
    for (std::size_t f = 0; f < field_count<C>; ++f) {
      const Role role = field<C>(f).role;
      bool seen = has(traces[s].reads, f);
      for (std::size_t k = 0; k < S::coupling.from.size(); ++k) seen = seen || S::coupling.from[k] == f;
      if (role == Role::map && has(traces[s].writes, f)) found = {Mistake::map_written, f, s};
      if (role == Role::drive && has(traces[s].writes, f)) found = {Mistake::drive_written, f, s};
      if (role == Role::intermediate && seen && !has(written, f)) found = {Mistake::intermediate_early, f, s};
    }
    written |= traces[s].writes;
  });
  if (found.mistake != Mistake::none) return found;
  for (std::size_t f = 0; f < field_count<C>; ++f) {
    const Role role = field<C>(f).role;
    if (role == Role::state && !has(written, f)) return {Mistake::state_unwritten, f};
    if (role == Role::intermediate && !has(written, f)) return {Mistake::intermediate_unwritten, f};
  }
  return {};
}

/// Whether weight files can say which cell theirs is.
template <class C>
concept Named = requires {
  { C::name } -> std::convertible_to<std::string_view>;
  typename std::bool_constant<std::string_view(C::name).empty()>;
} && !std::string_view(C::name).empty();

/// Runs every adjoint that is written by hand: it must set all that the derived one would.
template <class C>
constexpr Finding find_in_adjoints(const C& cell, const Traces<C>& traces) {
  Finding found;
  for_constants<stage_count<C>>([&](auto s) {
    using S = StatedStage<C, s>;
    if constexpr (has_adjoint<S>) {
      const AdjointTrace adjoint = trace_adjoint<s>(cell, traces[s]);
      if (!adjoint.noted.good()) found = find_in_notes(adjoint.noted, s);
      else if (!adjoint.coupled) found = {Mistake::adjoint_incomplete, 0, s};
      for (std::size_t f = 0; f < field_count<C>; ++f)
        if ((traces[s].reads & ~adjoint.sets) >> f & 1) found = {Mistake::adjoint_incomplete, f, s};
    }
  });
  return found;
}

/// Runs the step backwards, where it is stated: before a step there must be all that the coupling gathers and
/// all that the step writes.
template <class C>
constexpr Finding find_in_inverse(const C& cell, const Traces<C>& traces) {
  Finding found;
  if constexpr (StepsBack<C>) {
    const BackwardTrace back = trace_backwards(cell, traces[reversed_stage<C>].writes);
    if (!back.noted.good()) return find_in_notes(back.noted, 0);
    for (std::size_t f = 0; f < field_count<C>; ++f)
      if ((back.missing >> f & 1) != 0) found = {Mistake::inverse_incomplete, f};
  }
  return found;
}

/// Finds a step again from the series, where that is stated: z of the step, and all that its adjoint sets.
template <class C>
constexpr Finding find_in_recovered(const C& cell, const Traces<C>& traces) {
  Finding found;
  if constexpr (StatesRecover<C>) {
    const RecoveredTrace trace = trace_recovered(cell, traces[0]);
    if (!trace.noted.good()) return find_in_notes(trace.noted, 0);
    if (!trace.coupled) found = {Mistake::recovered_incomplete, recorded_fields<C>[0]};
    for (std::size_t f = 0; f < field_count<C>; ++f)
      if ((trace.missing >> f & 1) != 0) found = {Mistake::recovered_incomplete, f};
  }
  return found;
}

template <class C>
constexpr Finding find_in_bound(const C& cell) {
  Trace noted;
  const std::uint64_t mask = trace_bound(cell, noted);
  if (!noted.good()) return find_in_notes(noted, 0);
  for (std::size_t f = 0; f < field_count<C>; ++f)
    if ((mask >> f & 1) != 0 && field<C>(f).role != Role::map) return {Mistake::stability_of_state, f};
  return {};
}

/// The first mistake in what a cell's functions do when they are run.
template <class C>
constexpr Finding find_by_running() {
  const C cell{};
  const Traces<C> traces = trace_updates(cell);
  const Finding order = find_in_order<C>(traces);
  if (order.mistake != Mistake::none) return order;
  const Finding adjoints = find_in_adjoints(cell, traces);
  if (adjoints.mistake != Mistake::none) return adjoints;
  const Finding inverse = find_in_inverse(cell, traces);
  if (inverse.mistake != Mistake::none) return inverse;
  const Finding recovered = find_in_recovered(cell, traces);
  if (recovered.mistake != Mistake::none) return recovered;
  const Finding bound = find_in_bound(cell);
  if (bound.mistake != Mistake::none) return bound;
  return {Named<C> ? Mistake::none : Mistake::no_name};
}
template <class C>
concept Runs = requires { typename std::bool_constant<(find_by_running<C>(), true)>; };

template <class C>
inline constexpr Finding in_statements = find_in_statements<C>();

template <class C>
constexpr Finding find_mistake() {
  if constexpr (in_statements<C>.mistake != Mistake::none) return in_statements<C>;
  else if constexpr (!decltype(updates_run<C>(std::make_index_sequence<stage_count<C>>{}, 0))::value)
    return {Mistake::told_elsewhere};
  else if constexpr (Runs<C>) return find_by_running<C>();
  else return {Mistake::adjoint_not_constant};
}

}  // namespace detail

/// The first mistake of a cell, if it has one.
template <class C>
inline constexpr Finding mistake = detail::find_mistake<C>();

/// Whether a cell is as it should be.
template <class C>
inline constexpr bool well_formed = mistake<C>.mistake == Mistake::none;

/// What the stages of a cell read and write. Of a cell that is refused: that the first writes what is
/// recorded, so that the one message about it is not followed by others.
template <class C>
inline constexpr Traces<C> traces = [] {
  if constexpr (well_formed<C>) {
    return trace_updates(C{});
  } else {
    Traces<C> none;
    none[0].writes = std::uint64_t{1} << (recorded<C> < field_count<C> ? recorded<C> : 0);
    return none;
  }
}();

}  // namespace nwm::cell
