// Finds what a cell's functions read and write, by running them on archetypes, and the first thing that is
// wrong with the cell.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include "nwm/cell/archetype.hpp"
#include "nwm/cell/cell.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::cell {

/// What stages read and write, a bit for each field.
template <std::size_t stages>
struct Traces {
  std::array<std::uint64_t, stages> reads{}, writes{};
  Trace noted;  ///< of all stages together
};

namespace detail {

template <class C, class S>
using TracedSiteOf = TracedSite<C, field_count<C>, S::coupling.groups>;
template <class C>
using TracedMaps = TracedSite<C, field_count<C>, 1>;

inline constexpr std::uint64_t every_field = ~std::uint64_t{0};

/// Whether T has a member of that name, a template or not: with another it would be ambiguous.
#define NWM_HAS_MEMBER(member)                   \
  struct Another_##member {                      \
    void member();                               \
  };                                             \
  template <class T>                             \
  struct With_##member : T, Another_##member {}; \
  template <class T>                             \
  concept has_##member = !requires { &With_##member<T>::member; };
NWM_HAS_MEMBER(adjoint)
NWM_HAS_MEMBER(stability)
NWM_HAS_MEMBER(growth)
#undef NWM_HAS_MEMBER

template <class C, class S>
concept Updates = requires(const C& cell, const TracedSiteOf<C, S>& now, TracedSiteOf<C, S>& next) {
  S::update(cell, now, next);
};
template <class C, class S>
concept UpdatesInPlace = requires(const C& cell, const TracedSiteOf<C, S>& now, TracedSiteOf<C, S>& next) {
  { S::update(cell, now, next) } -> std::same_as<void>;
};
template <class C, class S>
concept Adjoins = requires(const C& cell, const TracedSiteOf<C, S>& now, TracedSiteOf<C, S>& to) {
  { S::adjoint(cell, now, now, to) } -> std::same_as<void>;
};
template <class C>
concept TellsStability = requires(const C& cell, const TracedMaps<C>& map) {
  { C::stability(cell, map) } -> std::same_as<Archetype<C>>;
  C::bound;
};
template <class C>
concept TellsGrowth = requires(const C& cell, const TracedMaps<C>& map) {
  { C::growth(cell, map) } -> std::same_as<Archetype<C>>;
};

template <std::size_t s, class C, std::size_t stages>
constexpr void trace_stage(const C& cell, Traces<stages>& traces) {
  using S = StatedStage<C, s>;
  using Site = TracedSiteOf<C, S>;
  const Site now(traces.noted, every_field, true);
  Site next(traces.noted, 0, false);
  S::update(cell, now, next);
  traces.reads[s] = next.depends();
  traces.writes[s] = next.set_fields();
}
template <class C, std::size_t... s>  // not for_constants: compilers would show its layers in messages
constexpr auto trace_stages(const C& cell, std::index_sequence<s...>) {
  Traces<sizeof...(s)> traces;
  (trace_stage<s>(cell, traces), ...);
  return traces;
}

}  // namespace detail

/// Runs the update of every stage once.
template <class C>
constexpr Traces<stage_count<C>> trace_updates(const C& cell) {
  return detail::trace_stages(cell, std::make_index_sequence<stage_count<C>>{});
}

/// What is wrong with a cell. cell/check.hpp has a sentence for each.
enum class Mistake {
  none,
  told_elsewhere,  // by an assertion of the archetype
  no_field,
  too_many_fields,
  unknown_index,
  described_twice,
  same_name,
  recorded_no_state,
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
  update_signature,
  update_returns,
  update_not_constant,
  unknown_field,
  unknown_group,
  read_before_set,
  writes_nothing,
  map_written,
  state_unwritten,
  intermediate_unwritten,
  intermediate_early,
  adjoint_signature,
  adjoint_incomplete,
  stability_signature,
  growth_signature,
  stability_of_state,
  nothing_encoded,
  map_nobody_sets,
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
  if (C::recorded >= n || field<C>(C::recorded).role != Role::state)
    return {Mistake::recorded_no_state, C::recorded};
  if (!numbers_complete<C>()) return {Mistake::numbers_not_listed};
  return {};
}

constexpr Finding find_in_coupling(const Coupling& coupling, std::size_t fields, std::size_t stage) {
  const FieldList& from = coupling.from;
  const bool many = coupling.groups != 1 || from.size() != 1 || coupling.size != 3;
  if (coupling.size != 1 && coupling.size != 3) return {Mistake::coupling_size, 0, stage};
  if (coupling.groups == 0) return {Mistake::coupling_groups, 0, stage};
  if (from.size() == 0) return {Mistake::from_nothing, 0, stage};
  if (from.size() > FieldList::capacity) return {Mistake::from_too_many, 0, stage};
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] >= fields) return {Mistake::from_unknown, from[i], stage};
    for (std::size_t k = 0; k < i; ++k)
      if (from[i] == from[k]) return {Mistake::from_twice, from[i], stage};
  }
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
    found = find_in_coupling(S::coupling, field_count<C>, s);
    if (found.mistake != Mistake::none) return;
    if constexpr (S::coupling.groups > 0) {
      if constexpr (!Updates<C, S>) found = {Mistake::update_signature, 0, s};
      else if constexpr (!UpdatesInPlace<C, S>) found = {Mistake::update_returns, 0, s};
      else if constexpr (has_adjoint<S> && !Adjoins<C, S>) found = {Mistake::adjoint_signature, 0, s};
    }
  });
  if constexpr (has_stability<C> && !TellsStability<C>) found = {Mistake::stability_signature};
  else if constexpr (has_growth<C> && !TellsGrowth<C>) found = {Mistake::growth_signature};
  return found;
}

