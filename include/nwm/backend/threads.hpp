// Threads by OpenMP. Without OpenMP they are std::thread's: each thread that runs loops keeps a team of its
// own, which sleeps between them.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <string>
#include <vector>

#include "nwm/error.hpp"

#ifdef _OPENMP
#include <omp.h>
#else
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "nwm/backend/team.hpp"
#endif

namespace nwm {

#ifndef _OPENMP
namespace detail {

/// Whether the calling thread is at work in a loop: loops within it run on that thread alone, as OpenMP has
/// it.
inline thread_local bool in_a_loop = false;

/// The calling thread's team, of `threads` or more. Made by its first loop, and kept until the thread ends.
inline Team& own_team(std::size_t threads) {
  static thread_local std::unique_ptr<Team> team;
  if (!team || team->threads() < threads) team = std::make_unique<Team>(threads);
  return *team;
}

/// f(part) once for each part < `parts`, beside each other, on the threads of `team`. f must not throw.
template <class F>
void each_part(Team& team, std::size_t parts, const F& f) {
  team.each(parts, [&](std::size_t part, std::size_t) noexcept {
    in_a_loop = true;
    f(part);
    in_a_loop = false;
  });
}

/// Where `members` threads wait for each other. It takes nothing from the heap, which std::barrier does.
class Meeting {
 public:
  explicit Meeting(std::size_t members) : members_(members) {}
  void wait() {
    const std::uint32_t before = met_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == members_) {
      arrived_.store(0, std::memory_order_relaxed);
      met_.store(before + 1, std::memory_order_release);
      met_.notify_all();
      return;
    }
    for (int left = patience; left > 0; --left)
      if (met_.load(std::memory_order_acquire) != before) return;
    met_.wait(before, std::memory_order_acquire);
  }

 private:
  std::size_t members_;
  std::atomic<std::size_t> arrived_{0};
  std::atomic<std::uint32_t> met_{0};  // how often all have been there
};

}  // namespace detail
#endif

/// Threads that a loop may use: `wanted`, but no more than 256 or, where the machine has more, its
/// processors; all that the machine has when 0. Throws Error (field "threads") above 2^31 − 1: a negative
/// number that was converted.
inline std::size_t thread_count(std::size_t wanted) {
  constexpr std::size_t most = 0x7FFFFFFF;
  if (wanted > most)
    throw Error("nwm", "threads", "at most " + std::to_string(most) + ", or 0 for all",
                std::to_string(wanted));
#ifdef _OPENMP
  const auto processors = static_cast<std::size_t>(omp_get_num_procs());
  return std::min(wanted > 0 ? wanted : static_cast<std::size_t>(omp_get_max_threads()),
                  std::max<std::size_t>(256, processors));
#else
  const std::size_t processors = std::max(1u, std::thread::hardware_concurrency());
  return std::min(wanted > 0 ? wanted : processors, std::max<std::size_t>(256, processors));
#endif
}

/// Calls f(item, thread) once for each item < items; neighbouring items run on the same thread. f must not
/// throw.
template <class F>
void spread_over_threads(std::size_t items, std::size_t threads, const F& f) {
  threads = std::min(threads, items);
#ifdef _OPENMP
  if (threads > 1) {
#pragma omp parallel for schedule(static) num_threads(static_cast<int>(threads))
    for (std::size_t item = 0; item < items; ++item) f(item, static_cast<std::size_t>(omp_get_thread_num()));
    return;
  }
#else
  if (threads > 1 && !detail::in_a_loop) {
    detail::each_part(detail::own_team(threads), threads, [&](std::size_t thread) {
      const std::size_t end = (thread + 1) * items / threads;
      for (std::size_t item = thread * items / threads; item < end; ++item) f(item, thread);
    });
    return;
  }
#endif
  for (std::size_t item = 0; item < items; ++item) f(item, std::size_t{0});
}

/// A function that calls f(item, thread) and keeps what it throws in errors[item]. Both must outlive it.
template <class F>
auto keeping_errors(std::vector<std::exception_ptr>& errors, const F& f) {
  return [&](std::size_t item, std::size_t thread) {
    try {
      f(item, thread);
    } catch (...) {
      errors[item] = std::current_exception();
    }
  };
}

/// Throws the exception of the lowest item on, if there is one, and forgets all.
inline void rethrow_lowest(std::size_t items, std::vector<std::exception_ptr>& errors) {
  for (std::size_t item = 0; item < items; ++item)
    if (errors[item]) {
      const std::exception_ptr first = errors[item];
      for (auto& e : errors) e = nullptr;
      std::rethrow_exception(first);
    }
}

/// Calls f(item, thread) for item < items, each once, on `threads` threads, at most one for each item. When
/// calls throw, all items still run and the exception of the lowest item is thrown on: the same whatever the
/// threads. `errors` needs `items` places.
template <class F>
void parallel_for(std::size_t items, std::size_t threads, std::vector<std::exception_ptr>& errors,
                  const F& f) {
  const auto run = keeping_errors(errors, f);
  threads = std::min(threads, items);
#ifdef _OPENMP
  if (threads > 1) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(static_cast<int>(threads))
    for (std::size_t item = 0; item < items; ++item)
      run(item, static_cast<std::size_t>(omp_get_thread_num()));
  } else
#else
  if (threads > 1 && !detail::in_a_loop) {
    std::atomic<std::size_t> next = 0;
    detail::each_part(detail::own_team(threads), threads, [&](std::size_t thread) {
      for (;;) {
        const std::size_t item = next.fetch_add(1, std::memory_order_relaxed);
        if (item >= items) return;
        run(item, thread);
      }
    });
  } else
#endif
  {
    for (std::size_t item = 0; item < items; ++item) run(item, 0);
  }
  rethrow_lowest(items, errors);
}

/// One of the threads that run the same function.
struct Worker {
  std::size_t index, count;  ///< which of them it is, and how many there are
#ifndef _OPENMP
  detail::Meeting* meeting = nullptr;  ///< where they wait for each other
#endif
  /// Returns when all `count` threads have called wait().
  void wait() const {
#ifdef _OPENMP
    if (count > 1) {
#pragma omp barrier
    }
#else
    if (meeting) meeting->wait();
#endif
  }
};

/// Calls f(Worker) on up to `threads` threads at the same time. f must not throw.
template <class F>
void run_together(std::size_t threads, const F& f) {
#ifdef _OPENMP
  if (threads > 1) {
#pragma omp parallel num_threads(static_cast<int>(threads))
    f(Worker{static_cast<std::size_t>(omp_get_thread_num()),
             static_cast<std::size_t>(omp_get_num_threads())});
    return;
  }
#else
  if (threads > 1 && !detail::in_a_loop) {
    Team& team = detail::own_team(threads);
    const std::size_t count = std::min(threads, team.present());
    detail::Meeting meeting(count);
    detail::each_part(team, count, [&](std::size_t index) {
      meeting.wait();  // all are here: nobody takes a second part while another waits for it in f
      f(Worker{index, count, &meeting});
    });
    return;
  }
#endif
  f(Worker{0, 1});
}

}  // namespace nwm

#include "nwm/pop_macros.inc"
