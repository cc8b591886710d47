// What can only be said of a cell once its numbers are known.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "nwm/cell/mistake.hpp"
#include "nwm/error.hpp"

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
}  // namespace detail

/// Throws Error, naming the number, when one is not finite or `dt` is not above 0; naming the field, when the
/// cell's stages read or write other fields with these numbers than with their defaults: memory is laid out
/// for those.
template <class C>
void require_numbers(const C& cell) {
  for_numbers(cell, [](std::string_view name, double value) {
    if (name == "dt" && !(std::isfinite(value) && value > 0))
      throw Error("cell", std::string(name), "a positive number", shown(value));
    if (!std::isfinite(value)) throw Error("cell", std::string(name), "a finite number", shown(value));
  });
  const auto found = trace_updates(cell);
  for (std::size_t s = 0; s < stage_count<C>; ++s) {
    detail::require_same_fields<C>(found[s].reads, traces<C>[s].reads, "read", s);
    detail::require_same_fields<C>(found[s].writes, traces<C>[s].writes, "written", s);
  }
}

}  // namespace nwm::cell
