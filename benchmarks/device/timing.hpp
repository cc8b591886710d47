// The timing of all benchmarks here: after a warm-up, by the device's clock, the median of many repetitions.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "../work.hpp"
#include "allocated.hpp"
#include "place.hpp"

namespace device_bench {

/// Times f() and sets median, least and most milliseconds, and `work` of one call, from which tables.py
/// computes the floor. Repeats for options.seconds, at least 5 and at most 2000 times, after three uncounted
/// calls (plain, captured, replayed). Calls much shorter than the clock's own cost are timed in groups.
/// wall_ms is a call's share of the wall clock.
template <class F>
void measure(Entry& entry, const Options& options, const bench::Work& work, const F& f) {
  for (int i = 0; i < 3; ++i) f();
  Place::Watch watch;
  constexpr double short_ms = 0.2;
  const double once = watch.time(f);
  const std::size_t group =
      once >= short_ms ? 1 : static_cast<std::size_t>(std::min(1000.0, short_ms / std::max(once, 1e-4))) + 1;
  const auto group_of_calls = [&] {
    for (std::size_t i = 0; i < group; ++i) f();
  };
  std::vector<double> times;
  const auto begin = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  while (times.size() < 5 || (times.size() < 2000 && elapsed() < options.seconds))
    times.push_back(watch.time(group_of_calls) / static_cast<double>(group));
  const double wall = elapsed() * 1e3 / static_cast<double>(times.size() * group);
  std::ranges::sort(times);
  const std::size_t half = times.size() / 2;
  const double median = times.size() % 2 == 1 ? times[half] : (times[half - 1] + times[half]) / 2;
  entry.set("median_ms", median).set("least_ms", times.front()).set("most_ms", times.back());
  entry.set("repetitions", static_cast<double>(times.size())).set("wall_ms", wall);
  entry.set("items", work.items).set("flops", work.flops).set("bytes", work.bytes);
}

/// What a benchmark takes of the device's memory, from when this is made.
class MemoryUse {
 public:
  MemoryUse() { Ledger::of_program().reset_peak(); }
  /// Sets peak_bytes, the most bytes allocated at a time, and taken_bytes, by how much the device's free
  /// memory has fallen, with what the driver and graphs hold. Both as torch_device.py measures them; 0 on the
  /// host.
  void report(Entry& entry) const {
    entry.set("peak_bytes", static_cast<double>(Ledger::of_program().peak()));
    entry.set("taken_bytes", before_ - Place::free_bytes());
  }

 private:
  double before_ = Place::free_bytes();
};

/// The operations that ask() requests of B, as one call: a captured graph where B has them, else ask()
/// itself. Everything that ask() uses must outlive the result. ask() has run once when this returns.
template <class B, class F>
auto as_one(const F& ask) {
  ask();
  B::wait();
  if constexpr (requires { typename B::CapturedGraph; }) {
    auto recording = std::make_shared<typename B::CapturedGraph>();
    recording->capture(ask);
    return [recording] { recording->launch(); };
  } else {
    return ask;
  }
}

}  // namespace device_bench
