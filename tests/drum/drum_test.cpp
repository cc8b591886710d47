// The wave on a drum: stability, energy, edges, strikes, and masks that are refused.
#define BOOST_TEST_MODULE drum
#define BOOST_TEST_DYN_LINK
#include "nwm/drum/drum.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"

namespace mask = nwm::mask;
using nwm::drum::Boundary;
using nwm::drum::Membrane;
using Small = nwm::Drum<nwm::Grid<32, 32>, nwm::DefaultBackend, double>;

namespace {

auto about(std::string field) {
  return [field](const nwm::Error& e) { return e.field() == field; };
}

/// Sets u to the mode (m, n) of a clamped square of `side` whose rim passes through (top, top), at rest.
template <class Drum>
void set_mode(Drum& drum, std::size_t side, std::size_t top, std::size_t m, std::size_t n) {
  for (const std::size_t i : drum.mask().sites()) {
    const auto part = [&](std::size_t k, std::size_t place) {
      return std::sin(std::numbers::pi * static_cast<double>(k * (place - top)) / static_cast<double>(side));
    };
    drum.waves().field(Membrane::u)[i] = static_cast<typename Drum::Real>(part(m, i / 32) * part(n, i % 32));
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_mode_of_the_square_swings_at_the_exact_frequency_of_the_grid) {
  for (const auto& [m, n] : {std::pair<std::size_t, std::size_t>{1, 1}, {2, 1}, {3, 5}, {11, 12}}) {
    Small drum(mask::square(20), {.wave_speed = 1.5, .dt = 0.2, .spacing = 0.7});
    set_mode(drum, 20, 5, m, n);
    const double c = 1.5, dt = 0.2, h = 0.7, courant = c * dt / h;
    const auto sine2 = [](std::size_t k) {
      const double s = std::sin(static_cast<double>(k) * std::numbers::pi / 40);
      return s * s;
    };
    const double w = 2 / dt * std::asin(courant * std::sqrt(sine2(m) + sine2(n)));
    const std::size_t site = 7 * 32 + 8;
    const double start = drum.waves().field(Membrane::u)[site];
    // u_0 given, v_0 = 0: u_t = u_0 cos(w (t + 1/2) dt) / cos(w dt/2).
    double worst = 0;
    const auto series = drum.run(2000, {.probes = {{7, 8}}}).series(0);
    for (std::size_t t = 0; t < series.size(); ++t)
      worst = std::max(worst, std::abs(series[t] - start * std::cos(w * dt * (static_cast<double>(t) + 1.5)) /
                                                       std::cos(w * dt / 2)));
    BOOST_TEST(worst < 1e-10);
    // The same frequency by the formulas used for hearing.
    const double lambda = 4 / (h * h) * (sine2(m) + sine2(n));
    BOOST_TEST(drum.physics().frequency(lambda) == w / (2 * std::numbers::pi),
               boost::test_tools::tolerance(1e-12));
    BOOST_TEST(drum.physics().eigenvalue(w / (2 * std::numbers::pi)) == lambda,
               boost::test_tools::tolerance(1e-10));
  }
}

BOOST_AUTO_TEST_CASE(a_damped_mode_decays_and_swings_as_its_formula_says) {
  const double dt = 0.3, alpha = 0.05;
  Small drum(mask::square(20), {.dt = dt, .damping = alpha});
  set_mode(drum, 20, 5, 1, 1);
  const double lambda = 8 * std::pow(std::sin(std::numbers::pi / 40), 2);
  const auto series = drum.run(500, {.probes = {{15, 15}}}).series(0);
  const double rho = std::sqrt(1 - dt * alpha),
               angle = 2 * std::numbers::pi * dt * drum.physics().frequency(lambda);
  // u_{t+1} = 2 rho cos(angle) u_t − rho² u_{t−1}.
  double worst = 0;
  for (std::size_t t = 1; t + 1 < series.size(); ++t)
    worst = std::max(
        worst, std::abs(series[t + 1] - 2 * rho * std::cos(angle) * series[t] + rho * rho * series[t - 1]));
  BOOST_TEST(worst < 1e-12);
  BOOST_TEST(drum.physics().eigenvalue(drum.physics().frequency(lambda)) == lambda,
             boost::test_tools::tolerance(1e-10));
}

BOOST_AUTO_TEST_CASE(backends_agree) {
  nwm::Drum<nwm::Grid<20, 23>, nwm::cpu::Scalar, double> slow(mask::disc(8));
  nwm::Drum<nwm::Grid<20, 23>, nwm::cpu::Simd<>, double> fast(mask::disc(8));
  const auto a = slow.strike({9, 9}, {.width = 1}).run(300), b = fast.strike({9, 9}, {.width = 1}).run(300);
  double worst = 0;
  for (std::size_t i = 0; i < a.samples().size(); ++i)
    worst = std::max(worst, std::abs(a.samples()[i] - b.samples()[i]));
  BOOST_TEST(worst < 1e-12);
}

BOOST_AUTO_TEST_CASE(undamped_energy_stays_over_a_hundred_thousand_steps) {
  nwm::Drum<nwm::Grid<24, 24>> single(mask::disc(9), {.dt = 0.6});
  nwm::Drum<nwm::Grid<24, 24>, nwm::DefaultBackend, double> exact(mask::disc(9), {.dt = 0.6});
  single.strike({11, 9}), exact.strike({11, 9});
  const double start = exact.energy();
  BOOST_TEST(start == 0.5, boost::test_tools::tolerance(1e-12));  // h²/2 for a velocity of 1 at one site
  double worst = 0, worst_single = 0;
  for (int i = 0; i < 20; ++i) {
    single.advance(5000), exact.advance(5000);
    worst = std::max(worst, std::abs(exact.energy() / start - 1));
    worst_single = std::max(worst_single, std::abs(single.energy() / start - 1));
  }
  BOOST_TEST(exact.waves().steps() == 100000u);
  BOOST_TEST(worst < 1e-11);
  BOOST_TEST(worst_single < 1e-3);
}

BOOST_AUTO_TEST_CASE(energy_is_conserved_at_free_and_periodic_edges_and_lost_by_damping) {
  Small free(mask::rectangle(13, 19), {.edge = Boundary::reflecting}),
      torus(mask::whole(), {.edge = Boundary::periodic}), damped(mask::square(20), {.damping = 0.01}),
      strip(mask::polygon({{-1, 3}, {-1, 9}, {32, 9}, {32, 3}}), {.edge = Boundary::periodic});
  for (Small* drum : {&free, &torus, &strip}) {
    drum->strike({14, 15}, {.width = 0.8});
    const double start = drum->energy();
    drum->advance(3000);
    BOOST_TEST(drum->energy() == start, boost::test_tools::tolerance(1e-12));
  }
  damped.strike({10, 10});
  const double start = damped.energy();
  damped.advance(400);  // 200 time units: exp(−alpha t) on the average of kinetic and potential energy
  BOOST_TEST(damped.energy() == start * std::exp(-2.0), boost::test_tools::tolerance(0.05));
}

BOOST_AUTO_TEST_CASE(a_free_membrane_has_the_modes_of_its_box) {
  // 12 × 18 sites: no flux half a spacing beyond the last site, cos(mπ(i + 1/2)/12).
  Small drum(mask::rectangle(13, 19), {.dt = 0.4, .edge = Boundary::reflecting});
  const auto first = drum.mask().sites()[0];
  for (const std::size_t i : drum.mask().sites())
    drum.waves().field(Membrane::u)[i] =
        std::cos(std::numbers::pi * 2 * (static_cast<double>(i / 32 - first / 32) + 0.5) / 12) *
        std::cos(std::numbers::pi * 3 * (static_cast<double>(i % 32 - first % 32) + 0.5) / 18);
  const double lambda =
      4 * (std::pow(std::sin(std::numbers::pi / 12), 2) + std::pow(std::sin(std::numbers::pi * 3 / 36), 2));
  const double angle = 2 * std::numbers::pi * 0.4 * drum.physics().frequency(lambda);
  const auto series = drum.run(500, {.probes = {{first / 32, first % 32}}}).series(0);
  double worst = 0;
  for (std::size_t t = 1; t + 1 < series.size(); ++t)
    worst = std::max(worst, std::abs(series[t + 1] - 2 * std::cos(angle) * series[t] + series[t - 1]));
  BOOST_TEST(worst < 1e-12);
}

BOOST_AUTO_TEST_CASE(an_absorbing_edge_returns_less_than_a_hundredth_of_a_pulse) {
  nwm::Drum<nwm::Grid<96, 96>> field(mask::whole(), {.edge = Boundary::absorbing});
  nwm::Drum<nwm::Grid<96, 96>> torus(mask::whole(), {.edge = Boundary::periodic});
  for (auto* drum : {&field, &torus})
    drum->strike({48, 48}, {.width = 3, .how = nwm::Strike::How::displacement});
  const double start = field.energy();
  field.advance(60), torus.advance(60);  // not at the edge yet
  BOOST_TEST(field.energy() > 0.95 * start);
  field.advance(140), torus.advance(140);  // 100 time units: to the edge, 48 away, and back
  BOOST_TEST(field.energy() < 0.01 * start);
  BOOST_TEST(torus.energy() > 0.99 * start);
}

BOOST_AUTO_TEST_CASE(a_step_beyond_the_limit_is_refused_with_the_limit) {
  Small{mask::square(10), {.dt = 0.7}};
  const auto limit = [](const std::string& text) {
    return [=](const nwm::Unstable& e) {
      return e.field() == "c dt / h" && e.expected().find(text) != std::string::npos;
    };
  };
  BOOST_CHECK_EXCEPTION((Small{mask::square(10), {.dt = 0.71}}), nwm::Unstable, limit("0.70710678"));
  BOOST_CHECK_EXCEPTION((Small{mask::square(10), {.wave_speed = 2, .dt = 0.5, .spacing = 1.4}}),
                        nwm::Unstable, limit("0.70710678"));
  // However little above it: what is found never reads as what is expected.
  const double least = std::nextafter(std::sqrt(0.5), 1.0);
  BOOST_CHECK_EXCEPTION((Small{mask::square(10), {.dt = least}}), nwm::Unstable, [](const nwm::Unstable& e) {
    return !e.expected().starts_with("below " + e.found()) && std::stod(e.found()) > std::sqrt(0.5);
  });
  // With damping the limit is lower: sqrt((1 − 0.5·1/2)/2) = 0.612.
  BOOST_CHECK_EXCEPTION((Small{mask::square(10), {.wave_speed = 1.3, .dt = 0.5, .damping = 1}}),
                        nwm::Unstable, limit("0.61237243"));
  // Just below the limit the highest mode, a checkerboard, does not grow; just above it does.
  const auto grows = [](double dt) {
    Small drum(mask::square(24), {.dt = 0.5});
    drum.waves().set_cell({.dt = dt, .stiffness = 1});
    drum.strike_at_random(3);
    double before = 0, after = 0;
    for (const std::size_t i : drum.mask().sites())
      before = std::max(before, std::abs(drum.waves().field(1)[i]));
    try {
      drum.advance(20000);
    } catch (const nwm::Unstable&) {
      return true;
    }
    for (const std::size_t i : drum.mask().sites())
      after = std::max(after, std::abs(drum.waves().field(1)[i]));
    return after > 100 * before;
  };
  BOOST_TEST(!grows(0.7071));
  BOOST_TEST(grows(0.72));
}

BOOST_AUTO_TEST_CASE(nothing_moves_outside_the_drum) {
  Small drum(mask::isospectral(0, 8));
  drum.strike_at_random(1).advance(500);
  for (std::size_t i = 0; i < 32 * 32; ++i)
    if (!drum.mask().contains({i / 32, i % 32})) BOOST_REQUIRE_EQUAL(drum.waves().recorded()[i], 0.0);
}

BOOST_AUTO_TEST_CASE(strikes) {
  Small drum(mask::square(20));
  drum.strike({15, 14}, {.amplitude = 2});
  BOOST_TEST(drum.waves().field(Membrane::v)[15 * 32 + 14] == 2.0);
  BOOST_TEST(drum.waves().field(Membrane::v)[15 * 32 + 15] == 0.0);
  drum.rest().strike({15, 14}, {.width = 2, .how = nwm::Strike::How::displacement});
  BOOST_TEST(drum.waves().field(Membrane::u)[15 * 32 + 16] == std::exp(-0.5),
             boost::test_tools::tolerance(1e-12));
  BOOST_TEST(drum.waves().field(Membrane::v)[15 * 32 + 14] == 0.0);
  Small other(mask::square(20)), third(mask::square(20));
  drum.rest().strike_at_random(7), other.strike_at_random(7), third.strike_at_random(8);
  BOOST_TEST(drum.energy() == other.energy());
  BOOST_TEST(drum.energy() != third.energy());
  BOOST_CHECK_EXCEPTION(drum.strike({2, 2}), nwm::Error, about("place"));
  BOOST_CHECK_EXCEPTION(drum.strike({90, 90}, {.width = 2}), nwm::Error, about("place"));
  BOOST_CHECK_EXCEPTION(drum.strike({15, 15}, {.width = -1}), nwm::Error, about("width and amplitude"));
}

BOOST_AUTO_TEST_CASE(recording_in_full_strided_and_at_probes) {
  Small a(mask::square(9)), b(mask::square(9)), c(mask::square(9));
  for (Small* drum : {&a, &b, &c}) drum->strike({15, 14});
  const auto full = a.run(60), strided = b.run(60, {.every = 7}),
             probed = c.run(60, {.probes = {{14, 15}, {0, 0}}});
  BOOST_TEST(full.sites().size() == 64u);
  BOOST_TEST(full.steps() == 60u);
  BOOST_TEST(strided.steps() == 8u);
  BOOST_TEST(strided.interval() == 3.5);
  const auto all = full.at({14, 15}), some = strided.at({14, 15});
  for (std::size_t t = 0; t < some.size(); ++t) BOOST_TEST(some[t] == all[7 * t + 6]);
  BOOST_TEST(probed.series(0) == all, boost::test_tools::per_element());
  BOOST_TEST(*std::max_element(all.begin(), all.end()) > 0);
  for (const double x : probed.series(1)) BOOST_TEST(x == 0.0);  // a probe outside the drum is silent
  BOOST_TEST(static_cast<double>(full.plane(30)[14 * 32 + 15]) == all[30],
             boost::test_tools::tolerance(1e-6));
  BOOST_CHECK_EXCEPTION(full.at({0, 0}), nwm::Error, about("site"));
  BOOST_CHECK_EXCEPTION(a.run(5, {.every = 0}), nwm::Error, about("every"));
  BOOST_CHECK_EXCEPTION(a.run(5, {.probes = {{3, 32}}}), nwm::Error, about("probe"));
}

BOOST_AUTO_TEST_CASE(masks_that_make_no_drum_are_refused) {
  const auto make = [](const mask::Outline& o, Boundary edge = Boundary::clamped) {
    Small{o, {.edge = edge}};
  };
  BOOST_CHECK_EXCEPTION(make(mask::square(1)), nwm::Error, about("sites inside"));  // no site strictly inside
  BOOST_CHECK_EXCEPTION(make(mask::whole()), nwm::Error, about("mask"));
  BOOST_CHECK_EXCEPTION(make(mask::whole(), Boundary::reflecting), nwm::Error, about("mask"));
  BOOST_CHECK_EXCEPTION(make(mask::square(32)), nwm::Error, about("mask"));  // touches the border
  BOOST_CHECK_EXCEPTION(make(mask::square(40)), nwm::Error, about("size"));
  make(mask::square(31));
  make(mask::whole(), Boundary::periodic);
  make(mask::whole(), Boundary::absorbing);
  using Walled = nwm::Drum<nwm::Grid<32, 32, nwm::Zero>>;
  BOOST_CHECK_EXCEPTION((Walled{mask::whole(), {.edge = Boundary::periodic}}), nwm::Error, about("edge"));
  BOOST_CHECK_EXCEPTION((Small{nwm::Mask(mask::square(5), 16, 16)}), nwm::Error, about("mask"));
  BOOST_CHECK_EXCEPTION((Small{mask::square(5), {.damping = -1}}), nwm::Error, about("damping"));
  BOOST_CHECK_EXCEPTION((Small{mask::square(5), {.wave_speed = 0}}), nwm::Error, about("wave_speed"));
  BOOST_CHECK_EXCEPTION((Small{mask::whole(), {.edge = Boundary::absorbing, .sponge = 17}}), nwm::Error,
                        about("sponge"));
}
