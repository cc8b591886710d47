// Tetrominoes: the study's drawing rules, on any grid.
#define BOOST_TEST_MODULE tetrominoes
#define BOOST_TEST_DYN_LINK
#include "nwm/data/tetrominoes.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using nwm::Error;
using nwm::data::Dataset;
using nwm::data::Extent;
using nwm::data::Split;
using nwm::data::tetrominoes;
using nwm::data::TetrominoOptions;
using Bytes = std::vector<std::uint8_t>;

struct FakeShape {
  int height, width, image_channels, classes;
  constexpr int scores() const { return classes; }
};
struct Fake {
  static constexpr FakeShape shape{.height = 45, .width = 70, .image_channels = 1, .classes = 6};
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

/// The only piece of this class in an image, as text: rows of its bounding box's cells, '#' or '.', joined by
/// '/'.
std::string outline(const Bytes& m, const Extent& e, std::uint8_t kind, std::size_t cell) {
  std::size_t top = e.height, bottom = 0, left = e.width, right = 0;
  for (std::size_t p = 0; p < e.pixels(); ++p)
    if (m[p] == kind) {
      top = std::min(top, p / e.width), bottom = std::max(bottom, p / e.width);
      left = std::min(left, p % e.width), right = std::max(right, p % e.width);
    }
  std::string text;
  for (std::size_t r = top; r <= bottom; r += cell) {
    if (r > top) text += '/';
    for (std::size_t c = left; c <= right; c += cell) text += m[r * e.width + c] == kind ? '#' : '.';
  }
  return text;
}

const std::array<std::set<std::string>, 6> outlines = {{
    {},
    {"####", "#/#/#/#"},
    {"##/##"},
    {"###/.#.", ".#./###", "#./##/#.", ".#/##/.#"},
    {".##/##.", "##./.##", "#./##/.#", ".#/##/#."},
    {"#../###", "##/#./#.", "###/..#", ".#/.#/##", "..#/###", "#./#./##", "###/#..", "##/.#/.#"},
}};

constexpr Extent study{.images = 0, .channels = 3, .height = 64, .width = 64};

}  // namespace

BOOST_AUTO_TEST_CASE(one_seed_one_set) {
  const Split s = tetrominoes(study, {.images = 30, .seed = 11});
  const Bytes bytes = everything(s);
  BOOST_TEST((bytes == everything(tetrominoes(study, {.images = 30, .seed = 11}))));
  BOOST_TEST((bytes != everything(tetrominoes(study, {.images = 30, .seed = 12}))));
  BOOST_TEST(s.train.size() == 30u);
  BOOST_TEST(s.validation.size() == 3u);
  BOOST_TEST(s.test.size() == 3u);
  BOOST_TEST(s.train.name() == "tetrominoes/train");
  // These bytes are the same on every platform and in every later version: a seed names its pictures.
  BOOST_TEST(nwm::data::detail::hash(bytes) == 14625700626370791297ull);
}

BOOST_AUTO_TEST_CASE(a_larger_training_set_begins_with_the_smaller_one) {
  const Split less = tetrominoes(study, {.images = 20, .validation = 4, .test = 4, .seed = 3});
  const Split more = tetrominoes(study, {.images = 60, .validation = 4, .test = 4, .seed = 3});
  BOOST_TEST(same(less.train, more.train.first(20)));
  BOOST_TEST(same(less.validation, more.validation));
  BOOST_TEST(same(less.test, more.test));
}

BOOST_AUTO_TEST_CASE(no_picture_occurs_twice) {
  // One piece of grey on 4 x 4: 113 places times 254 greys.
  const Split s = tetrominoes({.channels = 1, .height = 4, .width = 4},
                              {.images = 8000, .seed = 1, .cell = 1, .max_pieces = 1});
  std::set<std::string> pictures;
  for (const Dataset* set : {&s.train, &s.validation, &s.test})
    for (std::size_t i = 0; i < set->size(); ++i) pictures.insert(text(picture(*set, i)));
  BOOST_TEST(pictures.size() == 9600u);
}

BOOST_AUTO_TEST_CASE(sizes_are_those_of_the_machine) {
  const Split s = tetrominoes<Fake>({.images = 20, .seed = 2});
  BOOST_TEST((s.train.extent() == Extent{.images = 20, .channels = 1, .height = 45, .width = 70}));
  BOOST_TEST(same(s.train,
                  tetrominoes({.channels = 1, .height = 45, .width = 70}, {.images = 20, .seed = 2}).train));
}

