// Pictures in memory: pixels, joining, text and lines, colours, fields.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE picture

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "nwm/plot/colour.hpp"
#include "nwm/plot/draw.hpp"
#include "nwm/plot/field.hpp"
#include "nwm/plot/font.hpp"
#include "nwm/plot/image.hpp"
#include "tools.hpp"

using namespace plot_test;

BOOST_AUTO_TEST_SUITE(images)

BOOST_AUTO_TEST_CASE(pixels_are_row_major_rgb) {
  Image image(3, 2, {1, 2, 3});
  image.set(2, 1, {7, 8, 9});
  const std::vector<std::uint8_t> expected{1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 7, 8, 9};
  BOOST_CHECK_EQUAL_COLLECTIONS(image.bytes().begin(), image.bytes().end(), expected.begin(), expected.end());
  BOOST_CHECK_EXCEPTION(image.at(3, 0), Error, about("pixel"));
  BOOST_CHECK_EXCEPTION(image.set(0, 2, plot::black), Error, about("pixel"));
  BOOST_CHECK_EXCEPTION(Image(std::size_t{1} << 40, std::size_t{1} << 40), Error, about("size"));
}

BOOST_AUTO_TEST_CASE(paste_covers_its_place_only) {
  Image image(4, 3, plot::white);
  image.paste(Image(2, 2, plot::black), 2, 1);
  for (std::size_t y = 0; y < 3; ++y)
    for (std::size_t x = 0; x < 4; ++x)
      BOOST_CHECK_EQUAL(image.at(x, y), x >= 2 && y >= 1 ? plot::black : plot::white);
  BOOST_CHECK_EXCEPTION(image.paste(Image(2, 2), 3, 1), Error, about("picture"));
  BOOST_CHECK_EXCEPTION(image.paste(Image(2, 2), 2, 2), Error, about("picture"));
  BOOST_CHECK_EXCEPTION(image.paste(Image(1, 1), static_cast<std::size_t>(-1), 0), Error, about("picture"));
}

BOOST_AUTO_TEST_CASE(enlarging_repeats_pixels) {
  const Image small = noise(5, 3, 1), large = small.enlarged(4);
  BOOST_REQUIRE_EQUAL(large.width(), 20u);
  BOOST_REQUIRE_EQUAL(large.height(), 12u);
  for (std::size_t y = 0; y < 12; ++y)
    for (std::size_t x = 0; x < 20; ++x) BOOST_REQUIRE_EQUAL(large.at(x, y), small.at(x / 4, y / 4));
  BOOST_CHECK(small.enlarged(1) == small);
  BOOST_CHECK_EXCEPTION(small.enlarged(0), Error, about("factor"));
}

