// Named benchmarks of nwm_device_benchmark, and their results.
#pragma once

#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nwm/io/json_header.hpp"

namespace device_bench {

/// A JSON object of numbers, texts and truth values, in the order in which they were set.
class Entry {
 public:
  /// A number that is not finite becomes null.
  Entry& set(std::string_view key, double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", value);
    return put(key, std::isfinite(value) ? text : "null");
  }
  Entry& set(std::string_view key, const std::string& value) { return put(key, nwm::io::json_quoted(value)); }
  Entry& set(std::string_view key, bool value) { return put(key, value ? "true" : "false"); }

  std::string text() const { return "{" + members_ + "}"; }

 private:
  Entry& put(std::string_view key, const std::string& value) {
    if (!members_.empty()) members_ += ", ";
    members_ += nwm::io::json_quoted(key) + ": " + value;
    return *this;
  }
  std::string members_;
};

struct Options {
  double seconds = 0.5;  ///< of each measurement
};

/// A benchmark. `run` adds its results to an entry that already has `name`, and throws on failure.
struct Benchmark {
  std::string name;
  std::function<void(Entry&, const Options&)> run;
};

/// All registered benchmarks, in an unspecified order.
inline std::vector<Benchmark>& registry() {
  static std::vector<Benchmark> all;
  return all;
}

/// Registers a benchmark at program start: `const bool registered = add("part/…", f);`
inline bool add(std::string name, std::function<void(Entry&, const Options&)> run) {
  registry().push_back({std::move(name), std::move(run)});
  return true;
}

}  // namespace device_bench
