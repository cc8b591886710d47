// Metrics of a model on a data set.
#pragma once

#include <cstddef>

#include "nwm/train/per_image.hpp"

namespace nwm {

namespace detail {
/// How a model is run over many images: one at a time, unless it brings an engine of its own.
template <class Machine>
struct EngineOf {
  using type = PerImage<Machine>;
};
template <class Machine>
requires requires { typename Machine::Engine; }
struct EngineOf<Machine> {
  using type = typename Machine::Engine;
};
}  // namespace detail

template <class Machine>
using EngineOf = typename detail::EngineOf<Machine>::type;

/// Metrics of `machine` on a data set. Throws Error when the set does not fit the machine, Unstable when a
/// wave step is. threads 0: all there are.
template <class Machine>
Metrics evaluate(const Machine& machine, const data::Dataset& set, std::size_t threads = 0) {
  require_fit<Machine>(set);
  return EngineOf<Machine>(threads, thread_count(threads)).evaluate(machine, set);
}

}  // namespace nwm
