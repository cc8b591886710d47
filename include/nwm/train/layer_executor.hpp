// Who carries out the pieces of a layer for a model whose images depend on each other.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <vector>

#include "nwm/backend/team.hpp"
#include "nwm/backend/threads.hpp"
#include "nwm/train/share_out.hpp"

namespace nwm {

/// Runs the passes of a batch over threads, with fixed shards where sums are made. A pass is one image, or
/// all of the batch on a backend that takes it so.
struct LayerExecutor {
  std::size_t threads, shard_count;
  std::vector<std::exception_ptr> errors;
  bool has_crew = false;         ///< whether the operations of a pass can be divided (train/share_out.hpp)
  std::unique_ptr<Team> team{};  ///< made by the first loop that has work for several threads

  /// f(pass, thread), in any order. A layer is a short loop, and there are many: OpenMP's threads spin while
  /// they wait for the next one, which took up to ten times as long on a machine that does other work, too.
  template <class F>
  void passes(std::size_t count, const F& f) {
    const auto run = keeping_errors(errors, f);
    const std::size_t left = has_crew ? left_over(count, threads) : 0, whole = count - left;
    const std::size_t all = left > 0 ? threads : std::min(threads, count);
    if (all > 1 && (!team || team->threads() < all)) team = std::make_unique<Team>(all);
    if (all > 1) team->each(whole, run);
    else
      for (std::size_t pass = 0; pass < whole; ++pass) run(pass, 0);
    if (left > 0) {  // one after the other, each on all threads
      const Crew crew(*team);
      for (std::size_t pass = whole; pass < count; ++pass) run(pass, 0);
    }
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

#include "nwm/pop_macros.inc"
