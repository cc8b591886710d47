// Files and folders of the example programs. What the system refuses is an nwm::Error with its reason, as in
// the library: a table that could not be read must not count as one that is not there, and be written anew.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include "nwm/error.hpp"
#include "nwm/io/atomic_file.hpp"

namespace disk {

/// The bytes of a file; none where there is no such file. Throws nwm::Error where it cannot be read.
inline std::optional<std::string> content(const std::filesystem::path& path) {
  const auto refused = [&] {
    return nwm::Error(path.string(), "file", "a readable file", nwm::io::system_message());
  };
  const nwm::io::FileHandle file(std::fopen(path.c_str(), "rb"));
  if (!file && errno == ENOENT) return std::nullopt;
  if (!file) throw refused();
  std::string all;
  std::array<char, 4096> part;
  while (const std::size_t count = std::fread(part.data(), 1, part.size(), file.get()))
    all.append(part.data(), count);
  if (std::ferror(file.get())) throw refused();
  return all;
}

/// Whether there is a file or folder of that name. Throws nwm::Error where the system does not say.
inline bool exists(const std::filesystem::path& path) {
  std::error_code code;
  const bool there = std::filesystem::exists(path, code);
  if (code) throw nwm::Error(path.string(), "file", "one that can be looked for", code.message());
  return there;
}

/// Makes a folder, and those that lead to it. Throws nwm::Error where that fails.
inline void make_folder(const std::filesystem::path& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (!code) return;
  throw nwm::Error(path.string(), "folder", "one that can be made", code.message());
}

}  // namespace disk