template <std::size_t stages>
constexpr Finding find_in_notes(const Traces<stages>& traces) {
  if (traces.noted.plain) return {Mistake::told_elsewhere};
  if (traces.noted.unknown_field) return {Mistake::unknown_field};
  if (traces.noted.unknown_group) return {Mistake::unknown_group};
  if (traces.noted.unset) return {Mistake::read_before_set};
  return {};
}

/// Who writes what, and when it is read.
template <class C>
constexpr Finding find_in_order(const Traces<stage_count<C>>& traces) {
  const auto has = [](std::uint64_t mask, std::size_t f) { return (mask >> f & 1) != 0; };
  std::uint64_t written = 0;
  Finding found;
  for_constants<stage_count<C>>([&](auto s) {
    using S = StatedStage<C, s>;
    if (found.mistake != Mistake::none) return;
    if (traces.writes[s] == 0) found = {Mistake::writes_nothing, 0, s};
    for (std::size_t f = 0; f < field_count<C>; ++f) {
      const Role role = field<C>(f).role;
      bool seen = has(traces.reads[s], f);
      for (std::size_t k = 0; k < S::coupling.from.size(); ++k) seen = seen || S::coupling.from[k] == f;
      if (role == Role::map && has(traces.writes[s], f)) found = {Mistake::map_written, f, s};
      if (role == Role::intermediate && seen && !has(written, f)) found = {Mistake::intermediate_early, f, s};
    }
    written |= traces.writes[s];
  });
  if (found.mistake != Mistake::none) return found;
  for (std::size_t f = 0; f < field_count<C>; ++f) {
    const Role role = field<C>(f).role;
    if (role == Role::state && !has(written, f)) return {Mistake::state_unwritten, f};
    if (role == Role::intermediate && !has(written, f)) return {Mistake::intermediate_unwritten, f};
  }
  return {};
}

/// Runs every adjoint that is written by hand: it must set all that the derived one would.
template <class C>
constexpr Finding find_in_adjoints(const C& cell, const Traces<stage_count<C>>& traces) {
  Finding found;
  for_constants<stage_count<C>>([&](auto s) {
    using S = StatedStage<C, s>;
    if constexpr (has_adjoint<S>) {
      using Site = TracedSiteOf<C, S>;
      Traces<1> own;
      const Site now(own.noted, traces.reads[s], true), gradient(own.noted, traces.writes[s], false);
      Site to(own.noted, 0, false);
      S::adjoint(cell, now, gradient, to);
      const Finding noted = find_in_notes(own);
      if (noted.mistake != Mistake::none) found = {noted.mistake, 0, s};
      else if (!to.coupled_set()) found = {Mistake::adjoint_incomplete, 0, s};
      for (std::size_t f = 0; f < field_count<C>; ++f)
        if ((traces.reads[s] & ~to.set_fields()) >> f & 1) found = {Mistake::adjoint_incomplete, f, s};
    }
  });
  return found;
}

/// The maps that a cell's bound of its time step depends on, a bit each.
template <class C>
constexpr std::uint64_t trace_bound(const C& cell, Trace& noted) {
  const TracedMaps<C> map(noted, every_field, false);
  std::uint64_t mask = 0;
  if constexpr (has_stability<C>) mask |= C::stability(cell, map).depends();
  if constexpr (has_growth<C>) mask |= C::growth(cell, map).depends();
  if constexpr (requires { C::inverse_growth(cell, map); }) mask |= C::inverse_growth(cell, map).depends();
  return mask;
}

template <class C>
constexpr Finding find_in_bound(const C& cell) {
  Traces<1> own;
  const std::uint64_t mask = trace_bound(cell, own.noted);
  const Finding noted = find_in_notes(own);
  if (noted.mistake != Mistake::none) return noted;
  for (std::size_t f = 0; f < field_count<C>; ++f)
    if ((mask >> f & 1) != 0 && field<C>(f).role != Role::map) return {Mistake::stability_of_state, f};
  return {};
}

/// The first mistake that running the cell's functions shows.
template <class C>
constexpr Finding find_by_running() {
  const C cell{};
  const auto traces = trace_updates(cell);
  for (const Finding found :
       {find_in_notes(traces), find_in_order<C>(traces), find_in_adjoints(cell, traces), find_in_bound(cell)})
    if (found.mistake != Mistake::none) return found;
  return {};
}

/// Whether the cell's functions can be run when they are compiled.
template <class C>
concept Runs = requires { typename std::bool_constant<(find_by_running<C>(), true)>; };

template <class C>
constexpr Finding find_mistake() {
  constexpr Finding fields = find_in_fields<C>();
  if constexpr (fields.mistake != Mistake::none) return fields;
  else {
    constexpr Finding stages = find_in_stages<C>();
    if constexpr (stages.mistake != Mistake::none) return stages;
    else if constexpr (Runs<C>) return find_by_running<C>();
    else return {Mistake::update_not_constant};
  }
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
inline constexpr Traces<stage_count<C>> traces = [] {
  if constexpr (well_formed<C>) {
    return trace_updates(C{});
  } else {
    Traces<stage_count<C>> none;
    none.writes[0] = std::uint64_t{1} << (C::recorded < field_count<C> ? C::recorded : 0);
    return none;
  }
}();

}  // namespace nwm::cell
