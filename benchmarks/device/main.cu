// nwm_device_benchmark [--list] [--only REGEX] [--seconds S] [--json FILE]
//
// Runs the benchmarks whose names match REGEX, each for S seconds, and prints a line about each on stderr.
// Writes the device and the results as JSON: to FILE, again after each benchmark, or to stdout at the end. A
// failing benchmark gets an `error`, and the next one runs. The exit status is 1 if a benchmark failed, a
// check did not pass, no name matched, or there is no device.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "nwm/error.hpp"
#include "place.hpp"

namespace device_bench {
namespace {

struct Arguments {
  bool list = false;
  std::string only, json;
  Options options;
};

std::optional<Arguments> read(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--list") {
      arguments.list = true;
      continue;
    }
    if (i + 1 == argc) return {};
    const std::string value = argv[++i];
    if (word == "--only") arguments.only = value;
    else if (word == "--json") arguments.json = value;
    else if (word == "--seconds") {
      char* end = nullptr;
      arguments.options.seconds = std::strtod(value.c_str(), &end);
      if (value.empty() || *end != '\0' || !(arguments.options.seconds >= 0)) return {};
    } else {
      return {};
    }
  }
  return arguments;
}

std::string report(const Entry& device, const std::vector<std::string>& results) {
  std::string text = "{\"device\": " + device.text() + ",\n \"results\": [";
  for (std::size_t i = 0; i < results.size(); ++i) text += (i ? ",\n  " : "\n  ") + results[i];
  return text + "]}\n";
}

/// Writes a file whole or not at all.
void write(const std::string& path, const std::string& text) {
  const std::string part = path + ".part";
  std::ofstream file(part);
  file << text;
  file.close();
  if (!file) throw nwm::Error(part, "file", "written", "not");
  std::filesystem::rename(part, path);
}

/// Runs one benchmark; returns whether it ran and passed.
bool run(const Benchmark& benchmark, const Options& options, std::string& result) {
  Entry entry;
  entry.set("name", benchmark.name);
  bool fine = true;
  try {
    benchmark.run(entry, options);
  } catch (const std::exception& e) {
    fine = false;
    entry.set("error", std::string(e.what()));
  }
  result = entry.text();
  std::fprintf(stderr, "%s\n", result.c_str());
  return fine && result.find("\"passed\": false") == std::string::npos;
}

int run_all(const Arguments& arguments) {
  auto& all = registry();
  const std::regex only(arguments.only);
  std::erase_if(all, [&](const Benchmark& b) { return !std::regex_search(b.name, only); });
  std::ranges::sort(all, {}, &Benchmark::name);
  if (all.empty())
    throw nwm::Error("nwm_device_benchmark", "--only", "a name of --list", "'" + arguments.only + "'");
  if (arguments.list) {
    for (const auto& b : all) std::printf("%s\n", b.name.c_str());
    return 0;
  }
  const Entry device = Place::describe();
  std::vector<std::string> results;
  bool fine = true;
  for (const auto& b : all) {
    results.emplace_back();
    fine = run(b, arguments.options, results.back()) && fine;
    if (!arguments.json.empty()) write(arguments.json, report(device, results));
  }
  if (arguments.json.empty()) std::fputs(report(device, results).c_str(), stdout);
  return fine ? 0 : 1;
}

}  // namespace
}  // namespace device_bench

int main(int argc, char** argv) {
  const auto arguments = device_bench::read(argc, argv);
  if (!arguments) {
    std::fprintf(stderr, "usage: nwm_device_benchmark [--list] [--only REGEX] [--seconds S] [--json FILE]\n");
    return 2;
  }
  try {
    return device_bench::run_all(*arguments);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "nwm_device_benchmark: %s\n", e.what());
    return 1;
  }
}
