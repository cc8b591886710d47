// Threads by OpenMP. Without OpenMP there is one thread.
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
#endif

namespace nwm {

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
  return 1;
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
#endif
  {
    for (std::size_t item = 0; item < items; ++item) run(item, 0);
  }
  rethrow_lowest(items, errors);
}

/// One of the threads that run the same function.
struct Worker {
  std::size_t index, count;
  /// Returns when all `count` threads have called wait().
  void wait() const {
#ifdef _OPENMP
    if (count > 1) {
#pragma omp barrier
    }
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
#endif
  (void)threads;
  f(Worker{0, 1});
}

}  // namespace nwm

#include "nwm/pop_macros.inc"
