// Spectra of known signals; the lowest tone, also of signals without one.
#define BOOST_TEST_MODULE spectrum
#define BOOST_TEST_DYN_LINK
#include "nwm/sound/spectrum.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "nwm/random.hpp"
#include "nwm/sound/tone.hpp"

namespace sound = nwm::sound;
using boost::test_tools::tolerance;
using sound::Window;

namespace {

constexpr double two_pi = 2 * std::numbers::pi;

auto about(std::string field) {
  return [field](const nwm::Error& e) { return e.field() == field; };
}
std::vector<double> sine(std::size_t n, double interval, double f, double amplitude, double phase = 0.3) {
  std::vector<double> x(n);
  for (std::size_t i = 0; i < n; ++i)
    x[i] = amplitude * std::sin(two_pi * f * interval * static_cast<double>(i) + phase);
  return x;
}
std::vector<double> sum(std::vector<double> a, const std::vector<double>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}
std::vector<double> noise(std::size_t n, std::uint64_t seed) {
  nwm::Random random(seed);
  std::vector<double> x(n);
  for (double& v : x)
    v = std::sqrt(-2 * std::log(1 - random.uniform())) * std::cos(two_pi * random.uniform());
  return x;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_transform_is_the_discrete_fourier_transform) {
  const auto x = noise(30, 1);
  const auto s = sound::spectrum(x, 0.5, {.window = Window::rectangular, .padding = 1});
  BOOST_REQUIRE(s.amplitude.size() == 16u);
  BOOST_TEST(s.frequency(15) == 1.0);  // half the sampling rate
  for (std::size_t k = 0; k < 16; ++k) {
    double re = 0, im = 0;
    for (std::size_t t = 0; t < 30; ++t) {
      const double angle = two_pi * static_cast<double>(k * t) / 30;
      re += x[t] * std::cos(angle), im += x[t] * std::sin(angle);
    }
    BOOST_TEST(std::abs(s.amplitude[k] - 2.0 / 30 * std::hypot(re, im)) < 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(a_sine_is_found_between_the_bins_with_its_amplitude) {
  const std::size_t n = 1000;
  const double interval = 0.25, bin = 1 / (interval * n);
  for (const auto& [window, share] :
       {std::pair{Window::rectangular, 0.06}, {Window::hann, 0.01}, {Window::blackman_harris, 0.002}})
    for (const double place : {37.0, 37.25, 37.5, 37.8}) {
      const auto all = sound::tones(
          sound::spectrum(sine(n, interval, place * bin, 3), interval, {.window = window, .padding = 4}));
      BOOST_REQUIRE(all.size() == 1u);
      BOOST_TEST(std::abs(all[0].frequency - place * bin) < share * bin);
      BOOST_TEST(all[0].amplitude == 3.0, tolerance(0.02));
    }
}

BOOST_AUTO_TEST_CASE(a_weak_tone_beside_a_loud_one_needs_a_window) {
  const double bin = 1.0 / 1024;
  const auto x = sum(sine(1024, 1, 40.3 * bin, 1), sine(1024, 1, 60.6 * bin, 3e-4));
  const auto heard = [&](Window w) { return sound::tones(sound::spectrum(x, 1, {.window = w})).size(); };
  BOOST_TEST(heard(Window::blackman_harris) == 2u);
  BOOST_TEST(heard(Window::rectangular) == 1u);  // never below its own sidelobes
  BOOST_TEST(heard(Window::hann) == 1u);
}

BOOST_AUTO_TEST_CASE(welch_averages_noise_and_keeps_the_tone) {
  const auto x = sum(noise(16384, 3), sine(16384, 1, 0.1, 0.5));
  const auto spread = [](const sound::Spectrum& s) {
    double mean = 0, square = 0, count = 0;
    for (std::size_t k = 0; k < s.amplitude.size(); ++k) {
      if (s.frequency(k) < 0.15) continue;
      mean += s.amplitude[k], square += s.amplitude[k] * s.amplitude[k], ++count;
    }
    mean /= count;
    return std::sqrt(square / count - mean * mean) / mean;
  };
  const auto whole = sound::spectrum(x, 1, {.padding = 1}),
             welch = sound::spectrum(x, 1, {.padding = 1, .segment = 512});
  BOOST_TEST(spread(whole) > 0.45);  // Rayleigh: 0.52
  BOOST_TEST(spread(welch) < 0.12);
  const auto loudest = [](const sound::Spectrum& s) {
    const auto all = sound::tones(s, {.threshold = 0.999});
    return all.at(0);
  };
  BOOST_TEST(std::abs(loudest(welch).frequency - 0.1) < 0.3 / 512);
  BOOST_TEST(loudest(welch).amplitude == 0.5, tolerance(0.1));
  const auto tone = sound::lowest_tone(welch, {.threshold = 0.7, .clearness = 3, .purity = 2, .form = 1});
  BOOST_REQUIRE(tone.has_value());
  BOOST_TEST(std::abs(tone->frequency - 0.1) < 0.3 / 512);
}

BOOST_AUTO_TEST_CASE(the_lowest_tone_is_the_lowest) {
  const auto x = sum(sine(2048, 0.5, 0.031, 0.01), sine(2048, 0.5, 0.2, 1));
  const auto tone = sound::lowest_tone(sound::spectrum(x, 0.5));
  BOOST_REQUIRE(tone.has_value());
  BOOST_TEST(tone->frequency == 0.031, tolerance(1e-4));
  // Other windows find the tone, too, when it is not below their own sidelobes.
  const auto loud = sum(sine(2048, 0.5, 0.031, 0.8), sine(2048, 0.5, 0.2, 1));
  for (const Window window : {Window::rectangular, Window::hann, Window::blackman_harris}) {
    const auto heard = sound::lowest_tone(sound::spectrum(loud, 0.5, {.window = window, .padding = 4}));
    BOOST_REQUIRE(heard.has_value());
    BOOST_TEST(heard->frequency == 0.031, tolerance(2e-3));
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_tone_is_not_named_one) {
  const auto named = [](const std::vector<double>& x) {
    return sound::lowest_tone(sound::spectrum(x, 1)).has_value();
  };
  BOOST_TEST(!named(std::vector<double>(512, 0.0)));  // silence
  BOOST_TEST(!named(std::vector<double>(512, 2.5)));  // an offset
  std::size_t from_noise = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) from_noise += named(noise(1024, seed)) ? 1 : 0;
  BOOST_TEST(from_noise == 0u);
  std::vector<double> decay(1024);
  for (std::size_t i = 0; i < decay.size(); ++i) decay[i] = std::exp(-0.02 * static_cast<double>(i));
  BOOST_TEST(!named(decay));
  // Two periods are too few to locate a tone, and the clear higher tone is not returned instead.
  BOOST_TEST(!named(sum(sine(1024, 1, 2.0 / 1024, 1), sine(1024, 1, 0.1, 1))));
  BOOST_TEST(named(sum(sine(1024, 1, 12.0 / 1024, 1), sine(1024, 1, 0.1, 1))));
  // Two tones too close to tell apart are not one; nor is there a lowest tone when half a period of a swing
  // lies below.
  BOOST_TEST(!named(sum(sine(1024, 1, 50.0 / 1024, 1), sine(1024, 1, 51.5 / 1024, 1))));
  BOOST_TEST(!named(sum(sine(1024, 1, 0.5 / 1024, 0.3), sine(1024, 1, 0.1, 1))));
}

BOOST_AUTO_TEST_CASE(bad_input_is_told) {
  const std::vector<double> x(100, 0.0);
  BOOST_CHECK_EXCEPTION(sound::spectrum(std::vector<double>(7), 1), nwm::Error, about("segment"));
  BOOST_CHECK_EXCEPTION(sound::spectrum(x, 1, {.segment = 101}), nwm::Error, about("segment"));
  BOOST_CHECK_EXCEPTION(sound::spectrum(x, 0), nwm::Error, about("interval"));
  BOOST_CHECK_EXCEPTION(sound::spectrum(x, 1, {.padding = 0}), nwm::Error, about("padding"));
  BOOST_CHECK_EXCEPTION(sound::spectrum(x, 1, {.overlap = 1}), nwm::Error, about("overlap"));
  std::vector<double> bad = x;
  bad[50] = NAN;
  BOOST_CHECK_EXCEPTION(sound::spectrum(bad, 1), nwm::Error, about("series"));
  sound::Ear ear(50, 1);
  BOOST_CHECK_EXCEPTION(ear(x), nwm::Error, about("series"));
}