BOOST_AUTO_TEST_CASE(joining_leaves_gaps) {
  const Image a(2, 3, {1, 1, 1}), b(4, 1, {2, 2, 2});
  const Rgb ground{9, 9, 9};
  const Image row = plot::beside({a, b}, 5, ground, plot::Align::centre);
  BOOST_CHECK_EQUAL(row.width(), 11u);
  BOOST_CHECK_EQUAL(row.height(), 3u);
  BOOST_CHECK_EQUAL(row.at(1, 2), (Rgb{1, 1, 1}));
  BOOST_CHECK_EQUAL(row.at(2, 1), ground);
  BOOST_CHECK_EQUAL(row.at(6, 1), ground);
  BOOST_CHECK_EQUAL(row.at(7, 1), (Rgb{2, 2, 2}));
  BOOST_CHECK_EQUAL(row.at(7, 0), ground);
  const Image column = plot::stacked({a, b}, 1, ground);
  BOOST_CHECK_EQUAL(column.width(), 4u);
  BOOST_CHECK_EQUAL(column.height(), 5u);
  BOOST_CHECK_EQUAL(column.at(0, 3), ground);
  BOOST_CHECK_EQUAL(column.at(3, 4), (Rgb{2, 2, 2}));
  BOOST_CHECK(plot::beside({}, 5).empty());
  const Image framed = plot::framed(a, 2, ground);
  BOOST_CHECK_EQUAL(framed.width(), 6u);
  BOOST_CHECK_EQUAL(framed.height(), 7u);
  BOOST_CHECK_EQUAL(count(framed, {1, 1, 1}), 6u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(drawing)

BOOST_AUTO_TEST_CASE(the_font_draws) {
  Image image(5, 7, plot::white);
  plot::draw_text(image, 0, 0, "T", plot::black);
  const char* expected[7] = {"#####", "..#..", "..#..", "..#..", "..#..", "..#..", "..#.."};
  for (std::size_t y = 0; y < 7; ++y)
    for (std::size_t x = 0; x < 5; ++x)
      BOOST_CHECK_EQUAL(image.at(x, y), expected[y][x] == '#' ? plot::black : plot::white);
}

BOOST_AUTO_TEST_CASE(characters_differ_and_stay_in_their_cell) {
  for (int a = 32; a < 127; ++a) {
    const plot::Glyph glyph = plot::glyph(static_cast<char>(a));
    for (const unsigned column : glyph) BOOST_CHECK_EQUAL(column >> plot::glyph_height, 0u);
    for (int b = 32; b < a; ++b) BOOST_CHECK(glyph != plot::glyph(static_cast<char>(b)));
  }
  BOOST_CHECK(plot::glyph(' ') == plot::Glyph{});
  BOOST_CHECK(plot::glyph('\n') == plot::glyph('\xC3'));  // the box for characters that the font lacks
  BOOST_CHECK(plot::glyph('\n') != plot::Glyph{});
}

BOOST_AUTO_TEST_CASE(text_has_the_width_it_says_and_is_cut_at_the_edge) {
  BOOST_CHECK_EQUAL(plot::text_width(""), 0u);
  BOOST_CHECK_EQUAL(plot::text_width("HH", 3), 33u);
  Image image(40, 30, plot::white);
  plot::draw_text(image, 2, 1, "HH", plot::black, 3);
  std::size_t last = 0;
  for (std::size_t y = 0; y < image.height(); ++y)
    for (std::size_t x = 0; x < image.width(); ++x)
      if (image.at(x, y) == plot::black) last = std::max(last, x);
  BOOST_CHECK_EQUAL(last, 2 + 33 - 1u);
  Image tiny(4, 4, plot::white);
  plot::draw_text(tiny, 1, 1, "HHHH", plot::black, 2);
  BOOST_CHECK_EQUAL(count(tiny, plot::black), 2 * 3u);
}

BOOST_AUTO_TEST_CASE(lines_join_their_points_and_break_at_gaps) {
  Image image(60, 20, plot::white);
  const plot::Point points[] = {{5, 10}, {20, 10}, {std::nan(""), 10}, {40, 10}, {55, 10}};
  plot::draw_line(image, points, 3, plot::black);
  for (std::size_t x : {5u, 12u, 20u, 40u, 47u, 55u}) BOOST_CHECK_EQUAL(image.at(x, 10), plot::black);
  for (std::size_t x : {0u, 30u, 59u}) BOOST_CHECK_EQUAL(image.at(x, 10), plot::white);
  BOOST_CHECK_EQUAL(image.at(12, 9), plot::black);
  BOOST_CHECK_EQUAL(image.at(12, 13), plot::white);
  Image cut(8, 8, plot::white);
  const plot::Point far[] = {{-1e6, 4}, {1e6, 4}};
  plot::draw_line(cut, far, 1, plot::black);
  BOOST_CHECK_EQUAL(count(cut, plot::black), 8u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(colours)

BOOST_AUTO_TEST_CASE(diverging_is_blue_white_red) {
  BOOST_CHECK_EQUAL(plot::diverging(0, 2), plot::white);
  const Rgb blue = plot::diverging(-1.2, 2), red = plot::diverging(1.2, 2);
  BOOST_CHECK(blue.b > blue.g && blue.g > blue.r);
  BOOST_CHECK(red.r > red.g && red.r > red.b);
  BOOST_CHECK_EQUAL(plot::diverging(2, 2), plot::diverging(1e30, 2));  // clipped at the scale, not before
  BOOST_CHECK_EQUAL(plot::diverging(-2, 2), plot::diverging(-1e30, 2));
  BOOST_CHECK(plot::diverging(1.9, 2) != plot::diverging(2, 2));
  BOOST_CHECK_EQUAL(plot::diverging(1, 2), plot::diverging(10, 20));
  for (double v = 0; v < 1; v += 0.01) {  // further from zero is never lighter
    BOOST_CHECK(plot::diverging(v, 1).g >= plot::diverging(v + 0.01, 1).g);
    BOOST_CHECK(plot::diverging(-v, 1).g >= plot::diverging(-v - 0.01, 1).g);
  }
  for (const double scale : {0.0, -1.0, std::nan(""), HUGE_VAL})
    BOOST_CHECK_EXCEPTION(plot::diverging(1, scale), Error, about("scale"));
}

BOOST_AUTO_TEST_CASE(sequential_gets_lighter) {
  const auto lightness = [](Rgb c) { return 0.2126 * c.r + 0.7152 * c.g + 0.0722 * c.b; };
  for (int i = 0; i < 50; ++i)
    BOOST_CHECK_LT(lightness(plot::sequential(i, 50)), lightness(plot::sequential(i + 1, 50)));
  BOOST_CHECK_EQUAL(plot::sequential(-3, 1), plot::sequential(0, 1));
  BOOST_CHECK_EQUAL(plot::sequential(3, 1), plot::sequential(1, 1));
  BOOST_CHECK_EXCEPTION(plot::sequential(1, 0), Error, about("scale"));
}

BOOST_AUTO_TEST_CASE(what_is_not_finite_has_a_colour_of_its_own) {
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    BOOST_CHECK_EQUAL(plot::diverging(bad, 1), plot::not_finite_colour);
    BOOST_CHECK_EQUAL(plot::sequential(bad, 1), plot::not_finite_colour);
  }
  for (int i = -1000; i <= 1000; ++i) {
    BOOST_CHECK(plot::diverging(i, 1000) != plot::not_finite_colour);
    BOOST_CHECK(plot::sequential(i, 1000) != plot::not_finite_colour);
  }
}

BOOST_AUTO_TEST_CASE(symmetric_scale_looks_at_both_signs) {
  const std::vector<float> values{1, -7, 3, 0, nan_value, infinity};
  BOOST_CHECK_EQUAL(plot::symmetric_scale(values), 7);
  std::vector<float> negated = values;
  for (float& value : negated) value = -value;
  BOOST_CHECK_EQUAL(plot::symmetric_scale(negated), plot::symmetric_scale(values));
  std::vector<float> ramp(1000);
  std::iota(ramp.begin(), ramp.end(), -999.0f);
  BOOST_CHECK_EQUAL(plot::symmetric_scale(ramp, 0.9), 899);
  BOOST_CHECK_EQUAL(plot::symmetric_scale(std::vector<float>{}), 1);
  BOOST_CHECK_EQUAL(plot::symmetric_scale(std::vector<float>{0, 0, nan_value}), 1);
  BOOST_CHECK_EQUAL(plot::symmetric_scale(std::vector<float>{0, 0, 0, -2}, 0.5), 2);
  for (const double quantile : {0.0, 1.1, std::nan("")})
    BOOST_CHECK_EXCEPTION(plot::symmetric_scale(values, quantile), Error, about("quantile"));
}

/// OKLab coordinates of a colour as seen with normal, deuteranopic and protanopic eyes.
std::array<std::array<double, 3>, 3> seen(Rgb colour) {
  constexpr double eyes[3][9] = {
      {1, 0, 0, 0, 1, 0, 0, 0, 1},
      {.367322, .860646, -.227968, .280085, .672501, .047413, -.011820, .042940, .968881},
      {.152286, 1.052583, -.204868, .114503, .786281, .099216, -.003882, -.048116, 1.051998}};
  const auto linear = [](double c) {
    return c <= 10 ? c / 255 / 12.92 : std::pow((c / 255 + .055) / 1.055, 2.4);
  };
  const double rgb[3] = {linear(colour.r), linear(colour.g), linear(colour.b)};
  std::array<std::array<double, 3>, 3> result{};
  for (std::size_t eye = 0; eye < 3; ++eye) {
    double v[3];
    for (int i = 0; i < 3; ++i)
      v[i] = std::clamp(
          eyes[eye][3 * i] * rgb[0] + eyes[eye][3 * i + 1] * rgb[1] + eyes[eye][3 * i + 2] * rgb[2], 0.0,
          1.0);
    const double l = std::cbrt(.4122214708 * v[0] + .5363325363 * v[1] + .0514459929 * v[2]),
                 m = std::cbrt(.2119034982 * v[0] + .6806995451 * v[1] + .1073969566 * v[2]),
                 s = std::cbrt(.0883024619 * v[0] + .2817188376 * v[1] + .6299787005 * v[2]);
    result[eye] = {.2104542553 * l + .7936177850 * m - .0040720468 * s,
                   1.9779984951 * l - 2.4285922050 * m + .4505937099 * s,
                   .0259040371 * l + .7827717662 * m - .8086757660 * s};
  }
  return result;
}

BOOST_AUTO_TEST_CASE(classes_are_told_apart_by_colour_blind_eyes_too) {
  for (std::size_t a = 0; a < 16; ++a)
    for (std::size_t b = 0; b < a; ++b)
      for (std::size_t eye = 0; eye < 3; ++eye) {
        const auto p = seen(plot::class_colour(a))[eye], q = seen(plot::class_colour(b))[eye];
        const double distance = std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
        BOOST_CHECK_MESSAGE(distance > (eye == 0 ? 0.1 : 0.07),
                            "classes " << b << " and " << a << ", eye " << eye << ": " << distance);
      }
  for (std::size_t a = 0; a < 256; ++a)
    for (std::size_t b = 0; b < a; ++b) BOOST_CHECK(plot::class_colour(a) != plot::class_colour(b) || b > 15);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(fields)

BOOST_AUTO_TEST_CASE(planar_pictures) {
  const std::vector<float> planar{0, 1, 0.2f, nan_value, 0.4f, 2, 0.6f, 0, -1, 0, 1, 0};  // 3 x 2 x 2
  const Image colour = plot::picture(planar, 3, 2, 2);
  BOOST_CHECK_EQUAL(colour.at(0, 0), (Rgb{0, 102, 0}));
  BOOST_CHECK_EQUAL(colour.at(1, 0), (Rgb{255, 255, 0}));
  BOOST_CHECK_EQUAL(colour.at(0, 1), (Rgb{51, 153, 255}));
  BOOST_CHECK_EQUAL(colour.at(1, 1), plot::not_finite_colour);
  const Image grey = plot::picture(std::span(planar).first(3), 1, 1, 3);
  BOOST_CHECK_EQUAL(grey.at(2, 0), (Rgb{51, 51, 51}));
  BOOST_CHECK_EXCEPTION(plot::picture(planar, 2, 2, 3), Error, about("channels"));
  BOOST_CHECK_EXCEPTION(plot::picture(planar, 3, 2, 3), Error, about("values"));
}

BOOST_AUTO_TEST_CASE(maps_lie_as_their_values_do) {
  const std::vector<float> values{-2, -1, 0, 1, 2, nan_value};
  const Image signed_map = plot::diverging_field(values, 2, 3, 2),
              magnitudes = plot::magnitude_field(values, 2, 3, 2);
  const std::vector<std::uint8_t> labels{0, 1, 2, 3, 15, 200};
  const Image map = plot::classes(labels, 2, 3);
  BOOST_CHECK_EQUAL(map.width(), 3u);
  BOOST_CHECK_EQUAL(map.height(), 2u);
  for (std::size_t i = 0; i < 6; ++i) {
    const auto value = static_cast<double>(values[i]);
    BOOST_CHECK_EQUAL(signed_map.at(i % 3, i / 3), plot::diverging(value, 2));
    BOOST_CHECK_EQUAL(magnitudes.at(i % 3, i / 3), plot::sequential(value, 2));
    BOOST_CHECK_EQUAL(map.at(i % 3, i / 3), plot::class_colour(labels[i]));
  }
  BOOST_CHECK_EXCEPTION(plot::classes(labels, 3, 3), Error, about("values"));
  BOOST_CHECK_EXCEPTION(plot::diverging_field(values, 2, 2, 1), Error, about("values"));
  BOOST_CHECK_EXCEPTION(plot::diverging_field(values, 2, 3, 0), Error, about("scale"));
  BOOST_CHECK_EXCEPTION(plot::magnitude_field({}, 0, 0, 0), Error, about("scale"));
}

BOOST_AUTO_TEST_CASE(tiles_hold_every_channel) {
  BOOST_CHECK_EQUAL(plot::near_square_columns(0, 8, 8), 0u);
  BOOST_CHECK_EQUAL(plot::near_square_columns(1, 8, 8), 1u);
  BOOST_CHECK_EQUAL(plot::near_square_columns(2, 8, 8), 2u);
  BOOST_CHECK_EQUAL(plot::near_square_columns(8, 8, 8), 4u);
  BOOST_CHECK_EQUAL(plot::near_square_columns(16, 8, 8), 4u);
  BOOST_CHECK_EQUAL(plot::near_square_columns(4, 8, 128), 1u);
  const std::vector<float> state{1, 1, -1, -1, 0, 0};  // 3 channels of 1 x 2
  const Image tiles = plot::diverging_tiles(state, 3, 1, 2, 1, 1, plot::black);
  BOOST_CHECK_EQUAL(count(tiles, plot::diverging(1, 1)), 2u);
  BOOST_CHECK_EQUAL(count(tiles, plot::diverging(-1, 1)), 2u);
  BOOST_CHECK_EQUAL(count(tiles, plot::white), 2u);
  BOOST_CHECK_EXCEPTION(plot::diverging_tiles(state, 2, 1, 2, 1), Error, about("values"));
}

BOOST_AUTO_TEST_SUITE_END()
