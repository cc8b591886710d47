// Spectra of series and the nearest-spectrum rule. The report on a trained machine: trained_network_test.cpp.
#define BOOST_TEST_MODULE network_report
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/random.hpp"
#include "nwm/report/nearest_spectrum.hpp"
#include "nwm/report/network_waves.hpp"
#include "nwm/report/network_weights.hpp"

namespace report = nwm::report;
namespace plot = nwm::plot;

namespace {

auto about(std::string field) {
  return [field](const nwm::Error& e) { return e.field() == field; };
}

}  // namespace

BOOST_AUTO_TEST_CASE(magnitudes_are_those_of_the_discrete_fourier_transform) {
  const plot::SeriesShape shape{7, 2, 2, 3};
  nwm::Random random(1);
  std::vector<float> series(shape.size());
  for (float& x : series) x = static_cast<float>(random.uniform(-1, 1));
  const report::SeriesSpectra spectra(shape);
  const auto m = spectra(series);
  for (std::size_t k = 0; k < 4; ++k)
    for (std::size_t i = 0; i < shape.state(); ++i) {
      double re = 0, im = 0;
      for (std::size_t t = 0; t < 7; ++t) {
        const double angle = 2 * std::numbers::pi * static_cast<double>(k * t) / 7;
        re += static_cast<double>(series[t * shape.state() + i]) * std::cos(angle);
        im += static_cast<double>(series[t * shape.state() + i]) * std::sin(angle);
      }
      BOOST_TEST(std::abs(static_cast<double>(m[k * shape.state() + i]) - std::hypot(re, im)) < 1e-5);
    }
  BOOST_CHECK_EXCEPTION(spectra(std::vector<float>(5)), nwm::Error, about("series"));
}

BOOST_AUTO_TEST_CASE(confusion_counts) {
  report::Confusion c(3);
  for (int i = 0; i < 6; ++i) c.add(0, 0);
  c.add(0, 1), c.add(0, 2), c.add(1, 1), c.add(1, 0);
  BOOST_TEST(c.recall(0) == 0.75);
  BOOST_TEST(c.recall(1) == 0.5);
  BOOST_TEST(std::isnan(c.recall(2)));
  BOOST_TEST(c.accuracy() == 0.7);
  BOOST_TEST(c.accuracy(1) == 0.5);
  BOOST_TEST(c.balanced() == 0.625);
  BOOST_CHECK_EXCEPTION(c.add(0, 3), nwm::Error, about("class"));  // the place of (1, 0)
  BOOST_CHECK_EXCEPTION(c.count(3, 0), nwm::Error, about("class"));
  BOOST_TEST(c.count(1, 0) == 1u);
}

BOOST_AUTO_TEST_CASE(classes_of_different_tones_are_told_apart_whatever_their_phase_and_not_those_alike) {
  // Class k oscillates with k + 2 cycles in 40 steps; phase and noise are random.
  const plot::SeriesShape shape{40, 1, 8, 8};
  const auto make = [&](std::uint64_t seed, bool different) {
    nwm::Random random(seed);
    std::pair<std::vector<float>, std::vector<std::uint8_t>> image{std::vector<float>(shape.size()),
                                                                   std::vector<std::uint8_t>(64)};
    for (std::size_t p = 0; p < 64; ++p) {
      const std::size_t label = random.below(3);
      image.second[p] = static_cast<std::uint8_t>(label);
      const double cycles = different ? static_cast<double>(label) + 2 : 3, phase = random.uniform(0, 6.3);
      for (std::size_t t = 0; t < 40; ++t)
        image.first[t * 64 + p] =
            static_cast<float>(std::sin(2 * std::numbers::pi * cycles * static_cast<double>(t) / 40 + phase) +
                               random.uniform(-0.3, 0.3));
    }
    return image;
  };
  for (const bool different : {true, false}) {
    report::NearestSpectrum rule(shape, 3);
    report::Confusion pixels(3), regions(3);
    const auto first = make(99, different);
    BOOST_CHECK_EXCEPTION(rule.judge(first.first, first.second, pixels, regions), nwm::Error,
                          about("images"));
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const auto image = make(seed, different);
      rule.learn(image.first, image.second);
    }
    for (std::uint64_t seed = 20; seed < 30; ++seed) {
      const auto image = make(seed, different);
      rule.judge(image.first, image.second, pixels, regions);
    }
    if (different) {
      BOOST_TEST(pixels.accuracy() > 0.99);
      BOOST_TEST(regions.accuracy() == 1.0);
    } else {
      BOOST_TEST(pixels.accuracy() < 0.5);
    }
    std::vector<std::uint8_t> wrong(64, 3);
    BOOST_CHECK_EXCEPTION(rule.learn(first.first, wrong), nwm::Error, about("label"));
  }
}

BOOST_AUTO_TEST_CASE(rows_that_are_fourier_modes_are_recognised) {
  const std::size_t rows = 11, steps = 20;
  std::vector<float> modes(rows * steps), noise(rows * steps);
  nwm::Random random(3);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t t = 0; t < steps; ++t) {
      modes[r * steps + t] = static_cast<float>(
          std::cos(2 * std::numbers::pi * static_cast<double>(r * t) / static_cast<double>(steps)));
      noise[r * steps + t] = static_cast<float>(random.uniform(-1, 1));
    }
  const auto pure = report::detail::row_spectra(modes, rows, steps),
             random_ = report::detail::row_spectra(noise, rows, steps);
  for (std::size_t r = 0; r < rows; ++r) {
    BOOST_TEST(pure.strongest[r] == r);
    BOOST_TEST(pure.share[r] > 0.999);
  }
  BOOST_TEST(report::detail::median(random_.share) < 0.7);
}

BOOST_AUTO_TEST_CASE(a_report_says_no_waves_where_there_are_none) {
  const auto page_of = [](double crossings, double flow) {
    nwm::analysis::WaveFigures f{.shapes = {.neurons = 8, .crossings = crossings, .monotone = 0},
                                 .classes = {0, 1},
                                 .peak_bins = {3, 2},
                                 .least_distance = 0.21,
                                 .mean_distance = 0.34,
                                 .flow = {.moving = 0.2, .flow = flow, .surrogates = {0.25, 0.15}}};
    report::Page page("t", "l");
    report::add_wave_figures(page, f, {.names = {"ground", "square"}});
    return page.str();
  };
  const auto says = [](const std::string& html, const char* text) {
    return html.find(text) != std::string::npos;
  };
  const std::string waves = page_of(6, 0.4), swings = page_of(6, 0.2), drifts = page_of(0, 0.4);
  BOOST_TEST(says(waves, "<p>Waves."));
  BOOST_TEST(says(swings, "<p>It swings, but it is not shown"));
  BOOST_TEST(says(drifts, "<p>No waves."));
  BOOST_TEST(!says(drifts, "<p>Waves."));
  for (const char* figure : {"ground 3, square 2", "0.21, 0.34", "20 %", "0.2 (chance 0.33)"})
    BOOST_TEST(says(waves, figure), figure);
}
