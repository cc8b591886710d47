// What nwm_device_benchmark is made of: named benchmarks, and what each has to say.
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

/// A JSON object of numbers, texts and truths, in the order in which they were set.
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

/// A benchmark: sets what it found, `name` being there already; throws when it cannot.
struct Benchmark {
  std::string name;
  std::function<void(Entry&, const Options&)> run;
};

/// In the order of the files they stand in, which is no order to rely on.
inline std::vector<Benchmark>& registry() {
  static std::vector<Benchmark> all;
  return all;
}

/// Registers at start: `const bool registered = add("part/…", f);`
inline bool add(std::string name, std::function<void(Entry&, const Options&)> run) {
  registry().push_back({std::move(name), std::move(run)});
  return true;
}

}  // namespace device_bench
