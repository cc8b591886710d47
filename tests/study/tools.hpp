// What the study's tests share: folders, files, the program.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "nwm/error.hpp"

namespace tools {

namespace fs = std::filesystem;

// Removed afterwards.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("nwm-study-" + std::to_string(::getpid()));
  Folder() {
    fs::remove_all(path);
    fs::create_directory(path);
  }
  ~Folder() {
    std::error_code code;
    fs::remove_all(path, code);
  }
  fs::path operator/(const std::string& name) const { return path / name; }
};

inline std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void put(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// Every file below a folder, by its name there.
inline std::map<std::string, std::string> tree(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder).string()] = content(entry.path());
  return files;
}

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The error that `action` ends in; fails the test when there is none.
template <class Action>
nwm::Error error_of(Action&& action) {
  try {
    action();
  } catch (const nwm::Error& error) {
    return error;
  }
  BOOST_ERROR("no nwm::Error was thrown");
  return {"", "", "", ""};
}

/// Starts a program whose output (both streams) goes to the end of a file.
inline pid_t start(std::vector<std::string> arguments, const fs::path& output) {
  std::vector<char*> argv;
  for (std::string& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);
  const std::string out = output.string();
  const pid_t child = ::fork();
  if (child != 0) return child;
  const int file = ::open(out.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0666);
  ::dup2(file, 1);
  ::dup2(file, 2);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

/// The exit status, or 128 and the signal that ended it.
inline int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Sends SIGKILL after so many seconds, unless it has ended before. The status as wait_for gives it.
inline int kill_after(pid_t child, double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  siginfo_t ended{};
  while (std::chrono::steady_clock::now() < end && ended.si_pid == 0) {
    ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT);
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  ::kill(child, SIGKILL);
  return wait_for(child);
}

/// Runs to the end; the output.
inline std::string run(const Folder& folder, const std::vector<std::string>& arguments, int status = 0) {
  const fs::path output = folder / "output.txt";
  fs::remove(output);
  const int found = wait_for(start(arguments, output));
  BOOST_REQUIRE_MESSAGE(found == status, "status " << found << ": " << content(output));
  return content(output);
}

/// Both folders have the same files, byte for byte.
inline void require_same(const fs::path& found, const fs::path& expected) {
  const auto a = tree(found), b = tree(expected);
  for (const auto& [name, bytes] : b)
    BOOST_CHECK_MESSAGE(a.contains(name) && a.at(name) == bytes, name << " differs or is missing");
  for (const auto& [name, bytes] : a) BOOST_CHECK_MESSAGE(b.contains(name), name << " is left");
}

/// How often `part` stands in `text`.
inline std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace tools
