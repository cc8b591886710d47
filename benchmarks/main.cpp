// nwm_benchmark [--threads N] [options of Google Benchmark]: the models and their parts.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>
#include <xsimd/xsimd.hpp>

#include "measure.hpp"
#include "nwm/backend/threads.hpp"

namespace {

/// Removes --threads N or --threads=N from the arguments and applies it. Returns false unless N is a number
/// from 1 to 4096.
bool take_threads(std::vector<char*>& arguments) {
  for (auto it = arguments.begin() + 1; it != arguments.end();) {
    const std::string_view text = *it;
    const char* value = nullptr;
    std::ptrdiff_t length = 1;
    if (text == "--threads" && it + 1 != arguments.end()) {
      value = *(it + 1);
      length = 2;
    } else if (text.starts_with("--threads=")) {
      value = *it + std::string_view("--threads=").size();
    } else if (text == "--threads") {
      return false;
    }
    if (!value) {
      ++it;
      continue;
    }
    char* end = nullptr;
    const long count = std::strtol(value, &end, 10);
    if (*value == '\0' || *end != '\0' || count < 1 || count > 4096) return false;
    bench::threads() = static_cast<std::size_t>(count);
    it = arguments.erase(it, it + length);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  bench::threads() = nwm::thread_count(0);
  if (!take_threads(arguments)) {
    std::fprintf(stderr, "nwm_benchmark: --threads: expected a number from 1 to 4096\n");
    return 1;
  }
#ifdef _OPENMP
  omp_set_num_threads(static_cast<int>(bench::threads()));  // Eigen's own threads, too
#endif
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 1;
  benchmark::AddCustomContext("threads", std::to_string(bench::threads()));
  benchmark::AddCustomContext("simd", xsimd::default_arch::name());
#ifdef __VERSION__
  benchmark::AddCustomContext("compiler", __VERSION__);
#endif
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
