// Partial gradients put together in a fixed order.
#pragma once

#include <cstddef>

#include "nwm/memory/buffer.hpp"

namespace nwm::detail {

/// to = Σ parts[s] over `count` ≥ 1 shards, in order. For host memory.
template <class Real>
struct SumOfShards {
  const Buffer<Real>* parts;
  std::size_t count;
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    auto sum = lane.load(parts[0].data());
    for (std::size_t s = 1; s < count; ++s) sum += lane.load(parts[s].data());
    lane.store(to, sum);
  }
};

}  // namespace nwm::detail
