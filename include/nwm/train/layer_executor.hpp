// Who carries out the pieces of a layer for a model whose images depend on each other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <vector>

#include "nwm/backend/threads.hpp"

namespace nwm {

/// Runs the passes of a batch over threads, with fixed shards where sums are made. A pass is one image, or
/// all of the batch on a backend that takes it so.
struct LayerExecutor {
  std::size_t threads, shard_count;
  std::vector<std::exception_ptr> errors;

  /// f(pass, thread), in any order.
  template <class F>
  void passes(std::size_t count, const F& f) {
    parallel_for(count, threads, errors, f);
  }
  /// f(pass, shard, thread): pass i belongs to shard i % shards; the passes of a shard run in order on one
  /// thread.
  template <class F>
  void shards(std::size_t count, const F& f) {
    const std::size_t all = std::min(shard_count, count);
    parallel_for(all, threads, errors, [&](std::size_t shard, std::size_t thread) {
      for (std::size_t i = shard; i < count; i += all) f(i, shard, thread);
    });
  }
};

}  // namespace nwm
