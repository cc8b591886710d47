// Composed pictures of digits: the study's rules on any grid, its resizing byte for byte, and the names of
// ready-made files.
#define BOOST_TEST_MODULE multi_mnist
#define BOOST_TEST_DYN_LINK
#include "nwm/data/multi_mnist.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "idx_tools.hpp"
#include "nwm/data/load_split.hpp"
#include "nwm/io/npy.hpp"

using nwm::data::Dataset;
using nwm::data::Extent;
using nwm::data::load_mnist;
using nwm::data::Mnist;
using nwm::data::multi_mnist;
using nwm::data::MultiMnistOptions;
using nwm::data::Split;
using tools::error_of;
using tools::Folder;
using tools::has;
using Bytes = std::vector<std::uint8_t>;

namespace {

const Mnist& files() {
  static const Mnist made = [] {
    const Folder folder;
    tools::put_digits(folder.path, "train", 100, 1);
    tools::put_digits(folder.path, "t10k", 30, 2);
    return load_mnist(folder.path);
  }();
  return made;
}

Bytes picture(const Dataset& set, std::size_t i) {
  std::vector<float> values(set.extent().values());
  set.picture(i, std::span(values));
  Bytes bytes;
  for (const float v : values) bytes.push_back(static_cast<std::uint8_t>(std::lround(255 * v)));
  return bytes;
}

Bytes mask(const Dataset& set, std::size_t i) { return {set.mask(i).begin(), set.mask(i).end()}; }

bool same(const Dataset& a, const Dataset& b) {
  if (a.extent() != b.extent()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (picture(a, i) != picture(b, i) || mask(a, i) != mask(b, i)) return false;
  return true;
}

/// A digit that fills its square, one for each label.
Mnist full_squares() {
  Mnist m{{3, 3, Bytes(90, 255), {}}, {3, 3, Bytes(90, 255), {}}};
  for (std::uint8_t i = 0; i < 10; ++i) m.training.labels.push_back(i), m.test.labels.push_back(i);
  return m;
}

}  // namespace

// Expected bytes: Pillow 13.0, Image.resize((n, n), Image.BILINEAR).
BOOST_AUTO_TEST_CASE(resized_as_pillow_does) {
  const Bytes grey = {99,  206, 239, 189, 230, 118, 144, 73, 8,  228, 231, 190, 155, 112, 158,
                      208, 7,   204, 143, 113, 181, 231, 80, 27, 44,  205, 203, 65,  175, 30};
  const std::map<std::size_t, Bytes> expected = {
      {9, {99,  153, 212, 233, 214, 196, 223, 174, 118, 114, 138, 162, 162, 182, 207, 225, 186,
           142, 139, 114, 79,  43,  129, 225, 229, 207, 182, 149, 120, 88,  77,  147, 205, 146,
           164, 196, 155, 134, 120, 150, 183, 174, 41,  106, 204, 148, 131, 122, 161, 196, 192,
           77,  77,  106, 132, 128, 133, 174, 198, 192, 111, 59,  27,  77,  126, 178, 192, 158,
           124, 140, 87,  29,  44,  125, 205, 203, 134, 83,  157, 103, 30}},
      {4, {134, 180, 207, 171, 126, 93, 176, 174, 135, 157, 158, 82, 111, 182, 132, 75}},
      {3, {135, 177, 192, 127, 152, 132, 136, 161, 89}}};
  for (const auto& [side, pixels] : expected) {
    const nwm::data::detail::Resampling columns(6, side), rows(5, side);
    Bytes wide(5 * side), out;
    for (std::size_t r = 0; r < 5; ++r)
      for (std::size_t c = 0; c < side; ++c) wide[r * side + c] = columns(grey.data() + r * 6, 1, c);
    for (std::size_t r = 0; r < side; ++r)
      for (std::size_t c = 0; c < side; ++c) out.push_back(rows(wide.data() + c, side, r));
    BOOST_TEST(out == pixels, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(pictures_are_black_and_white_and_agree_with_their_masks) {
  const Split split = multi_mnist(Extent{0, 2, 96, 128}, files(), {.images = 60, .seed = 3});
  BOOST_CHECK((split.train.extent() == Extent{60, 2, 96, 128}));
  BOOST_CHECK_EQUAL(split.validation.size(), 6u);
  BOOST_CHECK_EQUAL(split.test.size(), 6u);
  std::set<int> classes;
  for (std::size_t i = 0; i < 60; ++i) {
    const Bytes values = picture(split.train, i), labels = mask(split.train, i);
    for (std::size_t p = 0; p < values.size(); ++p) {
      const std::uint8_t label = labels[p % labels.size()];
      BOOST_REQUIRE_EQUAL(int{values[p]}, label > 0 ? 255 : 0);
      classes.insert(label);
    }
  }
  BOOST_CHECK((classes == std::set<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

BOOST_AUTO_TEST_CASE(digits_never_meet_and_are_left_out_when_there_is_no_place) {
  // Squares that fill a third of the side: whole ones, however many there are.
  const Split split =
      multi_mnist(Extent{0, 1, 30, 30}, full_squares(), {.images = 300, .side = 10, .max_digits = 4});
  std::map<std::size_t, int> sizes;
  for (std::size_t i = 0; i < 300; ++i) {
    const Bytes labels = mask(split.train, i);
    const auto covered = static_cast<std::size_t>(labels.end() - labels.begin()) -
                         static_cast<std::size_t>(std::count(labels.begin(), labels.end(), 0));
    BOOST_REQUIRE_EQUAL(covered % 100, 0u);
    ++sizes[covered / 100];
  }
  BOOST_REQUIRE_EQUAL(sizes.size(), 4u);
  for (const auto& [squares, pictures] : sizes) BOOST_CHECK_GT(pictures, 40);
  // A square larger than half the picture: never two.
  const Split alone = multi_mnist(Extent{0, 1, 30, 30}, full_squares(), {.images = 50, .side = 16});
  for (std::size_t i = 0; i < 50; ++i) {
    const Bytes labels = mask(alone.train, i);
    BOOST_REQUIRE_EQUAL(std::count(labels.begin(), labels.end(), 0), 900 - 256);
  }
}

BOOST_AUTO_TEST_CASE(every_place_is_used) {
  // 3 × 4 places: as many pictures as there can be.
  const Split split = multi_mnist(Extent{0, 1, 12, 13}, full_squares(),
                                  {.images = 10, .validation = 1, .test = 1, .side = 10, .max_digits = 1});
  std::set<std::size_t> corners;
  for (const Dataset* set : {&split.train, &split.validation, &split.test})
    for (std::size_t i = 0; i < set->size(); ++i) {
      const Bytes labels = mask(*set, i);
      const auto first = std::find_if(labels.begin(), labels.end(), [](std::uint8_t v) { return v > 0; });
      corners.insert(static_cast<std::size_t>(first - labels.begin()));
    }
  BOOST_CHECK((corners == std::set<std::size_t>{0, 1, 2, 3, 13, 14, 15, 16, 26, 27, 28, 29}));
}

BOOST_AUTO_TEST_CASE(digits_have_the_study_s_size_on_its_grid_and_in_proportion_on_others) {
  const std::vector<std::array<std::size_t, 3>> sides = {
      {128, 128, 42}, {64, 100, 21}, {32, 32, 11}, {8, 8, 3}};
  for (const auto& [height, width, side] : sides) {
    const Split split =
        multi_mnist(Extent{0, 1, height, width}, full_squares(), {.images = 1, .max_digits = 1});
    const Bytes labels = mask(split.train, 0);
    BOOST_CHECK_EQUAL(static_cast<std::size_t>(std::count(labels.begin(), labels.end(), 0)),
                      height * width - side * side);
  }
}

BOOST_AUTO_TEST_CASE(a_seed_is_a_split_and_a_small_set_the_beginning_of_a_large_one) {
  const Extent grid{0, 1, 48, 48};
  const MultiMnistOptions options{.images = 40, .validation = 8, .test = 8, .seed = 5};
  const Split once = multi_mnist(grid, files(), options), again = multi_mnist(grid, files(), options);
  BOOST_CHECK(same(once.train, again.train) && same(once.validation, again.validation) &&
              same(once.test, again.test));
  const Split few = multi_mnist(grid, files(), {.images = 10, .validation = 8, .test = 8, .seed = 5});
  BOOST_CHECK(same(few.train, once.train.first(10)));
  BOOST_CHECK(same(few.test, once.test));
  const Split other = multi_mnist(grid, files(), {.images = 40, .validation = 8, .test = 8, .seed = 6});
  BOOST_CHECK(!same(other.train, once.train));
  std::set<Bytes> all;
  for (const Dataset* set : {&once.train, &once.validation, &once.test})
    for (std::size_t i = 0; i < set->size(); ++i) all.insert(picture(*set, i));
  BOOST_CHECK_EQUAL(all.size(), 56u);
}

BOOST_AUTO_TEST_CASE(held_out_digits_are_in_one_set_only) {
  // The labels tell which digits a set is made of.
  Mnist marked = full_squares();
  marked.training.pixels.assign(9 * 20, 255);
  marked.training.labels.assign(20, 1);
  std::fill(marked.training.labels.begin() + 17, marked.training.labels.end(), std::uint8_t{2});
  std::fill(marked.test.labels.begin(), marked.test.labels.end(), std::uint8_t{3});
  const auto classes = [](const Dataset& set) {
    std::set<int> found;
    for (std::size_t i = 0; i < set.size(); ++i) found.insert(set.mask(i).begin(), set.mask(i).end());
    return found;
  };
  const Extent grid{0, 1, 60, 60};
  const Split held =
      multi_mnist(grid, marked, {.images = 40, .validation = 20, .test = 20, .held_out_digits = true});
  BOOST_CHECK((classes(held.train) == std::set<int>{0, 2}));
  BOOST_CHECK((classes(held.validation) == std::set<int>{0, 3}));
  BOOST_CHECK((classes(held.test) == std::set<int>{0, 4}));
  BOOST_CHECK_EQUAL(held.train.size(), 40u);
  BOOST_CHECK_EQUAL(held.validation.size(), 20u);
  BOOST_CHECK_EQUAL(held.test.size(), 20u);
  const Split mixed = multi_mnist(grid, marked, {.images = 40, .validation = 20, .test = 20});
  BOOST_CHECK((classes(mixed.test) == std::set<int>{0, 2, 3}));
}

BOOST_AUTO_TEST_CASE(options_that_do_not_fit) {
  const Extent grid{0, 1, 32, 32};
  const auto field = [&](const Extent& e, const MultiMnistOptions& o) {
    return error_of([&] { multi_mnist(e, files(), o); }).field();
  };
  BOOST_CHECK_EQUAL(field(grid, {.images = 0}), "images");
  BOOST_CHECK_EQUAL(field(grid, {.side = 33}), "side");
  BOOST_CHECK_EQUAL(field(grid, {.max_digits = 0}), "max_digits");
  BOOST_CHECK_EQUAL(field(grid, {.tries = 0}), "tries");
  BOOST_CHECK_EQUAL(field(Extent{0, 1, 4, 32}, {}), "picture");
  BOOST_CHECK_EQUAL(field(Extent{0, 0, 32, 32}, {}), "picture");
  BOOST_CHECK_EQUAL(error_of([&] { multi_mnist(grid, tools::fs::path("nowhere")); }).found(),
                    "no such folder");
  // Ten squares that fill the picture: one picture.
  BOOST_CHECK_EQUAL(
      error_of([] { multi_mnist(Extent{0, 1, 8, 8}, full_squares(), {.images = 5, .side = 8}); }).field(),
      "images");
}

BOOST_AUTO_TEST_CASE(ready_made_sets_come_by_their_six_names) {
  const Folder folder;
  using nwm::data::has_split;
  using nwm::data::load_split;
  const auto all = [&] { return load_split(folder.path, "multi_mnist"); };
  BOOST_CHECK(!has_split(folder.path, "multi_mnist"));
  std::size_t images = 3;
  for (const std::string part : {"train", "val", "test"}) {
    for (const std::string kind : {"images", "masks"}) {
      const nwm::Error error = error_of(all);
      BOOST_CHECK_EQUAL(error.where(), folder.path.string());
      BOOST_CHECK_EQUAL(error.field(), "multi_mnist_" + part + "_" + kind + ".npy.gz");
      BOOST_CHECK_EQUAL(error.expected(),
                        "all of multi_mnist_{train,val,test}_{images,masks}.npy.gz, or .npy");
      nwm::io::write_npy(folder / ("multi_mnist_" + part + "_" + kind + ".npy"), {images, 4, 5},
                         Bytes(images * 20, kind == "masks" ? std::uint8_t{2} : std::uint8_t{9}));
      BOOST_CHECK(has_split(folder.path, "multi_mnist"));
    }
    --images;
  }
  const Split split = all();
  BOOST_CHECK((split.train.extent() == Extent{3, 1, 4, 5}));
  BOOST_CHECK_EQUAL(split.validation.size(), 2u);
  BOOST_CHECK_EQUAL(split.test.size(), 1u);
  // The study's files are gzipped, and gzipped files are taken first.
  tools::put_gz(folder / "multi_mnist_test_images.npy.gz", "damaged");
  BOOST_CHECK_EQUAL(error_of(all).where(), (folder / "multi_mnist_test_images.npy.gz").string());
  BOOST_CHECK_EQUAL(error_of([&] { load_split(folder / "no", "x"); }).found(), "no such folder");
}
