// Threads that stay together over many short loops, and sleep where they have nothing to do. A loop waits for
// its items and not for threads: one whose core another program has taken holds nobody up while it has no item.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>

#include "nwm/backend/threads.hpp"

namespace nwm {

/// Threads with one that leads: it runs a function, and where this calls `each`, all share the items.
class Team {
 public:
  Team() = default;
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  /// Calls f() while `threads` − 1 more wait for loops. Exceptions of f pass through.
  template <class F>
  void lead(std::size_t threads, const F& f) {
    std::exception_ptr error;
    work_.store(0);
    run_together(threads, [&](const Worker& member) {
      if (member.index > 0) return serve(member.index);
      try {
        f();
      } catch (...) {
        error = std::current_exception();
      }
      publish(ended);
    });
    if (error) std::rethrow_exception(error);
  }

  /// For the one who leads: f(item, thread) once for each item < items (below 2^32), on any of the threads, in
  /// any order. Returns when all are done. f must not throw.
  template <class F>
  void each(std::size_t items, const F& f) {
    if (items < 2) {
      if (items == 1) f(std::size_t{0}, std::size_t{0});
      return;
    }
    run_.store([](const void* g, std::size_t item,
                  std::size_t thread) { (*static_cast<const F*>(g))(item, thread); },
               std::memory_order_relaxed);
    function_.store(&f, std::memory_order_relaxed);
    done_.store(0, std::memory_order_relaxed);
    publish(((work_.load(std::memory_order_relaxed) >> 32) + 1) << 32 | items);
    take_items(0);
    for (int left = patience;;) {
      const std::uint32_t done = done_.load(std::memory_order_acquire);
      if (done == items) return;
      if (left > 0) --left;
      else done_.wait(done, std::memory_order_acquire);
    }
  }

 private:
  using Run = void (*)(const void*, std::size_t, std::size_t);

  static constexpr std::uint64_t ended = std::uint64_t{0xFFFFFFFF} << 32;
  static constexpr int patience = 2000;  // looks before one sleeps: some microseconds

  void publish(std::uint64_t work) {
    work_.store(work, std::memory_order_release);
    loop_.fetch_add(1, std::memory_order_release);
    loop_.notify_all();
  }

  /// Runs items of the loop under way while there are some, the last first.
  void take_items(std::size_t thread) {
    for (;;) {
      std::uint64_t work = work_.load(std::memory_order_acquire);
      const Run run = run_.load(std::memory_order_relaxed);
      const void* const f = function_.load(std::memory_order_relaxed);
      const std::uint64_t left = work & 0xFFFFFFFF;
      if (left == 0) return;
      // Where this succeeds the item was nobody's, so that the loop was not done and what was read is its own.
      if (!work_.compare_exchange_weak(work, work - 1, std::memory_order_acq_rel)) continue;
      run(f, left - 1, thread);
      done_.fetch_add(1, std::memory_order_release);
      done_.notify_one();
    }
  }

  void serve(std::size_t thread) {
    for (;;) {
      const std::uint32_t loop = loop_.load(std::memory_order_acquire);
      take_items(thread);
      if (work_.load(std::memory_order_acquire) == ended) return;
      int left = patience;
      while (left > 0 && loop_.load(std::memory_order_acquire) == loop) --left;
      if (left == 0) loop_.wait(loop, std::memory_order_acquire);
    }
  }

  std::atomic<std::uint64_t> work_{0};  // the loop's number above, the items that nobody has taken below
  std::atomic<std::uint32_t> loop_{0}, done_{0};
  std::atomic<Run> run_{nullptr};
  std::atomic<const void*> function_{nullptr};
};

}  // namespace nwm
