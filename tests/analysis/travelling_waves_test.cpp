// The measures of travelling waves on waves with a known answer: plane, standing, meeting, running apart,
// none.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE analysis_travelling_waves

#include "nwm/analysis/travelling_waves.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numbers>
#include <vector>

#include "nwm/analysis/swing.hpp"
#include "nwm/analysis/wave_figures.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/model/wave_machine.hpp"

namespace {

using namespace nwm::analysis;
constexpr double pi = std::numbers::pi;

/// y(t, row, column) of one channel over a grid, on a torus.
Recording series(std::size_t steps, std::size_t height, std::size_t width,
                 const std::function<double(double, double, double)>& y) {
  Recording r{{}, steps, 1, height, width, true};
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t p = 0; p < height * width; ++p)
      r.values.push_back(static_cast<float>(
          y(static_cast<double>(t), static_cast<double>(p / width), static_cast<double>(p % width))));
  return r;
}

/// forward · cos(k·x − ωt) + backward · cos(k·x + ωt), `down` and `right` wavelengths over the grid.
Recording waves(std::size_t steps, std::size_t height, std::size_t width, double down, double right,
                double omega, double forward, double backward) {
  const double ky = 2 * pi * down / static_cast<double>(height);
  const double kx = 2 * pi * right / static_cast<double>(width);
  return series(steps, height, width, [=](double t, double y, double x) {
    return forward * std::cos(ky * y + kx * x - omega * t) + backward * std::cos(ky * y + kx * x + omega * t);
  });
}

Recording noise(std::size_t steps, std::size_t height, std::size_t width, std::uint64_t seed) {
  nwm::Random random(seed);
  return series(steps, height, width, [&](double, double, double) {
    return std::sqrt(-2 * std::log(1 - random.uniform())) * std::cos(2 * pi * random.uniform());
  });
}

Recording sum(Recording a, const Recording& b, float share = 1) {
  for (std::size_t i = 0; i < a.values.size(); ++i) a.values[i] += share * b.values[i];
  return a;
}

/// Puts the channels of two series of one channel each behind one another.
Recording joined(const Recording& a, const Recording& b) {
  Recording r = a;
  r.channels = 2;
  r.values.clear();
  const auto n = static_cast<std::ptrdiff_t>(a.height * a.width);
  for (std::ptrdiff_t t = 0; t < static_cast<std::ptrdiff_t>(a.steps); ++t)
    for (const Recording* from : {&a, &b})
      r.values.insert(r.values.end(), from->values.begin() + t * n, from->values.begin() + (t + 1) * n);
  return r;
}

void near(double found, double expected, double tolerance) {
  BOOST_TEST(std::abs(found - expected) <= tolerance, found << " is not " << expected << " to " << tolerance);
}

const std::vector<std::pair<double, double>> wave_vectors{{0, 3}, {0, -3}, {2, 0}, {-2, 0}, {2, 3}, {-1, 4}};

}  // namespace

BOOST_AUTO_TEST_CASE(plane_waves_have_their_direction_and_speed) {
  // A grid that is not square, odd and even; frequencies with and without a whole number of periods.
  for (const auto& [down, right] : wave_vectors)
    for (const double periods : {6.0, 6.4}) {
      const double omega = 2 * pi * periods / 50;
      const Recording r = waves(50, 15, 24, down, right, omega, 1, 0);
      const double ky = 2 * pi * down / 15, kx = 2 * pi * right / 24, k = std::hypot(ky, kx);
      BOOST_TEST_CONTEXT("down " << down << ", right " << right << ", " << periods << " periods") {
        const SpaceTimeSpectrum s = space_time_spectrum(r.view());
        near(s.directed, 1, 0.003);
        near(s.moving, 1, 0.02);
        near(s.down, ky / k, 0.01);
        near(s.right, kx / k, 0.01);
        near(s.speed, omega / k, 0.01 * omega / k);
        const PhaseWaves p = phase_waves(r.view());
        near(p.directionality, 1, 0.01);
        near(p.plane, 1, 0.01);
        near(p.frequency, omega, 0.02 * omega);
        near(p.speed, omega / k, 0.02 * omega / k);
        for (std::size_t i = 0; i < 15 * 24; ++i) {
          near(p.down[i], ky / k, 0.03);
          near(p.right[i], kx / k, 0.03);
          near(p.strength[i], 1, 0.03);
        }
      }
    }
}

