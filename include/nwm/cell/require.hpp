// What can only be said of a cell once its numbers are known.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "nwm/cell/mistake.hpp"
#include "nwm/cell/trace.hpp"
#include "nwm/error.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::cell {

namespace detail {
/// Throws where `found` and `expected` are not the same fields.
template <class C>
void require_same_fields(std::uint64_t found, std::uint64_t expected, const char* does, std::size_t stage) {
  for (std::size_t f = 0; f < field_count<C>; ++f) {
    const bool now = (found >> f & 1) != 0, before = (expected >> f & 1) != 0;
    if (now == before) continue;
    const std::string what = std::string(does) + " by stage " + std::to_string(stage);
    throw Error("cell", std::string(field<C>(f).name.view()),
                (before ? what : "not " + what) + ", as with the cell's default numbers",
                now ? what : "not " + what);
  }
}
/// Throws where `noted`, of a run of `function`, says what check.hpp refuses with the default numbers.
inline void require_good(const Trace& noted, const std::string& function) {
  const auto refuse = [&](const char* expected, const char* found) {
    throw Error("cell", function, expected, std::string(found) + ", with these numbers");
  };
  if (noted.unknown_field) refuse("only fields that `fields` describes", "another field");
  if (noted.unknown_group) refuse("only groups that the coupling has: see .groups", "another group");
  if (noted.unset)
    refuse("only values that are set: the old value of a field is now[u], not next[u]",
           "a value that nothing has set");
  if (noted.plain) refuse("only what packs of values can do", "something else");
}

/// Throws where a function reads a field that it does not read with the default numbers: it would not be
/// there.
template <class C>
void require_no_more(std::uint64_t found, std::uint64_t expected, const char* functions) {
  for (std::size_t f = 0; f < field_count<C>; ++f)
    if (((found & ~expected) >> f & 1) != 0)
      throw Error("cell", std::string(field<C>(f).name.view()),
                  std::string("not read by ") + functions + ", as with the cell's default numbers", "read");
}

/// Throws where a function leaves out one of the fields that it sets with the default numbers.
template <class C>
void require_all_set(const std::string& function, const char* site, std::uint64_t missing) {
  for (std::size_t f = 0; f < field_count<C>; ++f)
    if ((missing >> f & 1) != 0)
      throw Error("cell", function, std::string(site) + "[" + std::string(field<C>(f).name.view()) + "] set",
                  "not set, with these numbers");
}

/// Every adjoint that is written by hand sets what the derived one would.
template <class C>
void require_adjoints(const C& cell) {
  for_constants<stage_count<C>>([&](auto s) {
    if constexpr (has_adjoint<StatedStage<C, s>>) {
      const AdjointTrace found = trace_adjoint<s>(cell, traces<C>[s]);
      const std::string function = "adjoint of stage " + std::to_string(s);
      require_good(found.noted, function);
      if (!found.coupled) throw Error("cell", function, "to.coupled() set", "not set, with these numbers");
      require_all_set<C>(function, "to", traces<C>[s].reads & ~found.sets);
    }
  });
}

/// The step backwards, where the cell states it, reads what it reads with the default numbers, and sets all
/// that it should.
template <class C>
void require_backwards(const C& cell) {
  if constexpr (StepsBack<C>) {
    constexpr BackwardTrace expected = trace_backwards(C{}, traces<C>[reversed_stage<C>].writes);
    const BackwardTrace found = trace_backwards(cell, traces<C>[reversed_stage<C>].writes);
    require_good(found.noted, "inverse");
    require_no_more<C>(found.reads, expected.reads, "`inverse`");
    require_all_set<C>("inverse", "before", found.missing);
  }
}

/// `stability` and its like read no map that they do not read with the default numbers.
template <class C>
void require_bound(const C& cell) {
  constexpr std::uint64_t expected = [] {
    Trace noted;
    return trace_bound(C{}, noted);
  }();
  Trace noted;
  const std::uint64_t found = trace_bound(cell, noted);
  require_good(noted, "stability");
  require_no_more<C>(found, expected, "`stability` and `growth`");
}
}  // namespace detail

/// Throws Error, naming the number, when one is not finite or `dt` is not above 0; naming the field, when the
/// cell's stages read or write other fields with these numbers than with their defaults, or its bound or its
/// step backwards reads more: memory is laid out for those; naming the function, when with these numbers it
/// does what is refused at compile time with the defaults: it reads what nothing has set, uses a field or a
/// group that is not there, or does not set all that it should.
template <class C>
void require_numbers(const C& cell) {
  for_numbers(cell, [](std::string_view name, double value) {
    if (name == "dt" && !(std::isfinite(value) && value > 0))
      throw Error("cell", std::string(name), "a positive number", shown(value));
    if (!std::isfinite(value)) throw Error("cell", std::string(name), "a finite number", shown(value));
  });
  const auto found = trace_updates(cell);
  for (std::size_t s = 0; s < stage_count<C>; ++s) {
    detail::require_good(found[s].noted, "update of stage " + std::to_string(s));
    detail::require_same_fields<C>(found[s].reads, traces<C>[s].reads, "read", s);
    detail::require_same_fields<C>(found[s].writes, traces<C>[s].writes, "written", s);
  }
  detail::require_adjoints(cell);
  detail::require_backwards(cell);
  detail::require_bound(cell);
}

}  // namespace nwm::cell
