// Finds the first thing that is wrong with a cell.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nwm/cell/cell.hpp"
#include "nwm/cell/trace.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::cell {

/// What is wrong with a cell. cell/check.hpp has a sentence for each.
enum class Mistake {
  none,
  told_elsewhere,  // by an archetype, or by `checked` itself
  final_type,
  no_field,
  too_many_fields,
  unknown_index,
  described_twice,
  same_name,
  two_drives,
  recorded_no_state,
  number_twice,
  numbers_not_listed,
  coupling_size,
  coupling_groups,
  from_nothing,
  from_too_many,
  from_unknown,
  from_twice,
  laplacian_of_many,
  five_points_of_many,
  five_points_trained,
  into_no_field,
  into_groups,
  complex_groups,
  pattern_shape,
  depthwise_dense,
  update_signature,
  update_returns,
  adjoint_not_constant,
  unknown_field,
  unknown_group,
  read_before_set,
  writes_nothing,
  map_written,
  drive_written,
  drive_elsewhere,
  state_unwritten,
  intermediate_unwritten,
  intermediate_early,
  adjoint_signature,
  adjoint_incomplete,
  stability_signature,
  growth_signature,
  stability_of_state,
  no_name,
  nothing_encoded,
  map_nobody_sets,
  undriven_sequence,
  laplacian_of_one_site
};

/// A mistake and where: the field's enumerator and the stage, where it is about one.
struct Finding {
  Mistake mistake = Mistake::none;
  std::size_t field = 0, stage = 0;
};

namespace detail {

template <class C>
constexpr Finding find_in_fields() {
  constexpr std::size_t n = field_count<C>, described = C::fields.size();
  if (std::is_final_v<C>) return {Mistake::final_type};
  if (n == 0) return {Mistake::no_field};
  if (n > 60) return {Mistake::too_many_fields};
  for (std::size_t i = 0; i < described; ++i) {
    const FieldInfo& info = C::fields[i];
    const bool field = info.role != Role::unused;
    if (field && info.index >= n) return {Mistake::unknown_index, info.index};
    for (std::size_t k = 0; k < i; ++k) {
      const FieldInfo& other = C::fields[k];
      if (field && other.role != Role::unused && other.index == info.index)
        return {Mistake::described_twice, info.index};
      if (other.name.view() == info.name.view()) return {Mistake::same_name, field ? info.index : 0};
    }
  }
  for (const std::size_t f : recorded_fields<C>)
    if (f >= n || field<C>(f).role != Role::state) return {Mistake::recorded_no_state, f};
  std::size_t drives = 0;
  for (const FieldInfo& info : C::fields)
    if (info.role == Role::drive && ++drives > 1) return {Mistake::two_drives, info.index};
  if (number_twice<C>()) return {Mistake::number_twice};
  if (!numbers_complete<C>()) return {Mistake::numbers_not_listed};
  return {};
}

template <class C>
constexpr Finding find_in_coupling(const Coupling& coupling, std::size_t stage) {
  constexpr std::size_t fields = field_count<C>;
  const FieldList& from = coupling.from;
  const bool many = coupling.groups != 1 || from.size() != 1 || coupling.size != 3;
  if (coupling.size % 2 == 0 || coupling.size > 7) return {Mistake::coupling_size, 0, stage};
  if (coupling.groups == 0) return {Mistake::coupling_groups, 0, stage};
  if (from.size() == 0) return {Mistake::from_nothing, 0, stage};
  if (from.size() > FieldList::capacity) return {Mistake::from_too_many, 0, stage};
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] >= fields) return {Mistake::from_unknown, from[i], stage};
    for (std::size_t k = 0; k < i; ++k)
      if (from[i] == from[k]) return {Mistake::from_twice, from[i], stage};
  }
  if (coupling.into != nowhere) {
    if (coupling.into >= fields ||
        (field<C>(coupling.into).role != Role::intermediate && field<C>(coupling.into).role != Role::state))
      return {Mistake::into_no_field, coupling.into, stage};
    if (coupling.groups != 1) return {Mistake::into_groups, coupling.into, stage};
  }
  if (coupling.reach == Reach::complex && (coupling.groups != 2 || from.size() != 1))
    return {Mistake::complex_groups, 0, stage};
  const bool two = coupling.pattern == Pattern::divergence;
  if (coupling.pattern != Pattern::full && coupling.pattern != Pattern::five_point &&
      (coupling.reach != Reach::stencil || coupling.bias || coupling.depthwise ||
       from.size() != (two ? 2 : 1) || coupling.groups != (coupling.pattern == Pattern::gradient ? 2 : 1)))
    return {Mistake::pattern_shape, 0, stage};
  if (coupling.depthwise && coupling.reach != Reach::stencil) return {Mistake::depthwise_dense, 0, stage};
  if (coupling.initial == Initial::laplacian && many) return {Mistake::laplacian_of_many, 0, stage};
  if (coupling.pattern == Pattern::five_point) {
    if (many) return {Mistake::five_points_of_many, 0, stage};
    if (coupling.trained || (coupling.initial != Initial::laplacian && coupling.initial != Initial::zero))
      return {Mistake::five_points_trained, 0, stage};
  }
  return {};
}

