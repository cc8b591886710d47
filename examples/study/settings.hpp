// What the runs in a folder have in common: other options would make them incomparable.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace study {

/// "name = value" lines in a file.
class Settings {
 public:
  /// Reads the file where there is one. Throws nwm::Error when it is damaged.
  explicit Settings(std::filesystem::path path);

  /// Notes a value. Throws nwm::Error naming the file, the setting and both values when the runs there were
  /// made with another.
  void require(const std::string& name, const std::string& value);

  /// Writes what was noted, whole or not at all.
  void write() const;

 private:
  std::filesystem::path path_;
  std::map<std::string, std::string> values_;
};

/// Removes what writers of the file left that were killed before they could take its name.
void remove_leftovers(const std::filesystem::path& file);

/// Held by the one program that works in a folder; given back when it ends, however it ends.
class Lock {
 public:
  /// Throws nwm::Error when another holds it.
  explicit Lock(const std::filesystem::path& folder);
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock();

 private:
  int file_ = -1;
};

}  // namespace study
