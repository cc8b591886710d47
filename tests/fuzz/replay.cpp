// fuzz_replay TARGET FOLDER: gives every file of the folder to the target. Those called good* must be read,
// those called bad* must be refused by nwm::Error; there must be some of both. Found inputs stay in the
// folder as examples of what once went wrong.
//
// fuzz_replay TARGET --write FILE: writes a good file, for targets whose files only the library can make.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "target.hpp"

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (argc < 3) {
    std::fprintf(stderr, "fuzz_replay TARGET FOLDER | fuzz_replay TARGET --write FILE\n");
    return 2;
  }
  const fuzz::Target& target = fuzz::target_named(words[1]);
  if (words[2] == "--write") {
    if (argc != 4 || !target.write) {
      std::fprintf(stderr, "'%s' writes no file\n", words[1].c_str());
      return 2;
    }
    target.write(argv[3]);
    return 0;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(words[2])) files.push_back(entry.path());
  std::ranges::sort(files);
  std::size_t good = 0, bad = 0, wrong = 0;
  for (const auto& path : files) {
    const std::string name = path.filename().string();
    std::printf("%s\n", name.c_str()),
        std::fflush(stdout);  // the last line names a file that ends the program
    std::ifstream in(path, std::ios::binary);
    const std::vector<char> content{std::istreambuf_iterator<char>(in), {}};
    const bool read =
        fuzz::accepts(target, {reinterpret_cast<const std::uint8_t*>(content.data()), content.size()});
    const bool should = name.starts_with("good");
    good += should, bad += !should;
    if (read == should && (should || name.starts_with("bad"))) continue;
    ++wrong;
    std::printf("  %s; files are called good* or bad*\n", read ? "was read" : "was refused");
  }
  std::printf("%zu to be read, %zu to be refused, %zu wrong\n", good, bad, wrong);
  return good > 0 && bad > 0 && wrong == 0 ? 0 : 1;
}