BOOST_AUTO_TEST_CASE(pieces_are_counted_and_drawn_from_the_bag) {
  const Split s = tetrominoes(study, {.images = 1500, .seed = 4});
  std::array<int, 6> counts{}, classes{};
  std::map<std::size_t, int> doubles;  // of the images with five pieces
  for (std::size_t i = 0; i < s.train.size(); ++i) {
    std::array<std::size_t, 6> pieces{};
    for (const std::uint8_t c : s.train.mask(i)) ++pieces.at(c);
    std::size_t count = 0, twice = 0;
    for (std::size_t k = 1; k <= 5; ++k) {
      BOOST_REQUIRE(pieces[k] % (4 * 7 * 7) == 0u);  // whole pieces that do not overlap
      pieces[k] /= 4 * 7 * 7;
      count += pieces[k], twice += pieces[k] == 2;
      classes[k] += static_cast<int>(pieces[k]);
      BOOST_REQUIRE(pieces[k] <= 2);
    }
    BOOST_REQUIRE((count >= 1 && count <= 5));
    if (count < 5) BOOST_REQUIRE(twice == 0u);
    if (count == 5) ++doubles[twice];
    ++counts[count];
  }
  for (std::size_t k = 1; k <= 5; ++k) {
    BOOST_TEST((counts[k] > 240 && counts[k] < 360));    // 300 expected
    BOOST_TEST((classes[k] > 810 && classes[k] < 990));  // 900 expected
  }
  // Five of a bag of two of each: 32, 160 and 60 of 252 draws hold none, one and two pairs.
  const double five = counts[5];
  BOOST_TEST(std::abs(doubles[0] / five - 32 / 252.0) < 0.08);
  BOOST_TEST(std::abs(doubles[1] / five - 160 / 252.0) < 0.11);
  BOOST_TEST(std::abs(doubles[2] / five - 60 / 252.0) < 0.10);
}

BOOST_AUTO_TEST_CASE(ten_pieces_empty_the_bag) {
  const Split s = tetrominoes({.channels = 1, .height = 40, .width = 50},
                              {.images = 60, .seed = 4, .cell = 3, .max_pieces = 10});
  int full = 0;
  for (std::size_t i = 0; i < s.train.size(); ++i) {
    std::array<std::size_t, 6> pixels{};
    for (const std::uint8_t c : s.train.mask(i)) ++pixels.at(c);
    const std::size_t pieces = (s.train.extent().pixels() - pixels[0]) / 36;
    for (std::size_t k = 1; k <= 5; ++k) BOOST_TEST(pixels[k] <= 72);
    BOOST_TEST(pieces <= 10);
    full += pieces == 10;
  }
  BOOST_TEST(full > 0);
}

BOOST_AUTO_TEST_CASE(a_bounding_box_covers_no_piece_placed_before) {
  const Extent e{0, 1, 40, 37};
  const Split s = tetrominoes(e, {.images = 1500, .seed = 8, .max_pieces = 2});
  // The box of the piece drawn second is free of the first piece: pieces are never hooked into each other.
  const auto covers = [&](const Bytes& m, std::uint8_t kind, std::uint8_t other) {
    std::size_t top = e.height, bottom = 0, left = e.width, right = 0;
    for (std::size_t p = 0; p < e.pixels(); ++p)
      if (m[p] == kind) {
        top = std::min(top, p / e.width), bottom = std::max(bottom, p / e.width);
        left = std::min(left, p % e.width), right = std::max(right, p % e.width);
      }
    for (std::size_t r = top; r <= bottom; ++r)
      for (std::size_t c = left; c <= right; ++c)
        if (m[r * e.width + c] == other) return true;
    return false;
  };
  int once = 0;
  for (std::size_t i = 0; i < s.train.size(); ++i) {
    const Bytes m = mask(s.train, i);
    std::set<std::uint8_t> kinds(m.begin(), m.end());
    kinds.erase(0);
    if (kinds.size() < 2) continue;
    const bool first = covers(m, *kinds.begin(), *kinds.rbegin());
    const bool second = covers(m, *kinds.rbegin(), *kinds.begin());
    BOOST_TEST(!(first && second));
    once += first != second;
  }
  BOOST_TEST(once > 0);
}

BOOST_AUTO_TEST_CASE(every_orientation_occurs_equally_often_and_no_other_outline) {
  for (const auto& [e, cell] :
       {std::pair{study, std::size_t{7}}, std::pair{Extent{0, 1, 33, 21}, std::size_t{5}}}) {
    const Split s = tetrominoes(e, {.images = 3000, .seed = 5, .cell = cell, .max_pieces = 1});
    std::array<std::map<std::string, int>, 6> found;
    std::array<int, 6> total{};
    for (std::size_t i = 0; i < s.train.size(); ++i) {
      const Bytes m = mask(s.train, i);
      const std::uint8_t kind = *std::max_element(m.begin(), m.end());
      const std::string shape = outline(m, e, kind, cell);
      BOOST_REQUIRE(outlines.at(kind).count(shape) == 1u);
      ++found[kind][shape], ++total[kind];
    }
    for (std::size_t k = 1; k <= 5; ++k) {
      const double expected = static_cast<double>(total[k]) / static_cast<double>(outlines[k].size());
      BOOST_TEST(found[k].size() == outlines[k].size());
      for (const auto& [name, n] : found[k]) BOOST_TEST(std::abs(n - expected) <= 5 * std::sqrt(expected));
    }
  }
}

