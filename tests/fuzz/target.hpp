// What the targets of tests/fuzz share: how one is declared, and files that it can put bytes into quickly. A
// target is a function of the bytes of a file. It gives them to one of the library's readers, and lets
// nwm::Error pass: that is how a reader refuses a file. Anything else that happens is a finding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

using Bytes = std::span<const std::uint8_t>;

struct Target {
  std::string_view name;
  void (*read)(Bytes file);                   ///< throws nwm::Error where the reader refuses the file
  std::size_t longest = 4096;                 ///< bytes of the files that fuzzing tries
  void (*write)(const char* path) = nullptr;  ///< a good file, where only the library can make one
};

/// All targets of the program.
inline std::vector<Target>& targets() {
  static std::vector<Target> all;
  return all;
}

/// Adds a target: `const fuzz::Add npy({.name = "npy", .read = read});`
struct Add {
  explicit Add(const Target& target) { targets().push_back(target); }
};

/// A file in the working folder, opened once: putting bytes into it costs two system calls.
class File {
 public:
  explicit File(const char* name);
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File();

  /// Replaces the content, and returns the path.
  const std::string& put(Bytes bytes);
  const std::string& put(std::string_view text);

 private:
  std::string path_;
  int handle_;
};

/// Two files in one: the first two bytes say the length of the first (least significant first).
struct Pair {
  Bytes first, second;
};
Pair halves(Bytes bytes);

/// Ends the program, as a finding, unless `holds`: what a reader promises of the files it accepts.
void require(bool holds, const char* promise);

/// Gives the file to the target, and says whether it was accepted. Ends the program, as a finding, where the
/// reader takes more than a second of processor time or, in a program with the address sanitizer, has more
/// than 64 MiB over the size of the file.
bool accepts(const Target& target, Bytes file);

/// The target of that name. Ends the program where there is none, with the names of all, each on a line.
const Target& target_named(std::string_view name);

}  // namespace fuzz
