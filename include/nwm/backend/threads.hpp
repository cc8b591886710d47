// Threads by OpenMP. Without OpenMP there is one thread.
#pragma once

#include <cstddef>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace nwm {

/// Threads that a loop may use: `wanted`, or all that the machine has when 0.
inline std::size_t thread_count(std::size_t wanted) {
#ifdef _OPENMP
  return wanted > 0 ? wanted : static_cast<std::size_t>(omp_get_max_threads());
#else
  (void)wanted;
  return 1;
#endif
}

/// Calls f(item, thread) once for each item < items; neighbouring items run on the same thread. f must not
/// throw.
template <class F>
void spread_over_threads(std::size_t items, std::size_t threads, const F& f) {
#ifdef _OPENMP
  if (threads > 1 && items > 1) {
#pragma omp parallel for schedule(static) num_threads(static_cast<int>(threads))
    for (std::size_t item = 0; item < items; ++item) f(item, static_cast<std::size_t>(omp_get_thread_num()));
    return;
  }
#endif
  (void)threads;
  for (std::size_t item = 0; item < items; ++item) f(item, std::size_t{0});
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
