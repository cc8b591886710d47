// MNIST as a segmentation task: enlarging, masks, the split, and errors about missing files.
#define BOOST_TEST_MODULE mnist
#define BOOST_TEST_DYN_LINK
#include "nwm/data/mnist.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "idx_tools.hpp"

using nwm::data::Dataset;
using nwm::data::Digits;
using nwm::data::Extent;
using nwm::data::load_mnist;
using nwm::data::Mnist;
using nwm::data::mnist;
using nwm::data::Split;
using tools::error_of;
using tools::Folder;
using tools::has;
using tools::idx;
using tools::put;
using tools::put_digits;

namespace {

std::vector<float> picture(const Dataset& set, std::size_t i) {
  std::vector<float> out(set.extent().values());
  set.picture(i, std::span(out));
  return out;
}

/// Bilinear interpolation with half-pixel centres and repeated edges, straight from the definition.
double interpolated(const Digits& d, std::size_t i, std::size_t row, std::size_t column) {
  const auto at = [&](double r, double c) {
    const auto inside = [](double x, std::size_t n) {
      return static_cast<std::size_t>(std::clamp(x, 0.0, static_cast<double>(n - 1)));
    };
    return static_cast<double>(d.picture(i)[inside(r, d.height) * d.width + inside(c, d.width)]);
  };
  const double y = (static_cast<double>(row) + 0.5) / 2 - 0.5,
               x = (static_cast<double>(column) + 0.5) / 2 - 0.5;
  const double r = std::floor(y), c = std::floor(x), fy = y - r, fx = x - c;
  return ((1 - fy) * ((1 - fx) * at(r, c) + fx * at(r, c + 1)) +
          fy * ((1 - fx) * at(r + 1, c) + fx * at(r + 1, c + 1))) /
         255;
}

}  // namespace

BOOST_AUTO_TEST_CASE(pictures_are_interpolated_and_masks_are_their_bright_half) {
  const Folder folder;
  put_digits(folder.path, "train", 20, 1, 13, 18);
  put_digits(folder.path, "t10k", 3, 2, 13, 18);
  const Mnist files = load_mnist(folder.path);
  const Split split = mnist(files);
  BOOST_CHECK((split.train.extent() == Extent{17, 1, 26, 36}));
  BOOST_CHECK((split.validation.extent() == Extent{3, 1, 26, 36}));
  BOOST_CHECK((split.test.extent() == Extent{3, 1, 26, 36}));
  const auto check = [](const Dataset& set, const Digits& digits, std::size_t first) {
    for (std::size_t i = 0; i < set.size(); ++i) {
      const auto values = picture(set, i);
      std::size_t foreground = 0;
      for (std::size_t p = 0; p < values.size(); ++p) {
        const double expected = interpolated(digits, first + i, p / 36, p % 36);
        BOOST_REQUIRE_SMALL(values[p] - expected, 1e-6);
        BOOST_REQUIRE_EQUAL(int{set.mask(i)[p]}, expected > 0.5 ? digits.labels[first + i] + 1 : 0);
        foreground += set.mask(i)[p] > 0;
      }
      BOOST_CHECK_GT(foreground, 0u);
    }
  };
  check(split.train, files.training, 0);
  check(split.validation, files.training, 17);
  check(split.test, files.test, 0);
}

BOOST_AUTO_TEST_CASE(half_is_not_more_than_half) {
  // 4 pixels: 255, 0 / 255, 0 gives columns 255, 191.25, 63.75, 0; 170, 85 gives 170, 148.75, 106.25, 85.
  Mnist files{{2, 2, {255, 0, 255, 0, 170, 85, 170, 85}, {4, 0}}, {1, 1, {128}, {9}}};
  const Split split = mnist(files, {.images = 2});
  const auto first = split.train.mask(0), second = split.train.mask(1);
  for (std::size_t p = 0; p < 16; ++p) {
    BOOST_CHECK_EQUAL(int{first[p]}, p % 4 < 2 ? 5 : 0);
    BOOST_CHECK_EQUAL(int{second[p]}, p % 4 < 2 ? 1 : 0);
  }
  BOOST_CHECK_EQUAL(int{split.test.mask(0)[0]}, 10);
  // (9·170 + 3·170 + 3·0 + 0)/16 = 127.5 exactly: background.
  files.training.pixels = {170, 0, 170, 0, 171, 0, 171, 0};
  const Split edge = mnist(files);
  BOOST_CHECK_EQUAL(int{edge.train.mask(0)[1]}, 0);
  BOOST_CHECK_EQUAL(int{edge.train.mask(0)[0]}, 5);
  BOOST_CHECK_EQUAL(int{edge.train.mask(1)[1]}, 1);
}