BOOST_AUTO_TEST_CASE(all_power_of_a_plane_wave_lies_at_its_frequency_and_wave_vector) {
  const SpaceTimeSpectrum s = space_time_spectrum(waves(40, 12, 16, -2, 3, 2 * pi * 5 / 40, 1, 0).view(), 0);
  BOOST_TEST(s.bins == 19u);
  const auto most = std::ranges::max_element(s.power) - s.power.begin();
  BOOST_TEST(most == (4 * 12 + (6 - 2)) * 16 + (8 + 3));
  double elsewhere = 0, all = 0;
  for (std::size_t i = 0; i < s.power.size(); ++i) {
    const std::size_t b = i / (12 * 16);
    const bool there = i % (12 * 16) == (6 - 2) * 16 + 8 + 3 && b >= 3 && b <= 5;  // the window's three bins
    (there ? all : elsewhere) += s.power[i];
  }
  BOOST_TEST(elsewhere < 1e-9 * all);
  const std::vector<double> direction = s.by_direction(), columns = s.along_columns();
  BOOST_TEST(direction.size() == 12u * 16u);
  near(direction[4 * 16 + 11], all, 1e-6 * all);
  near(columns[4 * 16 + 11], s.power[static_cast<std::size_t>(most)], 1e-6 * all);
}

BOOST_AUTO_TEST_CASE(standing_waves_have_no_direction) {
  for (const auto& [down, right] : wave_vectors)
    for (const double periods : {6.0, 6.4}) {
      const Recording r = waves(50, 15, 24, down, right, 2 * pi * periods / 50, 0.7, 0.7);
      const TravellingWaves w = travelling_waves(r.view());
      near(w.moving, 1, 0.02);  // moves, but in no direction
      near(w.directed, 0, 1e-5);
      near(w.directionality, 0, 1e-3);
      near(w.plane, 0, 1e-3);
    }
}

// a cos(kx − ωt) + b cos(kx + ωt): the spectrum's direction is (a² − b²)/(a² + b²). The analytic signal is
// a exp(−iθ) + b exp(iθ), θ = kx, so that J is (a² − b²) k everywhere and |z||∇z| = |a² exp(−2iθ) − b²
// exp(2iθ)| k.
BOOST_AUTO_TEST_CASE(waves_that_meet_lie_between) {
  double last = 1.001;
  for (const double b : {0.0, 0.2, 0.5, 0.8, 1.0}) {
    const TravellingWaves w = travelling_waves(waves(60, 8, 24, 0, 2, 2 * pi * 8 / 60, 1, b).view());
    near(w.directed, (1 - b * b) / (1 + b * b), 1e-3);
    double bound = 0;
    for (int i = 0; i < 24; ++i)
      bound += std::abs(std::polar(1.0, -pi * i / 3) - std::polar(b * b, pi * i / 3));
    near(w.directionality, (1 - b * b) / (bound / 24), 0.01);
    BOOST_TEST(w.directionality < last);
    last = w.directionality;
  }
}

