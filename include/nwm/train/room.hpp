// Whether a backend with memory of its own has room for what training needs, said before it starts.
#pragma once

#include <cstddef>
#include <string>

#include "nwm/error.hpp"
#include "nwm/model/keep.hpp"

namespace nwm {

namespace detail {

/// The steps between checkpoints that need least memory: the divisor of T nearest to sqrt(T).
constexpr std::size_t sparest(std::size_t steps) {
  std::size_t best = 1;
  for (std::size_t k = 1; k <= steps; ++k)
    if (steps % k == 0 && k + steps / k < best + steps / best) best = k;
  return best;
}

/// What to do about a pass that needs more than `room` bytes.
template <class Machine>
std::string advice(std::size_t room) {
  const std::string fewer = "fewer images a pass than " + std::to_string(Machine::images);
  if constexpr (requires { typename Machine::Keep; }) {
    constexpr std::size_t k = sparest(Machine::shape.steps);
    using Spare =
        typename Machine::template with<typename Machine::Backend, typename Machine::Real, keep::Every<k>>;
    constexpr std::size_t bytes = Spare::Workspace::bytes();
    const std::string policy = "keep::Every<" + std::to_string(k) + "> (" + shown_bytes(bytes) + ")";
    return bytes <= room ? policy : fewer + "; " + policy + " is not enough";
  }
  return fewer;
}

}  // namespace detail

/// Throws Error, with the bytes needed and those there are and what would fit, when the backend knows how
/// much memory is free (`B::room()`, in bytes) and that is not enough for a pass of Machine.
template <class Machine>
void require_room() {
  using Backend = typename Machine::Backend;
  if constexpr (requires { Backend::room(); }) {
    constexpr std::size_t needed = Machine::Workspace::bytes();
    const std::size_t room = Backend::room();
    if (needed <= room) return;
    throw Error("memory of " + std::string(Backend::name),
                "a pass of " + std::to_string(Machine::images) + " images", shown_bytes(needed) + " free",
                shown_bytes(room) + "; try " + detail::advice<Machine>(room));
  }
}

}  // namespace nwm
