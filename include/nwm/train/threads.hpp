// Independent pieces of work over the threads there are. Without OpenMP: one thread.
#pragma once

#include <cstddef>
#include <exception>
#include <vector>

#include "nwm/backend/threads.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace nwm {

/// Calls f(item, thread) for item < items, each once, on `threads` threads. When calls throw, all items still
/// run and the exception of the lowest item is thrown on: the same whatever the threads. `errors` needs
/// `items` places.
template <class F>
void parallel_for(std::size_t items, std::size_t threads, std::vector<std::exception_ptr>& errors,
                  const F& f) {
  const auto run = [&](std::size_t item, std::size_t thread) {
    try {
      f(item, thread);
    } catch (...) {
      errors[item] = std::current_exception();
    }
  };
#ifdef _OPENMP
  if (threads > 1) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(static_cast<int>(threads))
    for (std::size_t item = 0; item < items; ++item)
      run(item, static_cast<std::size_t>(omp_get_thread_num()));
  } else
#endif
  {
    (void)threads;
    for (std::size_t item = 0; item < items; ++item) run(item, 0);
  }
  for (std::size_t item = 0; item < items; ++item)
    if (errors[item]) {
      const std::exception_ptr first = errors[item];
      for (auto& e : errors) e = nullptr;
      std::rethrow_exception(first);
    }
}

}  // namespace nwm
