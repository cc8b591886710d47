// Finds what a cell's functions read and write, by running them on archetypes.
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

/// What a stage reads and writes, a bit for each field, and what was noted meanwhile.
struct StageTrace {
  std::uint64_t reads = 0, writes = 0;
  Trace noted;
};

namespace detail {

template <class C, class S>
using TracedSiteOf = TracedSite<C, field_count<C>, S::coupling.groups>;
template <class C>
using TracedMaps = TracedSite<C, field_count<C>, 1>;

inline constexpr std::uint64_t every_field = ~std::uint64_t{0};

/// T; of a final type, which is refused (Mistake::final_type), nothing: so that one message is given.
struct Nothing {};
template <class T>
using Derivable = std::conditional_t<std::is_final_v<T>, Nothing, T>;

/// Whether T has a member of that name, a template or not: with another it would be ambiguous.
#define NWM_HAS_MEMBER(member)                              \
  struct Another_##member {                                 \
    void member();                                          \
  };                                                        \
  template <class T>                                        \
  struct With_##member : Derivable<T>, Another_##member {}; \
  template <class T>                                        \
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

}  // namespace detail

/// Runs the update of stage s once.
template <std::size_t s, class C>
constexpr StageTrace trace_update(const C& cell) {
  using S = StatedStage<C, s>;
  using Site = detail::TracedSiteOf<C, S>;
  StageTrace trace;
  const Site now(trace.noted, detail::every_field, true);
  Site next(trace.noted, 0, false);
  S::update(cell, now, next);
  trace.reads = next.depends();
  trace.writes = next.set_fields();
  return trace;
}

template <class C>
using Traces = std::array<StageTrace, stage_count<C>>;

/// Runs the update of every stage once.
template <class C>
constexpr Traces<C> trace_updates(const C& cell) {
  Traces<C> traces;
  for_constants<stage_count<C>>([&](auto s) { traces[s] = trace_update<s>(cell); });
  return traces;
}

namespace detail {

// Whether every update can be run when it is compiled. No concept and no for_constants: compilers would show
// their layers around what an archetype says. clang shows one layer less without trace_update; g++ 12 takes
// the temporaries of that form for no constants.
#if defined(__clang__)
template <class T>
constexpr T& lvalue(T&& value) {
  return value;
}
template <class C, std::size_t s>
using StageSite = TracedSiteOf<C, StatedStage<C, s>>;
template <class C, std::size_t... s>
constexpr auto updates_run(std::index_sequence<s...>, int)
    -> std::bool_constant<(
        (StatedStage<C, s>::update(C{},
                                   std::as_const(lvalue(StageSite<C, s>(lvalue(Trace{}), every_field, true))),
                                   lvalue(StageSite<C, s>(lvalue(Trace{}), 0, false))),
         true) &&
        ...)>;
#else
template <class C, std::size_t... s>
constexpr auto updates_run(std::index_sequence<s...>,
                           int) -> std::bool_constant<((trace_update<s>(C{}), true) && ...)>;
#endif
template <class C>
constexpr std::false_type updates_run(...);

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

}  // namespace detail

}  // namespace nwm::cell
