// Settings that all runs in a folder must share to be comparable.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace study {

/// "name = value" lines in a file.
class Settings {
 public:
  /// Reads the file if it exists. Throws nwm::Error when it is damaged or cannot be read.
  explicit Settings(std::filesystem::path path);

  /// Records a value. Throws nwm::Error naming the file, the setting and both values when the folder's runs
  /// were made with another value.
  /// A folder from before there was such a setting has what it was then, `before`.
  void require(const std::string& name, const std::string& value, const std::string& before = {});

  /// Writes the recorded values, whole or not at all.
  void write() const;

 private:
  std::filesystem::path path_;
  std::map<std::string, std::string> values_;
  bool old_ = false;  // whether the file had values
};

/// Removes temporary files (<file>.<number>.tmp) of writers that were killed before they could rename them to
/// `file`.
void remove_leftovers(const std::filesystem::path& file);

/// A lock held by the only program that works in a folder; it is released when the program ends, however it
/// ends.
class Lock {
 public:
  /// Throws nwm::Error when another program holds the lock.
  explicit Lock(const std::filesystem::path& folder);
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock();

 private:
  int file_ = -1;
};

}  // namespace study
