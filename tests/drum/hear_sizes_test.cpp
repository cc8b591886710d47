// Hearing over all sizes of square and over three spacings: the slow part of its tests.
#define BOOST_TEST_MODULE hear_sizes
#define BOOST_TEST_DYN_LINK
#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include "nwm/drum/drum.hpp"
#include "nwm/drum/hear.hpp"

namespace mask = nwm::mask;
namespace sound = nwm::sound;
using Drum = nwm::Drum<nwm::Grid<64, 64>>;
using boost::test_tools::tolerance;

BOOST_AUTO_TEST_CASE(squares_of_8_to_56_are_heard_at_every_neuron) {
  for (std::size_t side = 8; side <= 56; side += 4)
    for (const auto how : {nwm::Strike::How::velocity, nwm::Strike::How::displacement})
      BOOST_TEST_CONTEXT("side " << side) {
        Drum drum(mask::square(static_cast<double>(side)), {.wave_speed = 1, .dt = 0.5f});
        const std::size_t corner = drum.mask().sites()[0];
        const nwm::Site at{corner / 64 + side / 3, corner % 64 + side / 4};
        const auto heard = nwm::hear_area(drum.strike(at, {.how = how}).run(4096));
        const double truth = static_cast<double>(side * side);
        // The fundamental has no nodal line inside, so every neuron hears it.
        BOOST_TEST(heard.heard == (side - 1) * (side - 1));
        double worst = 0;
        for (const double area : heard.area) worst = std::max(worst, std::abs(area / truth - 1));
        BOOST_TEST(worst < 0.01);
        BOOST_TEST(heard.median == truth, tolerance(0.001));
        // The textbook ignores the lattice: f² is too small by (πh/L)²/12 through space and too large by (ω
        // dt)²/12 through time, here half of the former.
        const double x = std::numbers::pi / static_cast<double>(side);
        BOOST_TEST(std::abs(heard.textbook_median / truth - 1 - x * x / 24) < 1e-4 + 0.03 * x * x / 24);
      }
}

BOOST_AUTO_TEST_CASE(the_frequency_error_falls_with_the_square_of_the_spacing) {
  // A disc would converge with its staircase rim; a square's rim is on sites. Space and time are refined
  // together.
  std::vector<double> error;
  for (const std::size_t n : std::array<std::size_t, 3>{8, 16, 32}) {
    const double h = 1.0 / static_cast<double>(n), dt = 0.5 * h;
    nwm::Drum<nwm::Grid<64, 64>, nwm::DefaultBackend, double> drum(mask::square(static_cast<double>(n)),
                                                                   {.dt = dt, .spacing = h});
    const auto steps = static_cast<std::size_t>(std::lround(400 / dt));
    const auto series = drum.strike({31, 31}, {.width = static_cast<double>(n) / 8})
                            .run(steps, {.probes = {{31, 31}}})
                            .series(0);
    const auto tone = sound::lowest_tone(sound::spectrum(series, dt, {.padding = 4}));
    BOOST_REQUIRE(tone.has_value());
    error.push_back(std::abs(tone->frequency - std::numbers::sqrt2 / 2));
  }
  for (std::size_t i = 0; i + 1 < error.size(); ++i) {
    const double order = std::log2(error[i] / error[i + 1]);
    BOOST_TEST(order > 1.9);
    BOOST_TEST(order < 2.1);
  }
}