BOOST_AUTO_TEST_CASE(waves_that_run_apart_are_seen_by_neighbourhoods_only) {
  Recording r = series(60, 33, 33, [](double t, double y, double x) {
    const double radius = std::hypot(y - 16, x - 16);
    return std::cos(0.8 * radius - 0.6 * t) / (1 + 0.1 * radius);
  });
  r.torus = false;
  const SpaceTimeSpectrum s = space_time_spectrum(r.view());
  const PhaseWaves p = phase_waves(r.view());
  near(s.directed, 0, 1e-4);
  near(std::hypot(s.down, s.right), 0, 1e-4);
  near(p.plane, 0, 0.02);
  BOOST_TEST(p.directionality > 0.85);
  near(p.speed, 0.75, 0.05);
  // Away from the middle, each site runs outwards.
  for (std::size_t i = 0; i < 33 * 33; ++i) {
    const double y = static_cast<double>(i / 33) - 16, x = static_cast<double>(i % 33) - 16;
    if (std::hypot(y, x) > 4) BOOST_TEST((p.down[i] * y + p.right[i] * x) / std::hypot(y, x) > 0.8);
  }
  // A smaller neighbourhood holds fewer directions, a larger one more.
  BOOST_TEST(phase_waves(r.view(), {.neighbourhood = 1}).directionality > p.directionality);
  BOOST_TEST(phase_waves(r.view(), {.neighbourhood = 15}).directionality < p.directionality);
}

