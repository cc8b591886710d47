// The timing of all benchmarks here: by the wall clock, over whole repetitions, on the chosen threads.
#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "inputs.hpp"
#include "nwm/backend/threads.hpp"
#include "work.hpp"

namespace bench {

/// Threads every benchmark uses: --threads, by default all.
inline std::size_t& threads() {
  static std::size_t count = 1;
  return count;
}

/// Times f() and sets the counters items_per_second, GFLOP/s and GB/s. f runs once before the timing, so that
/// one-time allocations are done. Rates are by the wall clock, without the suffix that UseRealTime adds to
/// names.
template <class F>
void measure(benchmark::State& state, const Work& work, const F& f) {
  try {
    f();
    const auto begin = std::chrono::steady_clock::now();
    for ([[maybe_unused]] auto _ : state) f();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const double rate = static_cast<double>(state.iterations()) / seconds;
    const auto set = [&](const char* name, double value) {
      if (value > 0) state.counters[name] = value * rate;
    };
    set("items_per_second", work.items);
    set("GFLOP/s", work.flops * 1e-9);
    set("GB/s", work.bytes * 1e-9);
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

/// Calls f(thread) on all threads at once, as parts run in training: each thread works on its own image.
template <class F>
void on_all_threads(const F& f) {
  nwm::spread_over_threads(threads(), threads(), [&](std::size_t item, std::size_t) { f(item); });
}

/// Times f(memory) with one `Memory` per thread; `work` is one thread's work.
template <class Memory, class F>
void measure_part(benchmark::State& state, const Work& work, const F& f) {
  std::vector<Memory> each(threads());
  const auto count = static_cast<double>(threads());
  measure(state, {work.items * count, work.flops * count, work.bytes * count}, [&] {
    on_all_threads([&](std::size_t thread) { f(each[thread]); });
    benchmark::ClobberMemory();
  });
}

/// Registers a benchmark at program start: `const bool registered = bench::add("part/…", f);`
inline bool add(const std::string& name, const std::function<void(benchmark::State&)>& f) {
  benchmark::RegisterBenchmark(name.c_str(), f);
  return true;
}

}  // namespace bench
