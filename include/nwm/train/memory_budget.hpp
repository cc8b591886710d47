// Whether a backend with memory of its own has room for what training needs, said before it starts.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>

#include "nwm/checkpointing/policies.hpp"
#include "nwm/error.hpp"

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
template <class Model>
std::string advice(std::size_t target, std::size_t more, std::size_t room) {
  const std::string fewer = "fewer images a pass than " + std::to_string(Model::images);
  if constexpr (requires { typename Model::Checkpointing; }) {
    constexpr std::size_t k = sparest(Model::shape.steps);
    using Spare =
        typename Model::template with<typename Model::Backend, typename Model::Real, checkpointing::Every<k>>;
    const std::size_t bytes = Spare::Workspace::bytes(target) + more;
    const std::string policy = "checkpointing::Every<" + std::to_string(k) + "> (" + shown_bytes(bytes) + ")";
    return bytes <= room ? policy : fewer + "; " + policy + " is not enough";
  }
  return fewer;
}

}  // namespace detail

/// Throws Error, with the bytes needed and those there are and what would fit, when the backend knows how
/// much memory is free (`B::free_memory()`, in bytes) and that is not enough for a pass of Model with a
/// target of so many numbers and `more` bytes.
template <class Model>
void require_memory(std::size_t target_numbers, std::size_t more = 0) {
  using Backend = typename Model::Backend;
  if constexpr (requires { Backend::free_memory(); }) {
    const std::size_t needed = Model::Workspace::bytes(target_numbers) + more;
    const std::size_t room = Backend::free_memory();
    if (needed <= room) return;
    throw Error("memory of " + std::string(Backend::name),
                "a pass of " + std::to_string(Model::images) + " images", shown_bytes(needed) + " free",
                shown_bytes(room) + "; try " + detail::advice<Model>(target_numbers, more, room));
  }
}

namespace detail {
/// Held from the question how much memory is free to the moment when it is taken.
inline std::mutex memory_mutex;
}  // namespace detail

/// make(), which allocates a pass of Model with a target of so many numbers, once there is room for it and
/// for `more` bytes: require_memory, without another thread's model taking the memory in between.
template <class Model, class Make>
auto with_memory(std::size_t target_numbers, std::size_t more, const Make& make) {
  using Backend = typename Model::Backend;
  if constexpr (requires { Backend::free_memory(); }) {
    const std::scoped_lock lock(detail::memory_mutex);
    require_memory<Model>(target_numbers, more);
    return make();
  } else {
    return make();
  }
}

}  // namespace nwm
