#include "settings.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/io/atomic_file.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#define NWM_STUDY_HAS_LOCKS
#endif

namespace study {

Settings::Settings(std::filesystem::path path) : path_(std::move(path)) {
  std::error_code code;
  const bool there = std::filesystem::exists(std::filesystem::symlink_status(path_, code));
  errno = 0;
  std::ifstream in(path_);
  std::string line;
  // One that cannot be read must not count as none: the runs there may have had other settings.
  if ((there || (code && code != std::errc::no_such_file_or_directory)) && !in.is_open())
    throw nwm::Error(path_.string(), "file", "a readable file", nwm::io::system_message());
  while (std::getline(in, line)) {
    const std::size_t mark = line.find(" = ");
    if (mark == std::string::npos) throw nwm::Error(path_.string(), "line", "name = value", "'" + line + "'");
    values_[line.substr(0, mark)] = line.substr(mark + 3);
  }
  old_ = !values_.empty();
  if (in.bad()) throw nwm::Error(path_.string(), "file", "a readable file", nwm::io::system_message());
}

void Settings::require(const std::string& name, const std::string& value, const std::string& before) {
  const auto entry = values_.emplace(name, old_ && !before.empty() ? before : value).first;
  if (entry->second != value)
    throw nwm::Error(path_.string(), name, value + ", as now; other settings need another --out",
                     entry->second + ", with which the runs there were made");
}

void Settings::write() const {
  std::string all;
  for (const auto& [name, value] : values_) all += name + " = " + value + "\n";
  nwm::io::write_whole(path_, all);
}

void remove_leftovers(const std::filesystem::path& file) {
  const std::string start = file.filename().string() + ".";
  std::vector<std::filesystem::path> found;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(file.parent_path(), code)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(start) || !name.ends_with(".tmp")) continue;
    const std::string number = name.substr(start.size(), name.size() - start.size() - 4);
    if (number.empty() || number.find_first_not_of("0123456789") != std::string::npos) continue;
    found.push_back(entry.path());
  }
  for (const auto& path : found) std::filesystem::remove(path, code);
}

Lock::Lock(const std::filesystem::path& folder) {
#ifdef NWM_STUDY_HAS_LOCKS
  const std::filesystem::path path = folder / "lock";
  file_ = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666);
  if (file_ < 0) throw nwm::Error(path.string(), "file", "one that can be made", nwm::io::system_message());
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    ::close(file_);
    throw nwm::Error(folder.string(), "folder", "one that no other nwm_study is at work in", "another is");
  }
#else
  (void)folder;
#endif
}

Lock::~Lock() {
#ifdef NWM_STUDY_HAS_LOCKS
  ::close(file_);
#endif
}

}  // namespace study
