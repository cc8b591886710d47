// What a misuse throws, and folders to leave things in.
#pragma once

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "nwm/error.hpp"

namespace tools {

/// The error f throws as an E; fails when it throws none.
template <class E = nwm::Error, class F>
E error_of(const F& f) {
  std::optional<E> error;
  try {
    f();
  } catch (const E& e) {
    error = e;
  }
  BOOST_TEST_REQUIRE(error.has_value(), "nothing was thrown");
  BOOST_TEST_MESSAGE(error->what());
  return *error;
}

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline std::string content(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void put(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// An empty folder, gone at the end.
struct Folder {
  explicit Folder(const std::string& name) : path(std::filesystem::current_path() / (name + ".tmp")) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directory(path);
  }
  Folder(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path operator/(const std::string& name) const { return path / name; }
  std::ptrdiff_t entries() const {
    return std::distance(std::filesystem::directory_iterator(path), std::filesystem::directory_iterator());
  }
  std::filesystem::path path;
};

}  // namespace tools
