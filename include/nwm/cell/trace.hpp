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
using TracedSiteOf = TracedSite<C, field_count<C>, stated_coupling<S>.groups>;
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
NWM_HAS_MEMBER(coupling)
NWM_HAS_MEMBER(update)
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
  trace.noted.unset |= next.spoiled();
  trace.reads = next.depends();
  trace.writes = next.set_fields();
  return trace;
}

/// What each stage of a cell reads and writes.
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
  return static_cast<T&>(value);  // in C++23 `return value` would move
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
  const auto take = [&](const Archetype<C>& bound) {
    mask |= bound.depends();
    noted.unset |= bound.spoiled() || !bound.set();
  };
  if constexpr (has_stability<C>) take(C::stability(cell, map));
  if constexpr (has_growth<C>) take(C::growth(cell, map));
  if constexpr (requires { C::inverse_growth(cell, map); }) take(C::inverse_growth(cell, map));
  return mask;
}

/// What the adjoint of a stage that is written by hand sets, a bit for each field, and whether it sets
/// to.coupled().
struct AdjointTrace {
  std::uint64_t sets = 0;
  bool coupled = false;
  Trace noted;
};

/// Runs the adjoint of stage s once, for an update that reads and writes these fields.
template <std::size_t s, class C>
constexpr AdjointTrace trace_adjoint(const C& cell, const StageTrace& update) {
  using S = StatedStage<C, s>;
  using Site = TracedSiteOf<C, S>;
  AdjointTrace trace;
  const Site now(trace.noted, update.reads, true), gradient(trace.noted, update.writes, false);
  Site to(trace.noted, 0, false);
  S::adjoint(cell, now, gradient, to);
  trace.noted.unset |= to.spoiled();
  trace.sets = to.set_fields(), trace.coupled = to.coupled_set();
  return trace;
}

/// The stage whose inverse a cell states: the last. Those before it may only bring the drive in, so that the
/// step run backwards finds anew what they did.
template <class C>
inline constexpr std::size_t reversed_stage = stage_count<C> - (stage_count<C> > 0);
template <class C>
using ReversedStage = StatedStage<C, reversed_stage<C>>;
template <class C, std::size_t s>
inline constexpr bool only_brings_drive = [] {
  constexpr const Coupling& coupling = stated_coupling<StatedStage<C, s>>;
  bool drive = coupling.into != nowhere;
  for (std::size_t k = 0; k < coupling.from.size(); ++k) drive = drive && coupling.from[k] == drive_field<C>;
  return drive;
}();
// A fold: nvcc cannot read a generic lambda in the initial value of a variable template.
template <class C, std::size_t... s>
constexpr bool all_bring_drive(std::index_sequence<s...>) {
  return (only_brings_drive<C, s> && ...);
}
template <class C>
inline constexpr bool last_stage_is_the_step =
    stage_count<C> > 0 && all_bring_drive<C>(std::make_index_sequence<reversed_stage<C>>{});
/// What the coupling of that stage gathers besides the drive, a bit for each field: these must be found
/// before it.
template <class C>
inline constexpr std::uint64_t gathered_states = [] {
  constexpr const Coupling& coupling = stated_coupling<ReversedStage<C>>;
  std::uint64_t mask = 0;
  for (std::size_t k = 0; k < coupling.from.size(); ++k)
    if (coupling.from[k] != drive_field<C>) mask |= std::uint64_t{1} << coupling.from[k];
  return mask;
}();
template <class C>
using ReversedSite = TracedSiteOf<C, ReversedStage<C>>;

/// A cell that states its step run backwards (checkpointing/reversible.hpp).
template <class C>
concept StepsBack = last_stage_is_the_step<C> &&
                    requires(const C& cell, const ReversedSite<C>& after, ReversedSite<C>& before) {
                      C::inverse(cell, after, before);
                    } &&
                    (gathered_states<C> == 0 ||
                     requires(const C& cell, const ReversedSite<C>& after, ReversedSite<C>& before) {
                       C::coupled_before(cell, after, before);
                     });

/// What the step backwards reads of a site after a step, and what its two functions should set, but do not, a
/// bit for each field.
struct BackwardTrace {
  std::uint64_t reads = 0, missing = 0;
  Trace noted;
};

/// Runs `coupled_before` and `inverse` once, of a cell whose step writes the fields `writes`. The coupled
/// value is there for the second only.
template <StepsBack C>
constexpr BackwardTrace trace_backwards(const C& cell, std::uint64_t writes) {
  using Site = ReversedSite<C>;
  BackwardTrace trace;
  const Site uncoupled(trace.noted, every_field, false), after(trace.noted, every_field, true);
  Site gathered(trace.noted, 0, false), before(trace.noted, 0, false);
  if constexpr (gathered_states<C> != 0) C::coupled_before(cell, uncoupled, gathered);
  C::inverse(cell, after, before);
  trace.noted.unset |= gathered.spoiled() || before.spoiled();
  trace.reads = gathered.depends() | before.depends();
  trace.missing = writes & ~before.set_fields();
  trace.missing |= gathered_states<C> & ~gathered.set_fields();
  return trace;
}

/// A cell of one stage that states how its steps are found again from the recorded series (cell/series.hpp).
template <class C>
concept StatesRecover =
    stage_count<C> == 1 && requires(const C& cell, const ReversedSite<C>& now, ReversedSite<C>& to) {
      C::recover(cell, now, to);
      C::recovered_adjoint(cell, now, now, now, to);
    };

/// What `recover` and `recovered_adjoint` should set, but do not, of a cell whose step does `update`. The
/// first sees the recorded field alone; the second all that is read, but for the coupled value.
struct RecoveredTrace {
  std::uint64_t missing = 0;
  bool coupled = false;
  Trace noted;
};
template <StatesRecover C>
constexpr RecoveredTrace trace_recovered(const C& cell, const StageTrace& update) {
  using Site = ReversedSite<C>;
  constexpr std::uint64_t seen = std::uint64_t{1} << recorded_fields<C>[0];
  RecoveredTrace trace;
  const Site before(trace.noted, seen, false);
  Site after(trace.noted, seen, false);
  C::recover(cell, before, after);
  const Site now(trace.noted, update.reads, false), next(trace.noted, update.writes, false);
  Site to(trace.noted, 0, false);
  C::recovered_adjoint(cell, now, next, next, to);
  trace.noted.unset |= after.spoiled() || to.spoiled();
  trace.missing = (update.writes & ~seen & ~after.set_fields()) | (update.reads & ~to.set_fields());
  trace.coupled = to.coupled_set();
  return trace;
}

}  // namespace detail

}  // namespace nwm::cell
