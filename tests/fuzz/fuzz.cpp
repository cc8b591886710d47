// nwm_fuzz TARGET [OPTION OF LIBFUZZER]... FOLDER...: tries files made from those of the folders, for as long
// as -max_total_time=SECONDS says. A finding ends the program with a report, and the file is kept as crash-….
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "target.hpp"

namespace {

const fuzz::Target* target = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  if (*argc < 2) {
    std::fprintf(stderr, "nwm_fuzz TARGET [OPTION OF LIBFUZZER]... FOLDER...\n");
    std::exit(2);
  }
  target = &fuzz::target_named((*argv)[1]);
  // The target's own limits stop a reader that is slow or greedy; libFuzzer's one that does not come back.
  static std::vector<std::string> limits{"-max_len=" + std::to_string(target->longest), "-timeout=20",
                                         "-malloc_limit_mb=256", "-rss_limit_mb=2048"};
  static std::vector<char*> arguments{(*argv)[0]};
  for (std::string& limit : limits) arguments.push_back(limit.data());
  arguments.insert(arguments.end(), *argv + 2, *argv + *argc);
  *argc = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  *argv = arguments.data();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  fuzz::accepts(*target, {bytes, size});
  return 0;
}
