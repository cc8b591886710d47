// Shared by the tests of pictures: a temporary folder, predicates on errors, comparison of pictures.
#pragma once

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <ostream>
#include <random>
#include <string>

#include "nwm/error.hpp"
#include "nwm/plot/image.hpp"
#include "nwm/random.hpp"

namespace fs = std::filesystem;
namespace plot = nwm::plot;
using nwm::Error;
using plot::Image;
using plot::Rgb;

namespace nwm::plot {

inline std::ostream& operator<<(std::ostream& out, const Rgb& c) {
  return out << +c.r << ' ' << +c.g << ' ' << +c.b;
}

}  // namespace nwm::plot

namespace plot_test {

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

/// An empty folder, removed with everything in it at the end of a test.
struct Folder {
  fs::path path;
  Folder() {
    static int number = 0;
    const auto name = boost::unit_test::framework::current_test_case().p_name.get();
    path = fs::temp_directory_path() / ("nwm_plot_" + name + "_" + std::to_string(std::random_device{}()) +
                                        "_" + std::to_string(number++));
    fs::create_directory(path);
  }
  ~Folder() { fs::remove_all(path); }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }
};

/// A predicate for BOOST_CHECK_EXCEPTION: the error is about `field`.
inline auto about(std::string field) {
  return [field](const Error& error) { return error.field() == field; };
}

inline Image noise(std::size_t width, std::size_t height, std::uint64_t seed) {
  nwm::Random random(seed);
  Image image(width, height);
  for (std::uint8_t& byte : image.bytes()) byte = static_cast<std::uint8_t>(random.below(256));
  return image;
}

inline std::size_t count(const Image& image, Rgb colour) {
  std::size_t found = 0;
  for (std::size_t y = 0; y < image.height(); ++y)
    for (std::size_t x = 0; x < image.width(); ++x) found += image.at(x, y) == colour;
  return found;
}

inline std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace plot_test