template <class C>
constexpr Finding find_in_stages() {
  Finding found;
  for_constants<stage_count<C>>([&](auto s) {
    using S = StatedStage<C, s>;
    if (found.mistake != Mistake::none) return;
    if (std::is_final_v<S>) found = {Mistake::final_type, 0, s};
    else if (states_coupling<C, s>) found = find_in_coupling<C>(S::coupling, s);
    if (found.mistake != Mistake::none) return;
    if constexpr (S::coupling.groups > 0 || !states_coupling<C, s>) {
      if constexpr (!Updates<C, S>) found = {Mistake::update_signature, 0, s};
      else if constexpr (!UpdatesInPlace<C, S>) found = {Mistake::update_returns, 0, s};
      else if constexpr (has_adjoint<S> && !Adjoins<C, S>) found = {Mistake::adjoint_signature, 0, s};
    }
  });
  if constexpr (has_stability<C> && !TellsStability<C>) found = {Mistake::stability_signature};
  else if constexpr (has_growth<C> && !TellsGrowth<C>) found = {Mistake::growth_signature};
  return found;
}

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
      using Site = TracedSiteOf<C, S>;
      Trace noted;
      const Site now(noted, traces[s].reads, true), gradient(noted, traces[s].writes, false);
      Site to(noted, 0, false);
      S::adjoint(cell, now, gradient, to);
      if (!noted.good()) found = find_in_notes(noted, s);
      else if (!to.coupled_set()) found = {Mistake::adjoint_incomplete, 0, s};
      for (std::size_t f = 0; f < field_count<C>; ++f)
        if ((traces[s].reads & ~to.set_fields()) >> f & 1) found = {Mistake::adjoint_incomplete, f, s};
    }
  });
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

/// The first mistake in what a cell states, and in what its functions do when they are run.
template <class C>
constexpr Finding find_in_statements() {
  constexpr Finding fields = find_in_fields<C>();
  if constexpr (fields.mistake != Mistake::none) return fields;
  else return find_in_stages<C>();
}
template <class C>
constexpr Finding find_by_running() {
  const C cell{};
  const Traces<C> traces = trace_updates(cell);
  const Finding order = find_in_order<C>(traces);
  if (order.mistake != Mistake::none) return order;
  const Finding adjoints = find_in_adjoints(cell, traces);
  if (adjoints.mistake != Mistake::none) return adjoints;
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
    none[0].writes = std::uint64_t{1} << (recorded_field<C> < field_count<C> ? recorded_field<C> : 0);
    return none;
  }
}();

}  // namespace nwm::cell
