// The pictures of the analyses: the right things at the right places.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE analysis_draw

#include "nwm/analysis/draw.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

namespace {

using namespace nwm::analysis;
using nwm::plot::Image;
using nwm::plot::Rgb;

/// The corner of the map below the title.
constexpr std::size_t title = nwm::plot::text_height() + 4 + 2;

ReceptiveField ring(double influence) {
  ReceptiveField f{9, 11, std::vector<double>(99)};
  f.influence[4 * 11 + 5] = 1;
  f.influence[4 * 11 + 8] = influence;  // three pixels to the right
  return f;
}

Recording plane_wave(double right) {
  Recording r{{}, 40, 1, 12, 16, true};
  for (std::size_t t = 0; t < 40; ++t)
    for (std::size_t p = 0; p < 12 * 16; ++p)
      r.values.push_back(static_cast<float>(
          std::cos(6.283185307 * (right * static_cast<double>(p % 16) / 16 - static_cast<double>(t) / 8))));
  return r;
}

}  // namespace

BOOST_AUTO_TEST_CASE(receptive_field_is_logarithmic_with_a_circle) {
  const DrawOptions options{.minimum_width = 110, .decades = 2};
  const Image image = picture(ring(0.1), 1, options);
  BOOST_TEST(image.height() == title + 90);
  const auto at = [&](std::size_t row, std::size_t column) {
    return image.at(column * 10 + 5, title + row * 10 + 5);
  };
  BOOST_TEST((at(4, 5) == nwm::plot::sequential(2, 2)));
  BOOST_TEST((at(0, 0) == nwm::plot::sequential(0, 2)));
  // A tenth of the maximum is half way; the circle of radius 3 runs through its middle, so look beside.
  BOOST_TEST((image.at(81, title + 42) == nwm::plot::sequential(1, 2)));
  const auto on_circle = [&](std::size_t x, std::size_t y) {
    const Rgb pixel = image.at(x, title + y);
    return std::min({pixel.r, pixel.g, pixel.b}) > 150;
  };
  BOOST_TEST(on_circle(85, 45));
  BOOST_TEST(on_circle(25, 45));
  BOOST_TEST(on_circle(55, 75));
  BOOST_TEST(!on_circle(89, 45));
  BOOST_TEST(!on_circle(55, 65));
  // Values further below the maximum than the decades are as dark as zero.
  const Image faint = picture(ring(0.001), 1, options);
  BOOST_TEST((faint.at(81, title + 42) == nwm::plot::sequential(0, 2)));
}

BOOST_AUTO_TEST_CASE(a_field_without_influence_can_be_drawn) {
  const ReceptiveField none{9, 11, std::vector<double>(99)};
  const Image image = picture(none, 0.95, {.minimum_width = 11});
  BOOST_TEST((image.at(5, title + 4) == nwm::plot::sequential(0, 1)));
}

BOOST_AUTO_TEST_CASE(spectrum_shows_where_waves_go) {
  const DrawOptions options{.minimum_width = 16, .decades = 4};
  const SpaceTimeSpectrum right = space_time_spectrum(plane_wave(3).view()),
                          left = space_time_spectrum(plane_wave(-3).view());
  const Image image = picture(right, options), mirrored = picture(left, options);
  const Rgb bright = nwm::plot::sequential(1, 1);
  BOOST_TEST((image.at(8 + 3, title + 6) == bright));
  BOOST_TEST((image.at(8 - 3, title + 6) != bright));
  BOOST_TEST((mirrored.at(8 - 3, title + 6) == bright));
  // Frequency 5 of 19, counted from the bottom, in the picture on the right.
  const std::size_t x = image.width() - nwm::plot::text_width("frequency over wave number");
  BOOST_TEST((image.at(x + 8 + 3, title + 19 - 5) == bright));
  BOOST_TEST((mirrored.at(x + 8 - 3, title + 19 - 5) == bright));
}

BOOST_AUTO_TEST_CASE(directions_have_hues) {
  const auto colour = [](double down, double right) { return detail::direction_colour(down, right); };
  BOOST_TEST((colour(0, 1) == Rgb{255, 0, 0}));
  BOOST_TEST((colour(0, -1) == Rgb{0, 255, 255}));
  BOOST_TEST((colour(1, 0) == Rgb{128, 255, 0}));
  BOOST_TEST((colour(-1, 0) == Rgb{128, 0, 255}));
  BOOST_TEST((colour(0, 0) == Rgb{0, 0, 0}));
  BOOST_TEST((colour(0, 0.5) == Rgb{128, 0, 0}));
  const Image image = picture(phase_waves(plane_wave(2).view()), {.minimum_width = 16});
  const Rgb pixel = image.at(4, title + 4);
  BOOST_TEST(pixel.r > 245);
  BOOST_TEST(pixel.g < 10);
  BOOST_TEST(pixel.b < 10);
}

BOOST_AUTO_TEST_CASE(options_that_cannot_be_are_told) {
  BOOST_CHECK_THROW(picture(ring(1), 2), nwm::Error);
  BOOST_CHECK_THROW(picture(ring(1), 0.9, {.decades = 0}), nwm::Error);
  BOOST_CHECK_THROW(picture(ring(1), 0.9, {.decades = NAN}), nwm::Error);
}
