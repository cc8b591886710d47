// Partial gradients put together in a fixed order, and who makes them.
#pragma once

#include <cstddef>
#include <span>

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

namespace nwm {

/// Shards first, first + 1, …, end − 1 of a batch.
struct ShardRange {
  std::size_t first, end;
  std::size_t count() const { return end - first; }
};

/// What an executor makes of a batch: all of it. Another share (nwm/mpi/share.hpp) makes a part of it, beside
/// other processes that make the rest, and puts together what all of them have.
struct WholeBatch {
  /// The shards to make, of `count` ≥ 1.
  static ShardRange shards(std::size_t count) { return {0, count}; }
  /// The images to run in passes.
  static std::span<const std::size_t> images(std::span<const std::size_t> batch) { return batch; }
  /// Does some of the work. A share of several processes keeps what it throws until all have heard of it.
  template <class F>
  static void attempt(const F& work) {
    work();
  }
  /// Sets `to` to the sum of the batch's partial gradients, of which `gradients` are those made here; returns
  /// the sum of its losses. For host memory.
  template <class Backend, class Real>
  static double sum(std::span<const Buffer<Real>> gradients, std::span<const double> losses,
                    std::span<Real> to) {
    Backend::template map<Real>(to.size(),
                                detail::SumOfShards<Real>{gradients.data(), gradients.size(), to.data()});
    double loss = 0;
    for (const double each : losses) loss += each;
    return loss;
  }
};

}  // namespace nwm
