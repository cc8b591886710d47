// Shared by the tests of MNIST's files: a temporary folder, and IDX files of made-up digits.
#pragma once

#include <unistd.h>
#include <zlib.h>

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/random.hpp"

namespace tools {

namespace fs = std::filesystem;

// Removed afterwards.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("nwm-idx-" + std::to_string(::getpid()));
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

inline void put(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline void put_gz(const fs::path& path, const std::string& bytes) {
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}

inline std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// An IDX file of bytes.
inline std::string idx(const std::vector<std::size_t>& shape, const std::string& data) {
  std::string out{'\0', '\0', '\x08', static_cast<char>(shape.size())};
  for (const std::size_t n : shape)
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(n >> shift & 0xFF);
  return out + data;
}

/// `count` "digits" of height × width: a block of grey whose place and size depend on the label, over noise.
inline void put_digits(const fs::path& folder, const std::string& part, std::size_t count, std::uint64_t seed,
                       std::size_t height = 28, std::size_t width = 28) {
  std::string pixels, labels;
  for (std::size_t i = 0; i < count; ++i) {
    nwm::Random random(seed, i);
    const std::size_t label = random.below(10);
    labels += static_cast<char>(label);
    for (std::size_t r = 0; r < height; ++r)
      for (std::size_t c = 0; c < width; ++c) {
        const bool in = r >= 4 + label / 2 && r < height - 4 && c >= 6 && c < width - 4 - label % 5;
        pixels += static_cast<char>(in ? 100 + random.below(156) : random.below(20));
      }
  }
  put_gz(folder / (part + "-images-idx3-ubyte.gz"), idx({count, height, width}, pixels));
  put(folder / (part + "-labels-idx1-ubyte"), idx({count}, labels));
}

// The error thrown by `action`; fails the test when there is none.
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

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace tools
