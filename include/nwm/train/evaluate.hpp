// Metrics of a model on a data set.
#pragma once

#include <cstddef>
#include <type_traits>

#include "nwm/train/per_image.hpp"
#include "nwm/train/per_pass.hpp"
#include "nwm/train/whole_batch.hpp"

namespace nwm {

namespace detail {
/// Whether the images of a batch depend on each other.
template <class Machine>
constexpr bool couples_images() {
  if constexpr (requires { Machine::couples_images; }) return Machine::couples_images;
  else return false;
}
/// Images of one pass.
template <class Machine>
constexpr std::size_t images_of_pass() {
  if constexpr (requires { Machine::images; }) return Machine::images;
  else return 1;
}
template <class Machine>
constexpr auto engine_of() {
  if constexpr (couples_images<Machine>()) return std::type_identity<WholeBatch<Machine>>{};
  else if constexpr (images_of_pass<Machine>() > 1) return std::type_identity<PerPass<Machine>>{};
  else return std::type_identity<PerImage<Machine>>{};
}
}  // namespace detail

/// How a model is run over many images: one at a time, several at a time where its backend takes them so, or
/// as whole batches where they depend on each other.
template <class Machine>
using EngineOf = typename decltype(detail::engine_of<Machine>())::type;

/// Metrics of `machine` on a data set. Throws Error when the set is empty or does not fit the machine,
/// Unstable when a wave step is. threads 0: all there are.
template <class Machine>
Metrics evaluate(const Machine& machine, const data::Dataset& set, std::size_t threads = 0) {
  require_fit<Machine>(set);
  if (set.size() == 0) throw Error(set.name(), "images", "at least 1", "0");
  return EngineOf<Machine>(threads, thread_count(threads)).evaluate(machine, set);
}

}  // namespace nwm
