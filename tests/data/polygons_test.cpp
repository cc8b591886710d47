// Generated sets in general (generate.hpp), and polygons: shapes, places, and the same bytes for a seed.
#define BOOST_TEST_MODULE polygons
#define BOOST_TEST_DYN_LINK
#include "nwm/data/polygons.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace {

using nwm::Error;
using nwm::Random;
using nwm::data::Dataset;
using nwm::data::Extent;
using nwm::data::PolygonOptions;
using nwm::data::polygons;
using nwm::data::Split;
using Bytes = std::vector<std::uint8_t>;

struct FakeShape {
  int height, width, image_channels, classes;
  constexpr int scores() const { return classes; }
};
struct Fake {
  static constexpr FakeShape shape{.height = 21, .width = 34, .image_channels = 3, .classes = 5};
};

Bytes picture(const Dataset& set, std::size_t index) {
  std::vector<float> values(set.extent().values());
  set.picture<float>(index, values);
  Bytes bytes;
  for (const float v : values) bytes.push_back(static_cast<std::uint8_t>(std::lround(v * 255)));
  return bytes;
}

Bytes mask(const Dataset& set, std::size_t index) {
  const auto m = set.mask(index);
  return {m.begin(), m.end()};
}

std::string text(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

bool same(const Dataset& a, const Dataset& b) {
  if (a.extent() != b.extent()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (picture(a, i) != picture(b, i) || mask(a, i) != mask(b, i)) return false;
  return true;
}

Bytes everything(const Split& split) {
  Bytes all;
  for (const Dataset* set : {&split.train, &split.validation, &split.test})
    for (std::size_t i = 0; i < set->size(); ++i) {
      for (const std::uint8_t v : picture(*set, i)) all.push_back(v);
      for (const std::uint8_t v : set->mask(i)) all.push_back(v);
    }
  return all;
}

/// One polygon as found in a picture: pixels joined through edges or corners.
struct Blob {
  std::set<std::uint8_t> classes;
  std::set<std::string> colours;
  std::size_t pixels = 0, top = SIZE_MAX, bottom = 0, left = SIZE_MAX, right = 0;
  std::vector<std::size_t> widths;  // of its rows, from the top
};

std::vector<Blob> blobs(const Dataset& set, std::size_t index) {
  const Extent e = set.extent();
  const Bytes image = picture(set, index), m = mask(set, index);
  std::vector<bool> visited(e.pixels());
  std::vector<Blob> found;
  for (std::size_t start = 0; start < e.pixels(); ++start) {
    if (m[start] == 0 || visited[start]) continue;
    Blob blob;
    std::vector<std::size_t> open = {start}, rows(e.height);
    visited[start] = true;
    while (!open.empty()) {
      const std::size_t p = open.back(), row = p / e.width, column = p % e.width;
      open.pop_back();
      Bytes colour;
      for (std::size_t c = 0; c < e.channels; ++c) colour.push_back(image[c * e.pixels() + p]);
      blob.colours.insert(text(colour));
      blob.classes.insert(m[p]);
      ++blob.pixels, ++rows[row];
      blob.top = std::min(blob.top, row), blob.bottom = std::max(blob.bottom, row);
      blob.left = std::min(blob.left, column), blob.right = std::max(blob.right, column);
      for (std::size_t r = row - (row > 0); r <= row + 1 && r < e.height; ++r)
        for (std::size_t c = column - (column > 0); c <= column + 1 && c < e.width; ++c)
          if (m[r * e.width + c] != 0 && !visited[r * e.width + c])
            visited[r * e.width + c] = true, open.push_back(r * e.width + c);
    }
    for (const std::size_t w : rows)
      if (w != 0) blob.widths.push_back(w);
    found.push_back(blob);
  }
  return found;
}

/// Whether `call` throws Error with this field, and `found` containing the text.
template <class Call>
bool refuses(const std::string& field, const std::string& found, Call call) {
  try {
    call();
  } catch (const Error& e) {
    BOOST_TEST_MESSAGE(e.what());
    return e.field() == field && e.found().find(found) != std::string::npos;
  }
  return false;
}

/// Draws one of `count` different pictures.
auto one_of(std::size_t count) {
  return [count](Random& random, std::span<std::uint8_t> image, std::span<std::uint8_t> mask) {
    const std::size_t k = random.below(count);
    image[k] = 200;  // relies on being handed zeros
    mask[k] = 1;
  };
}

double area(std::size_t sides, double radius) {
  const auto n = static_cast<double>(sides);
  return n / 2 * radius * radius * std::sin(2 * std::numbers::pi / n);
}

constexpr Extent small{.images = 0, .channels = 1, .height = 32, .width = 32};

}  // namespace

BOOST_AUTO_TEST_SUITE(generate)

BOOST_AUTO_TEST_CASE(every_picture_of_a_small_world_is_found_once) {
  const Split s =
      nwm::data::generate("dots", {.channels = 1, .height = 3, .width = 4}, {10, 1, 1}, 5, one_of(12));
  std::set<std::string> pictures;
  for (const Dataset* set : {&s.train, &s.validation, &s.test})
    for (std::size_t i = 0; i < set->size(); ++i) {
      const Bytes p = picture(*set, i);
      BOOST_TEST(std::count(p.begin(), p.end(), 200) ==
                 1);  // a picture drawn again keeps nothing of the first try
      BOOST_TEST((std::count(p.begin(), p.end(), 0) == 11));
      const Bytes m = mask(*set, i);
      BOOST_TEST(std::count(m.begin(), m.end(), 1) == 1);
      pictures.insert(text(p));
    }
  BOOST_TEST(pictures.size() == 12u);
  BOOST_TEST(s.train.name() == "dots/train");
  BOOST_TEST(s.validation.name() == "dots/validation");
  BOOST_TEST(s.test.name() == "dots/test");
}

BOOST_AUTO_TEST_CASE(more_pictures_than_there_are_is_an_error_with_their_number) {
  const Extent e{.channels = 1, .height = 3, .width = 4};
  BOOST_TEST(refuses("images", "12, and none new in 10000 draws",
                     [&] { nwm::data::generate("dots", e, {11, 1, 1}, 5, one_of(12)); }));
}

BOOST_AUTO_TEST_CASE(prefixes_hold_where_pictures_are_drawn_again) {
  const Extent e{.channels = 1, .height = 5, .width = 8};  // 40 pictures: nearly every one meets another
  const Split less = nwm::data::generate("dots", e, {12, 6, 6}, 9, one_of(40));
  const Split more = nwm::data::generate("dots", e, {28, 6, 6}, 9, one_of(40));
  BOOST_TEST(same(less.test, more.test));
  BOOST_TEST(same(less.validation, more.validation));
  BOOST_TEST(same(less.train, more.train.first(12)));
}

BOOST_AUTO_TEST_CASE(sizes_left_out_are_a_tenth) {
  const auto sizes = [](std::size_t images, std::size_t validation, std::size_t test) {
    const auto s = nwm::data::split_sizes("x", images, validation, test);
    return std::array{s.train, s.validation, s.test};
  };
  BOOST_TEST((sizes(2000, 0, 0) == std::array<std::size_t, 3>{2000, 200, 200}));
  BOOST_TEST((sizes(3, 0, 0) == std::array<std::size_t, 3>{3, 1, 1}));
  BOOST_TEST((sizes(30, 7, 9) == std::array<std::size_t, 3>{30, 7, 9}));
  BOOST_TEST(refuses("images", "0", [&] { sizes(0, 5, 5); }));
  BOOST_TEST(refuses("picture", "1, 0, 4", [] {
    nwm::data::generate("dots", {.channels = 1, .height = 0, .width = 4}, {1, 1, 1}, 0, one_of(1));
  }));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(one_seed_one_set) {
  const PolygonOptions options{.images = 40, .seed = 11, .rotated = true};
  const Split s = polygons(small, options);
  const Bytes bytes = everything(s);
  BOOST_TEST((bytes == everything(polygons(small, options))));
  BOOST_TEST((bytes != everything(polygons(small, {.images = 40, .seed = 12, .rotated = true}))));
  BOOST_TEST((bytes != everything(polygons(small, {.images = 40, .seed = 11}))));
  BOOST_TEST(s.train.size() == 40u);
  BOOST_TEST(s.validation.size() == 4u);
  BOOST_TEST(s.test.size() == 4u);
  // These bytes are the same on every platform and in every later version: a seed names its pictures.
  BOOST_TEST(nwm::data::detail::hash(bytes) == 16980563858151302335ull);
}

BOOST_AUTO_TEST_CASE(a_larger_training_set_begins_with_the_smaller_one) {
  const Split less = polygons(small, {.images = 30, .validation = 5, .test = 5, .seed = 3});
  const Split more = polygons(small, {.images = 90, .validation = 5, .test = 5, .seed = 3});
  BOOST_TEST(same(less.train, more.train.first(30)));
  BOOST_TEST(same(less.validation, more.validation));
  BOOST_TEST(same(less.test, more.test));
}

BOOST_AUTO_TEST_CASE(no_picture_occurs_twice) {
  const Split s =
      polygons({.channels = 1, .height = 8, .width = 8},
               {.images = 3000, .seed = 1, .max_polygons = 1, .min_radius = 0.3, .max_radius = 0.3});
  std::set<std::string> pictures;
  for (const Dataset* set : {&s.train, &s.validation, &s.test})
    for (std::size_t i = 0; i < set->size(); ++i) pictures.insert(text(picture(*set, i)));
  BOOST_TEST(pictures.size() == 3600u);
}

BOOST_AUTO_TEST_CASE(sizes_are_those_of_the_machine) {
  const Split s = polygons<Fake>({.images = 20, .seed = 2});
  BOOST_TEST((s.train.extent() == Extent{.images = 20, .channels = 3, .height = 21, .width = 34}));
  BOOST_TEST((s.test.extent() == Extent{.images = 2, .channels = 3, .height = 21, .width = 34}));
  BOOST_TEST(
      same(s.train, polygons({.channels = 3, .height = 21, .width = 34}, {.images = 20, .seed = 2}).train));
}

BOOST_AUTO_TEST_CASE(polygons_are_solid_apart_and_of_one_class_and_colour) {
  for (const Extent e : {small, Extent{0, 3, 33, 47}}) {
    const Split s =
        polygons(e, {.images = 300, .seed = 4, .rotated = true, .max_polygons = 3, .max_radius = 0.24});
    std::array<std::size_t, 5> classes{};
    std::array<std::size_t, 4> counts{};
    for (std::size_t i = 0; i < s.train.size(); ++i) {
      const auto found = blobs(s.train, i);
      BOOST_REQUIRE((found.size() >= 1 && found.size() <= 3));
      ++counts[found.size()];
      for (const Blob& b : found) {  // two that touched would be one blob of two colours
        BOOST_REQUIRE(b.classes.size() == 1u);
        BOOST_REQUIRE(b.colours.size() == 1u);
        BOOST_REQUIRE(*b.classes.begin() <= 4);
        ++classes[*b.classes.begin()];
        const std::string colour = *b.colours.begin();
        BOOST_TEST(std::any_of(colour.begin(), colour.end(),
                               [](char c) { return static_cast<std::uint8_t>(c) >= 128; }));
      }
      const Bytes image = picture(s.train, i), m = mask(s.train, i);
      for (std::size_t k = 0; k < image.size(); ++k)
        if (m[k % m.size()] == 0) BOOST_REQUIRE(image[k] == 0);
    }
    BOOST_TEST(s.train.classes() == 5u);
    for (std::size_t k = 1; k <= 4; ++k) BOOST_TEST((classes[k] > 110 && classes[k] < 190));  // 150 expected
    for (std::size_t k = 1; k <= 3; ++k) BOOST_TEST((counts[k] > 70 && counts[k] < 130));     // 100 expected
  }
}

BOOST_AUTO_TEST_CASE(areas_are_those_of_regular_polygons_inside_the_image) {
  for (const bool rotated : {false, true}) {
    const double share = 0.25, radius = share * 47;
    const Split s = polygons({.channels = 1, .height = 63, .width = 47}, {.images = 800,
                                                                          .seed = 6,
                                                                          .rotated = rotated,
                                                                          .max_polygons = 1,
                                                                          .min_radius = share,
                                                                          .max_radius = share});
    std::array<double, 5> sum{}, number{};
    for (std::size_t i = 0; i < s.train.size(); ++i) {
      const Blob b = blobs(s.train, i).at(0);
      const std::size_t kind = *b.classes.begin(), sides = kind + 2;
      const double edge = 2 * radius * std::sin(std::numbers::pi / static_cast<double>(sides));
      const auto pixels = static_cast<double>(b.pixels);
      // A polygon reaching out of the image would lack far more than pixels along an edge.
      BOOST_TEST(std::abs(pixels - area(sides, radius)) < edge);
      sum[kind] += pixels, ++number[kind];
    }
    for (std::size_t kind = 1; kind <= 4; ++kind)
      BOOST_TEST(sum[kind] / number[kind] == area(kind + 2, radius), boost::test_tools::tolerance(0.005));
  }
}

BOOST_AUTO_TEST_CASE(radii_span_the_whole_range) {
  const Split s =
      polygons({.channels = 1, .height = 64, .width = 64},
               {.images = 400, .seed = 8, .max_polygons = 1, .min_radius = 0.1, .max_radius = 0.4});
  double least = 1, most = 0;
  for (std::size_t i = 0; i < s.train.size(); ++i) {
    const Blob b = blobs(s.train, i).at(0);
    const double n = *b.classes.begin() + 2.0;
    const double share =
        std::sqrt(static_cast<double>(b.pixels) / (n / 2 * std::sin(2 * std::numbers::pi / n))) / 64;
    least = std::min(least, share), most = std::max(most, share);
  }
  BOOST_TEST((least > 0.09 && least < 0.11));
  BOOST_TEST((most > 0.39 && most < 0.41));
}

BOOST_AUTO_TEST_CASE(a_vertex_is_up_unless_rotated) {
  const auto set = [](bool rotated) {
    return polygons({.channels = 1, .height = 48, .width = 48}, {.images = 300,
                                                                 .seed = 7,
                                                                 .rotated = rotated,
                                                                 .max_polygons = 1,
                                                                 .min_radius = 0.25,
                                                                 .max_radius = 0.25})
        .train;
  };
  const double radius = 12;
  const auto height = [](const Blob& b) { return static_cast<double>(b.bottom - b.top + 1); };
  const Dataset upright = set(false);
  for (std::size_t i = 0; i < upright.size(); ++i) {
    const Blob b = blobs(upright, i).at(0);
    const int sides = *b.classes.begin() + 2;
    BOOST_TEST(b.widths.front() <= 4u);
    const double lower =
        sides % 2 == 0 ? 1 : std::cos(std::numbers::pi / sides);  // a vertex or an edge below
    BOOST_TEST(std::abs(height(b) - radius * (1 + lower)) < 2);
    if (sides % 2 == 1) BOOST_TEST(b.widths.back() >= 12u);
  }
  // Turned squares lie between edge up and vertex up, triangles point up and down.
  const Dataset turned = set(true);
  int flat = 0, pointed = 0, up = 0, down = 0;
  for (std::size_t i = 0; i < turned.size(); ++i) {
    const Blob b = blobs(turned, i).at(0);
    if (*b.classes.begin() == 2) flat += height(b) <= 18, pointed += height(b) >= 23;
    if (*b.classes.begin() == 1) (b.widths.back() > b.widths.front() ? up : down) += 1;
  }
  BOOST_TEST(flat > 0);
  BOOST_TEST(pointed > 0);
  BOOST_TEST(up > 15);
  BOOST_TEST(down > 15);
}

BOOST_AUTO_TEST_CASE(angles_are_uniform) {
  Random random(1);
  std::array<int, 16> bins{};
  const int draws = 16000;
  for (int i = 0; i < draws; ++i) {
    const auto d = nwm::data::detail::random_direction(random);
    const double x = static_cast<double>(d.x) * 0x1p-24, y = static_cast<double>(d.y) * 0x1p-24;
    BOOST_REQUIRE(std::abs(x * x + y * y - 1) < 1e-6);
    const double turn = (std::atan2(y, x) / (2 * std::numbers::pi)) + 0.5;
    ++bins[std::min<std::size_t>(15, static_cast<std::size_t>(turn * 16))];
  }
  double chi2 = 0;
  for (const int n : bins) chi2 += (n - draws / 16.0) * (n - draws / 16.0) / (draws / 16.0);
  BOOST_TEST(chi2 < 37.7);  // 15 degrees of freedom, one in a thousand
}

BOOST_AUTO_TEST_CASE(options_that_do_not_fit_are_named) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto with = [](const PolygonOptions& o) { return [o] { polygons(small, o); }; };
  BOOST_TEST(refuses("images", "0", with({.images = 0})));
  BOOST_TEST(refuses("max_polygons", "0", with({.max_polygons = 0})));
  BOOST_TEST(refuses("min_radius", "0.05", with({.min_radius = 0.05})));
  BOOST_TEST(refuses("min_radius", "nan", with({.min_radius = nan})));
  BOOST_TEST(refuses("max_radius", "0.6", with({.max_radius = 0.6})));
  BOOST_TEST(refuses("max_radius", "0.2", with({.min_radius = 0.25, .max_radius = 0.2})));
  BOOST_TEST(refuses("max_radius", "nan", with({.max_radius = nan})));
  BOOST_TEST(refuses("min_radius", "0.16", [] { polygons({.channels = 1, .height = 64, .width = 8}); }));
  BOOST_CHECK_EXCEPTION(polygons({.channels = 1, .height = 64, .width = 8}), nwm::Error, [](const auto& e) {
    return e.expected() == "at least 2 pixels, 0.25 of this image (or pictures of at least 13x13 pixels)";
  });
  polygons({.channels = 1, .height = 13, .width = 13}, {.images = 10, .max_polygons = 1});
  BOOST_TEST(refuses("images", "4611686018427387904 x 1 x 32 x 32",
                     with({.images = std::size_t{1} << 62, .validation = 1, .test = 1})));
  BOOST_TEST(refuses("picture", "0, 32, 32", [] { polygons({.channels = 0, .height = 32, .width = 32}); }));
  BOOST_TEST(refuses("picture", "1, 0, 32", [] { polygons({.channels = 1, .height = 0, .width = 32}); }));
  BOOST_TEST(refuses("picture", "1, 3, 32", [] { polygons({.channels = 1, .height = 3, .width = 32}); }));
  // Two of radius 0.45 do not fit beside each other.
  BOOST_TEST(refuses("max_polygons", "2, which found no place on a picture of 32 x 32",
                     with({.min_radius = 0.45, .max_radius = 0.5})));
}