BOOST_AUTO_TEST_CASE(borders_are_brightened_by_half_and_wrap) {
  for (const std::size_t channels : {std::size_t{3}, std::size_t{1}}) {
    const std::size_t cell = 4;
    const Extent e{0, channels, 37, 23};
    const Split s = tetrominoes(e, {.images = 300, .seed = 6, .cell = cell, .max_pieces = 1});
    int wrapped = 0, straight = 0;
    for (std::size_t i = 0; i < s.train.size(); ++i) {
      const Bytes image = picture(s.train, i), m = mask(s.train, i);
      std::vector<bool> covered(e.pixels());
      // A corner of a cell: a taken pixel not yet covered, in reading order.
      for (std::size_t p = 0; p < e.pixels(); ++p) {
        if (m[p] == 0 || covered[p]) continue;
        for (std::size_t r = 0; r < cell; ++r)
          for (std::size_t c = 0; c < cell; ++c) {
            const std::size_t q = p + r * e.width + c;
            BOOST_REQUIRE(m[q] == m[p]);
            covered[q] = true;
            const bool border = r == 0 || c == 0 || r == cell - 1 || c == cell - 1;
            for (std::size_t ch = 0; ch < channels; ++ch) {
              const int inside = image[ch * e.pixels() + p + e.width + 1];
              const int bright = inside + inside / 2;
              BOOST_REQUIRE(image[ch * e.pixels() + q] == (border ? bright % 256 : inside));
              (bright > 255 ? wrapped : straight) += 1;
            }
          }
      }
      for (std::size_t k = 0; k < image.size(); ++k)
        if (m[k % m.size()] == 0) BOOST_REQUIRE(image[k] == 0);
    }
    BOOST_TEST(wrapped > 1000);
    BOOST_TEST(straight > 1000);
  }
}

BOOST_AUTO_TEST_CASE(greys_that_hide_inside_or_border_are_not_drawn) {
  // 0 stays 0, and 171 + 85 wraps to 0; nearly all other greys occur.
  const Split s = tetrominoes({.channels = 1, .height = 12, .width = 12},
                              {.images = 2500, .seed = 9, .cell = 3, .max_pieces = 1});
  std::set<int> greys;
  for (std::size_t i = 0; i < s.train.size(); ++i) {
    const Bytes image = picture(s.train, i), m = mask(s.train, i);
    const auto corner =
        static_cast<std::size_t>(std::find_if(m.begin(), m.end(), [](int c) { return c > 0; }) - m.begin());
    greys.insert(image[corner + 13]);
    for (std::size_t p = 0; p < m.size(); ++p) BOOST_REQUIRE((image[p] != 0) == (m[p] != 0));
  }
  BOOST_TEST(greys.count(0) == 0u);
  BOOST_TEST(greys.count(171) == 0u);
  BOOST_TEST(greys.size() >= 252u);
}

BOOST_AUTO_TEST_CASE(pieces_reach_every_edge_of_any_grid) {
  const Extent e{0, 1, 29, 31};
  const Split s = tetrominoes(e, {.images = 800, .seed = 7, .max_pieces = 1});
  std::vector<bool> used(e.pixels());
  for (std::size_t i = 0; i < s.train.size(); ++i)
    for (std::size_t p = 0; p < e.pixels(); ++p)
      if (s.train.mask(i)[p] != 0) used[p] = true;
  for (std::size_t c = 0; c < e.width; ++c) BOOST_TEST((used[c] && used[(e.height - 1) * e.width + c]));
  for (std::size_t r = 0; r < e.height; ++r)
    BOOST_TEST((used[r * e.width] && used[r * e.width + e.width - 1]));
}

BOOST_AUTO_TEST_CASE(options_that_do_not_fit_are_named) {
  const auto with = [](const TetrominoOptions& o) { return [o] { tetrominoes(study, o); }; };
  BOOST_TEST(refuses("images", "0", with({.images = 0})));
  BOOST_TEST(refuses("cell", "0", with({.cell = 0})));
  BOOST_TEST(refuses("cell", "17", with({.cell = 17})));
  BOOST_TEST(refuses("cell", "7", [] { tetrominoes({.channels = 3, .height = 27, .width = 64}); }));
  BOOST_TEST(refuses("cell", "7", [] { tetrominoes({.channels = 3, .height = 64, .width = 27}); }));
  BOOST_TEST(
      refuses("picture", "0, 64, 64", [] { tetrominoes({.channels = 0, .height = 64, .width = 64}); }));
  BOOST_TEST(refuses("picture", "1, 64, 3", [] { tetrominoes({.channels = 1, .height = 64, .width = 3}); }));
  BOOST_TEST(refuses("max_pieces", "0", with({.max_pieces = 0})));
  BOOST_TEST(refuses("max_pieces", "11", with({.max_pieces = 11})));
  // Five pieces are twenty cells; a side of four cells holds sixteen.
  BOOST_TEST(refuses("max_pieces", "5 with cells of 16 pixels, which found no place on a picture of 64 x 64",
                     [] { tetrominoes(study, {.images = 50, .seed = 1, .cell = 16}); }));
  // 113 places times 254 greys are 28702.
  BOOST_TEST(refuses("images", "and none new in 10000 draws", [] {
    tetrominoes({.channels = 1, .height = 4, .width = 4}, {.images = 24000, .cell = 1, .max_pieces = 1});
  }));
}
