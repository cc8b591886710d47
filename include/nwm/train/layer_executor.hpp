// Who carries out the pieces of a layer for a model whose images depend on each other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <vector>

#include "nwm/backend/threads.hpp"
#include "nwm/train/team.hpp"

namespace nwm {

/// Runs the passes of a batch over threads, with fixed shards where sums are made. A pass is one image, or
/// all of the batch on a backend that takes it so.
struct LayerExecutor {
  std::size_t threads, shard_count;
  std::vector<std::exception_ptr> errors;
  Team* team = nullptr;  ///< where f of `together` is running

  /// f(), in which `passes` and `shards` of up to `count` passes keep their threads: many short loops. Without
  /// it each has OpenMP's threads anew, which spin while they wait: on a machine that does other work, too,
  /// this took up to ten times as long (docs/threads.md).
  template <class F>
  void together(std::size_t count, const F& f) {
    const std::size_t all = std::min(threads, count);
    if (all < 2) return f();
    Team here;
    team = &here;
    try {
      here.lead(all, f);
    } catch (...) {
      team = nullptr;
      throw;
    }
    team = nullptr;
  }

  /// f(pass, thread), in any order.
  template <class F>
  void passes(std::size_t count, const F& f) {
    if (!team) return parallel_for(count, threads, errors, f);
    team->each(count, [&](std::size_t pass, std::size_t thread) {
      try {
        f(pass, thread);
      } catch (...) {
        errors[pass] = std::current_exception();
      }
    });
    rethrow_lowest(count, errors);
  }
  /// f(pass, shard, thread): pass i belongs to shard i % shards; the passes of a shard run in order on one
  /// thread.
  template <class F>
  void shards(std::size_t count, const F& f) {
    const std::size_t all = std::min(shard_count, count);
    passes(all, [&](std::size_t shard, std::size_t thread) {
      for (std::size_t i = shard; i < count; i += all) f(i, shard, thread);
    });
  }
};

}  // namespace nwm