BOOST_AUTO_TEST_CASE(the_study_s_split) {
  Digits sixty{1, 1, std::vector<std::uint8_t>(60000, 255), std::vector<std::uint8_t>(60000)};
  for (std::size_t i = 0; i < 60000; ++i) sixty.labels[i] = i < 51000 ? 3 : 7;
  const Mnist files{sixty, {1, 1, std::vector<std::uint8_t>(10000), std::vector<std::uint8_t>(10000)}};
  const Split split = mnist(files);
  BOOST_CHECK_EQUAL(split.train.size(), 51000u);
  BOOST_CHECK_EQUAL(split.validation.size(), 9000u);
  BOOST_CHECK_EQUAL(split.test.size(), 10000u);
  BOOST_CHECK_EQUAL(int{split.train.mask(50999)[0]}, 4);
  BOOST_CHECK_EQUAL(int{split.validation.mask(0)[0]}, 8);
  const Split few = mnist(files, {.images = 5, .validation = 4, .test = 3});
  BOOST_CHECK_EQUAL(few.train.size(), 5u);
  BOOST_CHECK_EQUAL(few.validation.size(), 4u);
  BOOST_CHECK_EQUAL(few.test.size(), 3u);
  const nwm::Error error = error_of([&] { mnist(files, {.images = 51001}); });
  BOOST_CHECK_EQUAL(error.field(), "train images");
  BOOST_CHECK_EQUAL(error.expected(), "at most 51000");
  BOOST_CHECK_EQUAL(error_of([&] { mnist(files, {.test = 10001}); }).found(), "10001");
}

BOOST_AUTO_TEST_CASE(names_with_a_dot) {
  const Folder folder;
  put_digits(folder.path, "train", 20, 1);
  put_digits(folder.path, "t10k", 10, 2);
  const Mnist hyphens = load_mnist(folder.path);
  for (const std::string part : {"train", "t10k"}) {
    tools::fs::rename(folder / (part + "-images-idx3-ubyte.gz"), folder / (part + "-images.idx3-ubyte.gz"));
    tools::fs::rename(folder / (part + "-labels-idx1-ubyte"), folder / (part + "-labels.idx1-ubyte"));
  }
  const Mnist dots = load_mnist(folder.path);
  BOOST_CHECK(dots.training.pixels == hyphens.training.pixels);
  BOOST_CHECK(dots.test.labels == hyphens.test.labels);
}

BOOST_AUTO_TEST_CASE(a_missing_file_names_all_four_and_the_way_to_get_them) {
  const Folder folder;
  const auto check = [&](const nwm::Error& error, const std::string& field, const std::string& found) {
    BOOST_CHECK_EQUAL(error.field(), field);
    BOOST_CHECK_EQUAL(error.found(), found);
    for (const char* name : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                             "t10k-labels-idx1-ubyte", ".gz", "examples/fetch_mnist.sh"})
      BOOST_CHECK_MESSAGE(has(error.what(), name), error.what());
  };
  check(error_of([&] { load_mnist(folder / "nowhere"); }), "train-images-idx3-ubyte", "no such folder");
  check(error_of([&] { load_mnist(folder.path); }), "train-images-idx3-ubyte", "neither");
  put_digits(folder.path, "train", 4, 1);
  check(error_of([&] { load_mnist(folder.path); }), "t10k-images-idx3-ubyte", "neither");
  put_digits(folder.path, "t10k", 4, 1);
  BOOST_CHECK_EQUAL(load_mnist(folder.path).training.size(), 4u);
  tools::fs::remove(folder / "t10k-labels-idx1-ubyte");
  check(error_of([&] { load_mnist(folder.path); }), "t10k-labels-idx1-ubyte", "neither");
}

BOOST_AUTO_TEST_CASE(a_damaged_file_is_named_with_what_is_wrong) {
  const Folder folder;
  const auto images = folder / "train-images-idx3-ubyte", labels = folder / "train-labels-idx1-ubyte";
  put_digits(folder.path, "t10k", 2, 1);
  const auto check = [&](const std::string& images_bytes, const std::string& labels_bytes,
                         const tools::fs::path& where, const std::string& field, const std::string& found) {
    put(images, images_bytes);
    put(labels, labels_bytes);
    const nwm::Error error = error_of([&] { load_mnist(folder.path); });
    BOOST_CHECK_EQUAL(error.where(), where.string());
    BOOST_CHECK_EQUAL(error.field(), field);
    BOOST_CHECK_EQUAL(error.found(), found);
    BOOST_CHECK_MESSAGE(has(error.what(), "examples/fetch_mnist.sh"), error.what());
  };
  const std::string good = idx({2, 2, 2}, "abcdefgh"), two = idx({2}, std::string{'\1', '\2'});
  check(good.substr(0, 20), two, images, "data", "4 bytes");
  check("<html>", two, images, "start of the file", "60 104 116 109");
  check(idx({2, 4}, "abcdefgh"), two, images, "shape", "(2, 4)");
  check(idx({0, 2, 2}, ""), two, images, "shape", "(0, 2, 2)");
  check(good, idx({3}, "abc"), labels, "shape", "(3)");
  check(good, idx({2, 1}, "ab"), labels, "shape", "(2, 1)");
  check(good, idx({2}, std::string{'\1', '\12'}), labels, "label 1", "10");
  put(labels, two);
  BOOST_CHECK_EQUAL(load_mnist(folder.path).training.size(), 2u);
}

BOOST_AUTO_TEST_CASE(parts_of_digits) {
  const Digits digits{1, 2, {1, 2, 3, 4, 5, 6}, {7, 8, 9}};
  const Digits part = digits.part(1, 2);
  BOOST_CHECK((part.pixels == std::vector<std::uint8_t>{3, 4, 5, 6}));
  BOOST_CHECK((part.labels == std::vector<std::uint8_t>{8, 9}));
  BOOST_CHECK_EQUAL(digits.part(3, 0).size(), 0u);
  BOOST_CHECK_EQUAL(error_of([&] { digits.part(2, 2); }).found(), "3");
  BOOST_CHECK_EQUAL(error_of([&] { digits.part(4, 0); }).found(), "3");
}