BOOST_AUTO_TEST_CASE(a_neighbourhood_as_large_as_the_grid_is_the_plane_measure) {
  for (const std::uint64_t seed : {1u, 2u}) {
    const PhaseWaves p = phase_waves(noise(30, 9, 9, seed).view(), {.neighbourhood = 99});
    near(p.directionality, p.plane, 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(still_pictures_and_uniform_beats_do_not_move) {
  const Recording still = series(30, 9, 9, [](double, double y, double x) { return 3 + std::sin(y) * x; });
  const Recording beat = series(30, 9, 9, [](double t, double, double) { return 3 + std::sin(t); });
  const Recording zero = series(30, 9, 9, [](double, double, double) { return 0.0; });
  for (const Recording& r : {still, beat, zero, sum(still, beat)}) {
    const TravellingWaves w = travelling_waves(r.view());
    near(w.moving, 0, 1e-10);
    for (const double v : {w.directed, w.directionality, w.plane, w.spectral_speed, w.phase_speed})
      BOOST_TEST(v == 0);
  }
  // A still picture and a common beat, added to a wave, hide neither its direction nor its speed.
  const Recording wave = waves(50, 9, 18, 0, 2, 2 * pi * 5 / 50, 1, 0);
  const Recording both =
      sum(wave, series(50, 9, 18, [](double t, double y, double) { return 2 * std::sin(y) + std::sin(t); }));
  const TravellingWaves w = travelling_waves(both.view());
  near(w.directed, 1, 0.01);
  near(w.directionality, 1, 0.02);
  near(w.phase_speed, 0.9, 0.02);
  near(w.moving, 0.5 / (0.5 + 4 * 0.5 + 0.5), 0.03);
}

// Each neuron drifts like t² in its own way, twenty times higher than the wave it carries.
BOOST_AUTO_TEST_CASE(drift_does_not_hide_waves) {
  const Recording wave = waves(50, 9, 18, 0, 2, 2 * pi * 5 / 50, 1, 0);
  nwm::Random random(5);
  std::vector<double> drift(2 * 9 * 18);
  for (double& d : drift) d = random.uniform(-20, 20);
  const Recording both = sum(wave, series(50, 9, 18, [&](double t, double y, double x) {
                               const auto p = static_cast<std::size_t>(y * 18 + x);
                               return drift[p] * t * t / 2500 + drift[162 + p] * t / 50;
                             }));
  const TravellingWaves w = travelling_waves(both.view()), raw = travelling_waves(both.view(), {.trend = 0});
  near(w.directed, 1, 0.01);
  near(w.directionality, 1, 0.02);
  near(w.phase_speed, 0.9, 0.02);
  BOOST_TEST(w.moving < 0.05);
  BOOST_TEST(raw.directed < 0.5);
  BOOST_TEST(raw.directionality < 0.5);

  // Drift alone does not count as moving, unless its order is higher than the removed one.
  const Recording cubic = series(50, 9, 18, [&](double t, double y, double x) {
    return drift[static_cast<std::size_t>(y * 18 + x)] * t * t * t;
  });
  near(travelling_waves(cubic.view(), {.trend = 3}).moving, 0, 1e-10);
  BOOST_TEST(travelling_waves(cubic.view()).moving > 1e-3);
  BOOST_TEST(travelling_waves(cubic.view()).directed < 1e-6);
}

BOOST_AUTO_TEST_CASE(channels_that_run_against_each_other_both_count) {
  const Recording right = waves(50, 9, 18, 0, 2, 2 * pi * 5 / 50, 1, 0),
                  left = waves(50, 9, 18, 0, -2, 2 * pi * 5 / 50, 1, 0);
  const Recording both = joined(right, left);
  const SpaceTimeSpectrum s = space_time_spectrum(both.view());
  const PhaseWaves p = phase_waves(both.view());
  near(s.directed, 1, 0.003);
  near(s.right, 0, 1e-3);
  near(p.directionality, 1, 0.01);
  for (const double v : p.right) near(v, 0, 1e-3);
}

// The documentation's noise levels, over many draws: a wave must rise above them.
BOOST_AUTO_TEST_CASE(noise_has_the_level_the_documentation_gives) {
  for (const std::size_t steps : {20u, 64u}) {
    double directed = 0, directionality = 0, plane = 0, most = 0;
    constexpr std::size_t draws = 12;
    for (std::size_t seed = 0; seed < draws; ++seed) {
      const TravellingWaves w = travelling_waves(noise(steps, 16, 16, seed).view());
      directed += w.directed / draws, directionality += w.directionality / draws, plane += w.plane / draws;
      most = std::max(most, w.directionality);
    }
    near(directed, 1.1 / std::sqrt(static_cast<double>(steps)), 0.1 / std::sqrt(static_cast<double>(steps)));
    near(directionality, 0.19, 0.02);
    BOOST_TEST(most < 0.23);
    BOOST_TEST(plane < 0.08);
  }
  double tone = 0;
  for (const std::uint64_t seed : {1u, 2u, 3u, 4u})
    tone += space_time_spectrum(shuffled(waves(64, 16, 16, 1, 1, 1, 1, 0).view(), seed).view()).directed / 4;
  near(tone, 0.5, 0.03);
}

BOOST_AUTO_TEST_CASE(a_wave_in_noise_rises_above_its_shuffled_self) {
  double last = -1;
  for (const float share : {3.0f, 1.0f, 0.3f}) {
    const Recording r = sum(waves(64, 16, 16, 1, 1, 2 * pi * 9 / 64, 1, 0), noise(64, 16, 16, 7), share);
    const TravellingWaves w = travelling_waves(r.view()),
                          null = travelling_waves(shuffled(r.view(), 3).view());
    BOOST_TEST(w.directed > last);
    last = w.directed;
    if (share > 1) continue;
    BOOST_TEST(w.directed > 1.5 * null.directed);
    BOOST_TEST(w.directionality > 1.5 * null.directionality);
    near(null.moving, w.moving, 0.1);
  }
  BOOST_TEST(last > 0.8);
}

BOOST_AUTO_TEST_CASE(shuffling_moves_sites_and_keeps_their_courses) {
  const Recording r = joined(noise(9, 4, 5, 1), noise(9, 4, 5, 2));
  const Recording s = shuffled(r.view(), 4);
  BOOST_TEST((s.values != r.values));
  BOOST_TEST((s.values == shuffled(r.view(), 4).values));
  const auto courses = [](const Recording& x, std::size_t c) {
    std::vector<std::vector<float>> all(20);
    for (std::size_t p = 0; p < 20; ++p)
      for (std::size_t t = 0; t < 9; ++t) all[p].push_back(x.values[(t * 2 + c) * 20 + p]);
    std::ranges::sort(all);
    return all;
  };
  for (const std::size_t c : {0u, 1u}) BOOST_TEST((courses(r, c) == courses(s, c)));
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_told) {
  const Recording good = noise(10, 4, 5, 1);
  const auto fails = [&](auto change, const char* field) {
    Recording r = good;
    PhaseOptions options;
    change(r, options);
    const auto names = [&](const nwm::Error& e) { return e.field() == field; };
    BOOST_CHECK_EXCEPTION(phase_waves(r.view(), options), nwm::Error, names);
    if (std::string(field) == "series")
      BOOST_CHECK_EXCEPTION(space_time_spectrum(r.view()), nwm::Error, names);
  };
  fails([](Recording& r, PhaseOptions&) { r.values.pop_back(); }, "series");
  fails([](Recording& r, PhaseOptions&) { r.values[3] = NAN; }, "series");
  fails([](Recording& r, PhaseOptions&) { r.steps = 7, r.values.resize(7 * 20); }, "series");
  fails([](Recording& r, PhaseOptions&) { r.width = 2, r.height = 10; }, "series");
  fails([](Recording&, PhaseOptions& o) { o.neighbourhood = 4; }, "neighbourhood");
  fails([](Recording&, PhaseOptions& o) { o.trim = 0.5; }, "trim");
  fails([](Recording&, PhaseOptions& o) { o.trim = NAN; }, "trim");
  fails([](Recording&, PhaseOptions& o) { o.trend = 3; }, "trend");
}

BOOST_AUTO_TEST_CASE(machines_are_measured_over_images_of_a_set) {
  constexpr nwm::Shape shape{
      .height = 9, .width = 11, .oscillators = 2, .steps = 12, .classes = 2, .encoder_width = 2};
  using Machine =
      nwm::WaveMachine<shape, nwm::readout::Linear, nwm::head::Hidden<4>, nwm::cell::Lstm, nwm::cpu::Scalar>;
  const Machine machine({.seed = 2});
  nwm::Random random(4);
  nwm::data::Dataset::Floats pixels(3 * 9 * 11);
  for (float& v : pixels) v = static_cast<float>(random.uniform());
  const nwm::data::Dataset set({3, 1, 9, 11}, pixels, nwm::data::Dataset::Bytes(pixels.size()));
  const Recording r = record(machine, set, 1);
  BOOST_TEST(r.values.size() == 12u * 2u * 99u);
  BOOST_TEST(r.torus);
  BOOST_CHECK_THROW(record(machine, set, 3), nwm::Error);

  const MachineWaves two = travelling_waves(machine, set, {.images = 2});
  const TravellingWaves first = travelling_waves(record(machine, set, 0).view()),
                        second = travelling_waves(r.view());
  near(two.waves.directed, (first.directed + second.directed) / 2, 1e-12);
  near(two.waves.directionality, (first.directionality + second.directionality) / 2, 1e-12);
  near(two.shuffled.plane, 0, 0.5);
  const MachineWaves all = travelling_waves(machine, set);
  BOOST_TEST(all.waves.directed != two.waves.directed);
  BOOST_CHECK_THROW(travelling_waves(machine, set, {.images = 0}), nwm::Error);
}

namespace {
OneWayFlow flow(const Recording& r, std::uint64_t seed = 0) {
  FlowMeter meter({.seed = seed});
  meter.add(r.view());
  return meter.result();
}

/// Every neuron of a pattern that stands, at a pitch of its own: eight modes with phases drawn once.
Recording standing_noise(std::uint64_t seed) {
  nwm::Random random(seed);
  Recording r = waves(40, 16, 16, 0, 0, 0, 0, 0);
  for (int mode = 0; mode < 8; ++mode) {
    const double down = static_cast<double>(random.below(4)),
                 right = 1 + static_cast<double>(random.below(3));
    const double omega = 2 * pi * (3 + mode) / 40, amplitude = random.uniform(0.5, 1),
                 phase = random.uniform(0, 6);
    r = sum(r, series(40, 16, 16, [=](double t, double y, double x) {
              return amplitude * std::cos(2 * pi * (down * y + right * x) / 16 + phase) *
                     std::cos(omega * t + 2 * phase);
            }));
  }
  return r;
}
}  // namespace

// Travelling waves flow one way more than every surrogate does: plane ones, and those that run apart.
BOOST_AUTO_TEST_CASE(travelling_waves_flow_one_way_more_than_their_surrogates) {
  for (const auto& [down, right] : wave_vectors) {
    const OneWayFlow f = flow(waves(40, 15, 24, down, right, 2 * pi * 5.3 / 40, 1, 0));
    near(f.flow, 1, 0.01);
    BOOST_TEST(f.moving > 0.95);
    BOOST_TEST(f.surrogates.size() == 19u);
    BOOST_TEST(*std::ranges::max_element(f.surrogates) < 0.4);
    near(f.chance(), 1.0 / 20, 1e-12);
  }
  Recording rings = series(40, 33, 33, [](double t, double y, double x) {
    const double radius = std::hypot(y - 16, x - 16);
    return std::cos(0.8 * radius - 0.8 * t) / (1 + 0.1 * radius);
  });
  rings.torus = false;
  const OneWayFlow f = flow(rings);
  BOOST_TEST(f.flow > 0.85);
  BOOST_TEST(f.flow > 1.5 * *std::ranges::max_element(f.surrogates));
  // Two waves that meet: (a² − b²)/(a² + b²) of the flow where the bound is |z||∇z|, as for one series.
  BOOST_TEST(flow(waves(40, 15, 24, 0, 3, 2 * pi * 5 / 40, 1, 0.5)).flow < 0.8);
  BOOST_TEST(flow(waves(40, 15, 24, 0, 3, 2 * pi * 5 / 40, 1, 0.5)).flow > 0.5);
}

// What does not travel does not pass for waves: drift, a standing pattern, standing noise, strangers, noise.
BOOST_AUTO_TEST_CASE(what_does_not_travel_is_not_above_its_surrogates) {
  const auto travels = [](const OneWayFlow& f) {
    WaveFigures figures{.flow = f};
    return figures.travels();
  };
  BOOST_TEST(travels(flow(waves(40, 16, 16, 1, 2, 2 * pi * 5 / 40, 1, 0.3))));
  const Recording drift = series(40, 16, 16, [](double t, double y, double x) {
    const double rate = 0.02 + 0.01 * std::sin(2 * pi * x / 16), size = 1 + 0.5 * std::cos(2 * pi * y / 16);
    return size * (t * t / 1600 + std::exp(rate * t));
  });
  const OneWayFlow drifting = flow(drift);
  BOOST_TEST(drifting.moving < 0.05);
  BOOST_TEST(!travels(drifting));
  const OneWayFlow standing = flow(waves(40, 16, 16, 1, 2, 2 * pi * 5 / 40, 0.7, 0.7));
  near(standing.flow, 0, 1e-6);
  BOOST_TEST(!travels(standing));
  std::array<int, 3> passed{};
  constexpr int draws = 12;
  for (std::uint64_t seed = 1; seed <= draws; ++seed) {
    passed[0] += travels(flow(standing_noise(seed), seed));
    passed[1] += travels(flow(shuffled(waves(40, 16, 16, 1, 2, 2 * pi * 5 / 40, 1, 0).view(), seed), seed));
    passed[2] += travels(flow(noise(40, 16, 16, seed), seed));
  }
  // They are like their surrogates: one in twenty passes by chance.
  BOOST_TEST(passed[0] <= 3);
  BOOST_TEST(passed[1] <= 3);
  BOOST_TEST(passed[2] <= 3);
  double mean = 0;
  for (std::uint64_t seed = 1; seed <= draws; ++seed)
    mean += flow(noise(40, 16, 16, seed), seed).chance() / draws;
  near(mean, 0.5, 0.25);
}

BOOST_AUTO_TEST_CASE(the_channel_that_shows_waves_is_the_one_in_which_they_travel) {
  const Recording wave = waves(40, 16, 16, 1, 2, 2 * pi * 5 / 40, 1, 0),
                  standing = waves(40, 16, 16, 1, 2, 2 * pi * 5 / 40, 3, 3);
  const Recording first = joined(wave, standing), second = joined(standing, wave);
  BOOST_TEST(waviest_channel(std::array{first.view(), first.view()}) == 0u);
  BOOST_TEST(waviest_channel(std::array{second.view()}) == 1u);
  BOOST_CHECK_THROW((void)waviest_channel({}), nwm::Error);
  BOOST_CHECK_THROW((void)waviest_channel(std::array{first.view(), wave.view()}), nwm::Error);
  BOOST_CHECK_THROW(FlowMeter().add(wave.view(), 1), nwm::Error);
}

BOOST_AUTO_TEST_CASE(swinging_and_drifting_neurons_are_told_apart) {
  // Three columns of neurons: five half-turns, a fall through 0, a rest at 0. Rows alike.
  const Recording r = series(20, 3, 3, [](double t, double, double x) {
    return x == 0 ? std::cos(2 * pi * t / 8 + 0.1) : x == 1 ? 9.5 - t : 0.0;
  });
  const auto of = [&](std::vector<std::uint8_t> counted) {
    OscillationCounter counter;
    counter.add(r.view(), counted);
    return counter.result();
  };
  const Oscillation swing = of({1, 0, 0, 1, 0, 0, 0, 0, 0}), fall = of({0, 1, 0, 0, 0, 0, 0, 0, 0}),
                    both = of({1, 1, 0, 1, 1, 0, 0, 0, 0}), rest = of({0, 0, 1, 0, 0, 0, 0, 0, 0});
  BOOST_TEST(swing.neurons == 2u);
  BOOST_TEST(swing.crossings == 5);
  BOOST_TEST(swing.monotone == 0);
  BOOST_TEST(fall.crossings == 1);
  BOOST_TEST(fall.monotone == 1);
  BOOST_TEST(both.crossings == 3);  // between 1 and 5
  BOOST_TEST(both.monotone == 0.5);
  BOOST_TEST(rest.crossings == 0);
  BOOST_TEST(rest.monotone == 1);
  BOOST_TEST(of(std::vector<std::uint8_t>(9)).neurons == 0u);
  // A touch of 0 is no crossing, a stay there counts once.
  const Recording touch = series(8, 3, 3, [](double t, double, double) {
    return std::array{1.0, 0.0, 1.0, 0.0, 0.0, -1.0, 0.0, -1.0}[static_cast<std::size_t>(t)];
  });
  OscillationCounter counter;
  counter.add(touch.view(), std::vector<std::uint8_t>(9, 1));
  BOOST_TEST(counter.result().crossings == 1);
  BOOST_CHECK_THROW(counter.add(touch.view(), std::vector<std::uint8_t>(8)), nwm::Error);

  near(spectral_distance(std::vector{1.0, 1.0, 0.0}, std::vector{0.0, 2.0, 2.0}), 0.5, 1e-12);
  near(spectral_distance(std::vector{1.0, 3.0}, std::vector{10.0, 30.0}), 0, 1e-12);
  BOOST_CHECK_THROW((void)spectral_distance(std::vector{1.0}, std::vector{1.0, 2.0}), nwm::Error);
  BOOST_TEST(peak_bin(std::vector{1.0, 3.0, 3.0}) == 1u);
}

BOOST_AUTO_TEST_CASE(the_pitch_of_what_swings_is_its_own_and_not_that_of_its_drift) {
  // Two thirds of the sites swing at 6 of 60 cycles per step, with a third of the energy, the rest at 12. All
  // drift far beyond that.
  const Recording r = series(60, 3, 3, [](double t, double, double x) {
    const double drift = 40 + 3 * t - 0.2 * t * t;
    return drift + (x < 2 ? std::cos(2 * pi * t / 10) : 2 * std::cos(2 * pi * t / 5));
  });
  SwingMeter meter(60), slow(60), still(60);
  meter.add(r.view(), std::vector<std::uint8_t>(9, 1));
  const Swing all = meter.result();
  near(all.mean(), (0.1 + 2 * 0.2) / 3, 1e-3);
  near(all.quantile(0.2), 0.1, 0.02);
  near(all.quantile(0.6), 0.2, 0.02);
  slow.add(r.view(), std::vector<std::uint8_t>{1, 1, 0, 1, 1, 0, 1, 1, 0});
  near(slow.result().mean(), 0.1, 1e-3);

  std::vector<double> drift(60);
  for (std::size_t t = 0; t < 60; ++t) drift[t] = 7 + 0.5 * static_cast<double>(t * t);
  still.add(drift);
  BOOST_TEST(std::isnan(still.result().mean()));
  BOOST_TEST(std::isnan(still.result().quantile(0.5)));
  for (const double y : still.swing(drift)) near(y, 0, 1e-9);

  BOOST_CHECK_THROW(SwingMeter(3), nwm::Error);
  BOOST_CHECK_THROW(meter.add(std::vector<double>(59)), nwm::Error);
  BOOST_CHECK_THROW(meter.add(r.view(), std::vector<std::uint8_t>(8)), nwm::Error);
  BOOST_CHECK_THROW(SwingMeter(40).add(r.view(), std::vector<std::uint8_t>(9)), nwm::Error);
}

BOOST_AUTO_TEST_CASE(a_verdict_needs_crossings_turns_a_pitch_and_travel) {
  WaveFigures good{.shapes = {.neurons = 9, .crossings = 3, .monotone = 0},
                   .ground = {},
                   .classes = {0, 1},
                   .peak_bins = {2, 1},
                   .flow = {.moving = 0.2, .flow = 0.5, .surrogates = {0.3, 0.4}}};
  const auto verdict = [&](auto change) {
    WaveFigures f = good;
    change(f);
    return std::string(f.verdict());
  };
  BOOST_TEST(verdict([](WaveFigures&) {}) == "waves");
  BOOST_TEST(verdict([](WaveFigures& f) { f.shapes.crossings = 2.5; }) == "no waves");
  BOOST_TEST(verdict([](WaveFigures& f) { f.shapes.monotone = 0.01; }) == "no waves");
  BOOST_TEST(verdict([](WaveFigures& f) { f.peak_bins[1] = 0; }) == "no waves");
  BOOST_TEST(verdict([](WaveFigures& f) { f.flow.moving = 0.01; }) == "swings, but does not travel");
  BOOST_TEST(verdict([](WaveFigures& f) { f.flow.surrogates[1] = 0.5; }) == "swings, but does not travel");
}

BOOST_AUTO_TEST_CASE(a_machine_without_training_has_figures_of_its_own_recordings) {
  constexpr nwm::Shape shape{
      .height = 9, .width = 11, .oscillators = 2, .steps = 12, .classes = 2, .encoder_width = 2};
  using Machine =
      nwm::WaveMachine<shape, nwm::readout::Linear, nwm::head::Hidden<4>, nwm::cell::Lstm, nwm::cpu::Scalar>;
  const Machine machine({.seed = 2});
  nwm::Random random(4);
  nwm::data::Dataset::Floats pixels(3 * 9 * 11);
  for (float& v : pixels) v = static_cast<float>(random.uniform());
  nwm::data::Dataset::Bytes masks(3 * 9 * 11);
  for (std::size_t p = 0; p < masks.size(); ++p) masks[p] = p % 3 == 0;
  const nwm::data::Dataset set({3, 1, 9, 11}, pixels, masks);
  const WaveFigures found = wave_figures(machine, set, {.images = 2, .flow_images = 1});
  BOOST_TEST(found.shapes.neurons == 2u * 2 * 33);
  BOOST_TEST(found.ground.neurons == 2u * 2 * 66);
  BOOST_TEST(found.classes.size() == 2u);
  BOOST_TEST(found.least_distance > 0);
  near(found.least_distance, found.mean_distance, 1e-15);  // one pair
  FlowMeter meter;
  meter.add(record(machine, set, 0).view());
  BOOST_TEST(found.flow.flow == meter.result().flow);
  BOOST_TEST(found.text().find("with phases shuffled") != std::string::npos);
  BOOST_CHECK_THROW((void)wave_figures(machine, set, {.images = 0}), nwm::Error);
}
