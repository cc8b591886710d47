// Long bars ring lower than short ones of the same width, by as much as the theory of the lattice says.
#define BOOST_TEST_MODULE bars
#define BOOST_TEST_DYN_LINK
#include "nwm/drum/bars.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string>
#include <vector>

#include "nwm/drum/bars_picture.hpp"
#include "nwm/drum/modes.hpp"

namespace mask = nwm::mask;
using Drum = nwm::Drum<nwm::Grid<64, 64>>;
using boost::test_tools::tolerance;

namespace {

auto about(std::string field) {
  return [field](const nwm::Error& e) { return e.field() == field; };
}

/// f_11 from sin²(πf dt) = (c dt/h)² [ sin²(πh/2a) + sin²(πh/2b) ], with c = h = 1 and dt = 1/2.
double lattice(double a, double b) {
  const double s = std::sin(std::numbers::pi / (2 * a)), t = std::sin(std::numbers::pi / (2 * b));
  return std::asin(0.5 * std::sqrt(s * s + t * t)) / (0.5 * std::numbers::pi);
}

/// The middle of the dots of this colour in rows [from, to), from the left.
double dots(const nwm::plot::Image& image, std::size_t from, std::size_t to, nwm::plot::Rgb colour) {
  double sum = 0, count = 0;
  for (std::size_t y = from; y < to; ++y)
    for (std::size_t x = 300; x < 740; ++x)
      if (image.at(x, y) == colour) sum += static_cast<double>(x), ++count;
  return sum / count;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_longer_a_bar_the_lower_it_rings_as_theory_has_it) {
  const std::array lengths{16.0, 20.0, 28.0, 40.0, 60.0};
  const auto bars = nwm::hear_bars<Drum>(16, lengths);
  BOOST_REQUIRE(bars.size() == lengths.size());
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const nwm::HeardBar& bar = bars[i];
    BOOST_TEST(bar.neurons == static_cast<std::size_t>(15 * (lengths[i] - 1)));
    BOOST_TEST(bar.heard == bar.neurons);
    // Neighbours in this list differ by 4 % at least, the neurons among each other by a thousandth of that.
    BOOST_TEST(bar.least == lattice(16, lengths[i]), tolerance(4e-5));
    BOOST_TEST(bar.greatest == lattice(16, lengths[i]), tolerance(4e-5));
    BOOST_TEST(bar.theory == lattice(16, lengths[i]), tolerance(1e-12));
    BOOST_TEST(bar.lowest > bar.endless);
    if (i > 0) BOOST_TEST(bar.greatest < 0.97 * bars[i - 1].least);
  }

  // In the picture each dot lies further to the left than the one above it.
  const nwm::plot::Image image = nwm::drum::bars_picture(bars);
  const nwm::plot::Rgb heard{213, 94, 0};
  for (std::size_t i = 0; i + 1 < bars.size(); ++i) {
    const std::size_t row = (image.height() - 144) / bars.size(), top = 92 + 8;
    BOOST_TEST(dots(image, top + row * (i + 1), top + row * (i + 2), heard) <
               dots(image, top + row * i, top + row * (i + 1), heard) - 5);
  }
}

BOOST_AUTO_TEST_CASE(the_frequencies_of_a_rectangle_are_those_of_its_modes) {
  const Drum drum(mask::rectangle(10, 24), {.wave_speed = 3, .dt = 0.05, .spacing = 0.25, .damping = 0.3});
  const auto found = nwm::modes(drum.mask(), drum.physics(), {.count = 8});
  std::vector<double> expected;
  for (std::size_t m = 1; m <= 9; ++m)
    for (std::size_t n = 1; n <= 9; ++n)
      expected.push_back(nwm::rectangle_frequency(2.5, 6, drum.physics(), m, n));
  std::sort(expected.begin(), expected.end());
  for (std::size_t k = 0; k < 8; ++k) BOOST_TEST(found.frequency(k) == expected[k], tolerance(1e-9));

  const nwm::drum::Physics fine{.dt = 1e-4, .spacing = 1e-3};
  BOOST_TEST(nwm::rectangle_frequency(3, 4, fine) == 5.0 / 24, tolerance(1e-6));
  BOOST_TEST(nwm::rectangle_frequency(3, INFINITY, fine) == 1.0 / 6, tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(what_is_no_bar_is_told) {
  const nwm::drum::Physics physics;
  BOOST_CHECK_EXCEPTION(nwm::rectangle_frequency(0, 4, physics), nwm::Error, about("side a"));
  BOOST_CHECK_EXCEPTION(nwm::rectangle_frequency(4, NAN, physics), nwm::Error, about("side b"));
  BOOST_CHECK_EXCEPTION(nwm::rectangle_frequency(4, 4, physics, 1, 0), nwm::Error, about("mode"));
  BOOST_CHECK_EXCEPTION(nwm::hear_bars<Drum>(8, {}), nwm::Error, about("lengths"));
  BOOST_CHECK_THROW(nwm::hear_bars<Drum>(8, std::array{70.0}), nwm::Error);
  BOOST_CHECK_THROW(nwm::hear_bars<Drum>(8, std::array{0.5}), nwm::Error);
  BOOST_CHECK_EXCEPTION(nwm::hear_bars<Drum>(8, std::array{12.0}, {.edge = nwm::drum::Boundary::reflecting}),
                        nwm::Error, about("edge"));
  BOOST_CHECK_EXCEPTION(nwm::drum::bars_picture({}), nwm::Error, about("bars"));
  auto bars = nwm::hear_bars<Drum>(8, std::array{12.0, 16.0}, {}, 2048);
  bars[1].width = 9;
  BOOST_CHECK_EXCEPTION(nwm::drum::bars_picture(bars), nwm::Error, about("width"));
  bars[1].width = 8, bars[1].spectrum.amplitude.clear();
  BOOST_CHECK_EXCEPTION(nwm::drum::bars_picture(bars), nwm::Error, about("bar"));
}
