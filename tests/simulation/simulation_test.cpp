// The waves without training: the same as in a model, on every backend, with coupled values and probes of
// one's own.
#define BOOST_TEST_MODULE simulation
#define BOOST_TEST_DYN_LINK
#include "nwm/simulation/simulation.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "drifting.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/cell/gru.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/cell/stable_wave.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/readout/last.hpp"

using nwm::cell::Wave;
namespace cpu = nwm::cpu;

namespace {

constexpr nwm::Shape small{.height = 9,
                           .width = 11,
                           .image_channels = 1,
                           .oscillators = 2,
                           .steps = 12,
                           .classes = 3,
                           .encoder_width = 4};

/// u'' = c² ∇²u + source − α u' by a fixed Laplacian, with scratch between two stages.
struct Driven {
  static constexpr std::string_view name = "driven";
  double dt = 0.1, alpha = 0;
  static constexpr auto numbers = nwm::cell::numbers("dt", &Driven::dt, "alpha", &Driven::alpha);
  enum Field : std::size_t { u, v, source, force };
  static constexpr std::array fields{nwm::cell::resting_state(u, "u"), nwm::cell::resting_state(v, "v"),
                                     nwm::cell::given_map(source, "source"),
                                     nwm::cell::intermediate(force, "force")};
  static constexpr std::size_t recorded = u;

  struct Pull {
    static constexpr nwm::cell::Coupling coupling{
        .name = "laplacian", .from = {u}, .initial = nwm::Initial::laplacian, .trained = false};
    template <class Site>
    static constexpr void update(const Driven&, const Site& now, Site& next) {
      next[force] = now.coupled() + now[source];
    }
  };
  struct Move {
    static constexpr nwm::cell::Coupling coupling{
        .name = "self", .from = {u}, .size = 1, .initial = nwm::Initial::zero, .trained = false};
    template <class Site>
    static constexpr void update(const Driven& cell, const Site& now, Site& next) {
      using V = typename Site::Value;
      const V dt = V(cell.dt);
      next[v] = now[v] + dt * (now[force] - V(cell.alpha) * now[v]);
      next[u] = now[u] + dt * next[v];
    }
  };
  using Stages = std::tuple<Pull, Move>;
};

}  // namespace

/// Runs a machine and a Simulation of its cell side by side.
template <class Cell>
void compare_with_machine() {
  using Machine = nwm::WaveMachine<small, nwm::readout::Last, nwm::head::Narrow, Cell>;
  Machine machine({.cell = {}, .seed = 4});
  std::vector<float> image(Machine::image_size), series(Machine::series_size);
  nwm::Random random(5);
  for (float& x : image) x = static_cast<float>(random.uniform());
  nwm::Simulation<Cell, nwm::Grid<9, 11>, 2> waves;
  for (const auto& own : waves.layout.slices)
    for (const auto& slice : Machine::layout.slices)
      if (slice.name.view() == "classifier." + std::string(own.name.view())) {
        const auto from = machine.parameters().subspan(slice.offset, slice.size);
        for (float& w : from) w += static_cast<float>(random.uniform(-0.2, 0.2));  // no Laplacian any more
        std::copy(from.begin(), from.end(), waves.parameter(own.name.view()).begin());
      }
  typename Machine::Workspace w;
  machine.record(std::span<const float, Machine::image_size>(image),
                 std::span<float, Machine::series_size>(series), w);
  for (std::size_t f = 0; f < nwm::cell::field_count<Cell>; ++f) {
    const auto from = w.initial(f);
    std::copy(from.begin(), from.end(), waves.field(f).begin());
  }
  std::size_t seen = 0;
  const std::size_t taken = waves.run(small.steps, [&](const auto& now) {
    BOOST_TEST(now.steps() == seen + 1);
    for (std::size_t i = 0; i < Machine::columns; ++i)
      BOOST_REQUIRE_EQUAL(now.recorded()[i], series[seen * Machine::columns + i]);
    ++seen;
  });
  BOOST_TEST(taken == small.steps);
  BOOST_TEST(seen == small.steps);
}

BOOST_AUTO_TEST_CASE(a_simulation_is_the_recurrence_of_the_machine_bit_for_bit) {
  compare_with_machine<Wave>();
  compare_with_machine<nwm::cell::Lstm>();
  compare_with_machine<nwm::cell::Gru>();
}

BOOST_AUTO_TEST_CASE(the_specification_and_the_fast_backend_agree_under_every_boundary) {
  const auto compare = [](auto grid) {
    using G = decltype(grid);
    nwm::Simulation<Driven, G, 3, cpu::Scalar, double> slow;
    nwm::Simulation<Driven, G, 3, cpu::Simd<>, double> fast;
    nwm::Random random(1);
    for (std::size_t i = 0; i < slow.columns; ++i) {
      slow.field(Driven::u)[i] = fast.field(Driven::u)[i] = random.uniform(-1, 1);
      slow.field(Driven::source)[i] = fast.field(Driven::source)[i] = random.uniform(-1, 1);
    }
    slow.run(50), fast.run(50);
    double largest = 0;
    for (std::size_t i = 0; i < slow.columns; ++i)
      largest = std::max(largest, std::abs(slow.recorded()[i] - fast.recorded()[i]));
    BOOST_TEST(largest < 1e-12);
  };
  compare(nwm::Grid<7, 13, nwm::Periodic>{});
  compare(nwm::Grid<7, 13, nwm::Zero>{});
  compare(nwm::Grid<7, 13, nwm::Reflecting>{});
}

BOOST_AUTO_TEST_CASE(a_coupled_at_resonance_makes_a_mode_grow_linearly) {
  // One site with the Zero boundary is u'' = −4u + source.
  nwm::Simulation<Driven, nwm::Grid<1, 1, nwm::Zero>, 1, cpu::Scalar, double> waves({.cell = {.dt = 0.01}});
  const double frequency = 2 / 0.01 * std::asin(0.01);  // of the scheme: sin(w dt/2) = dt
  double peak = 0;
  waves.run(20000, [&](auto& now) {
    now.field(Driven::source)[0] = std::cos(frequency * 0.01 * static_cast<double>(now.steps()));
    peak = std::max(peak, std::abs(now.recorded()[0]));
  });
  BOOST_TEST(peak == 200.0 / 4, boost::test_tools::tolerance(0.01));  // t / (2 w)
}

BOOST_AUTO_TEST_CASE(scratch_of_the_last_step_can_be_read) {
  nwm::Simulation<Driven, nwm::Grid<3, 3>, 1, cpu::Scalar, double> waves;
  waves.field(Driven::source)[4] = 2;
  waves.step();
  BOOST_TEST(waves.field(Driven::force)[4] == 2.0);
  BOOST_TEST(waves.field(Driven::force)[0] == 0.0);
}

BOOST_AUTO_TEST_CASE(an_observer_may_end_the_run_and_all_of_them_see_its_last_step) {
  nwm::Simulation<Driven, nwm::Grid<3, 3>> waves;
  std::size_t other = 0;
  const auto taken =
      waves.run(100, [](const auto& now) { return now.steps() < 7; }, [&](const auto&) { ++other; });
  BOOST_TEST(taken == 7u);
  BOOST_TEST(other == 7u);
  waves.field(Driven::u)[0] = 1;
  waves.reset();
  BOOST_TEST(waves.steps() == 0u);
  BOOST_TEST(waves.field(Driven::u)[0] == 0.0f);
}

BOOST_AUTO_TEST_CASE(an_unstable_map_is_refused_before_the_step) {
  nwm::Simulation<Wave, nwm::Grid<4, 4>> waves;
  waves.run(3);
  waves.at(Wave::omega)(0, 1, 2) = 500;  // dt² omega / 4 = 1.25
  BOOST_CHECK_EXCEPTION(waves.step(), nwm::Unstable,
                        [](const nwm::Unstable& e) { return e.expected() == Wave::bound; });
  BOOST_CHECK_THROW(waves.run(1), nwm::Unstable);
  BOOST_TEST(waves.steps() == 3u);
  waves.at(Wave::omega)(0, 1, 2) = 300;
  waves.step();
  waves.set_cell({.dt = 1});
  BOOST_CHECK_THROW(waves.step(), nwm::Unstable);
}

BOOST_AUTO_TEST_CASE(what_is_not_finite_is_found_wherever_it_stands) {
  const auto find = [](auto waves) {
    for (const std::size_t place : std::array<std::size_t, 5>{0, 5, 15, 16, 34})
      for (const float bad :
           {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        waves.reset();
        waves.check_finite();
        waves.field(Driven::v)[place] = bad;
        const std::string site = "v(0, " + std::to_string(place / 7) + ", " + std::to_string(place % 7) + ")";
        BOOST_CHECK_EXCEPTION(waves.check_finite(), nwm::Unstable,
                              [&](const nwm::Unstable& e) { return e.field() == site; });
      }
  };
  find(nwm::Simulation<Driven, nwm::Grid<5, 7>, 1, cpu::Scalar>());
  find(nwm::Simulation<Driven, nwm::Grid<5, 7>, 1, cpu::Simd<>>());
}

BOOST_AUTO_TEST_CASE(a_step_that_diverges_ends_the_run) {
  nwm::Simulation<Driven, nwm::Grid<8, 8>> waves({.cell = {.dt = 2}, .seed = 0, .check_every = 10});
  waves.field(Driven::u)[9] = 1;
  BOOST_CHECK_THROW(waves.run(100000), nwm::Unstable);
  BOOST_TEST(waves.steps() < 1000u);
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_told) {
  nwm::Simulation<Driven, nwm::Grid<3, 3>> waves;
  BOOST_CHECK_THROW(waves.field(4), nwm::Error);
  BOOST_CHECK_EXCEPTION(waves.parameter("W"), nwm::Error, [](const nwm::Error& e) {
    return e.expected() == "one of laplacian.weight, self.weight" && e.found() == "W";
  });
}

/// The same start on 1 to 4 threads; the last band is shorter than the others.
template <class Cell, class Boundary, std::size_t channels, std::size_t height, std::size_t width>
void compare_threads() {
  using Waves = nwm::Simulation<Cell, nwm::Grid<height, width, Boundary>, channels, cpu::Simd<>>;
  const auto run = [](std::size_t threads) {
    Waves waves({.cell = {}, .threads = threads});
    nwm::Random random(6);
    for (std::size_t f = 0; f < Waves::field_count; ++f)
      for (float& v : waves.field(f)) v = static_cast<float>(random.uniform(0, 1));
    waves.run(9);
    std::vector<float> all;
    for (std::size_t f = 0; f < Waves::field_count; ++f)
      all.insert(all.end(), waves.field(f).begin(), waves.field(f).end());
    return all;
  };
  using Fields = nwm::model::InPlace<Cell, typename Waves::Grid, channels, cpu::Simd<>, float>;
  static_assert(Fields::bands > 3 && height % Fields::rows != 0, "nothing would be shared");
  const std::vector<float> one = run(1);
  for (const std::size_t threads : {2u, 3u, 4u, 100'000u})  // the last far more than there are bands
    BOOST_TEST((run(threads) == one), threads << " threads");
}

BOOST_AUTO_TEST_CASE(rows_over_threads_give_the_same_bits) {
  compare_threads<Driven, nwm::Periodic, 1, 83, 301>();
  compare_threads<Driven, nwm::Zero, 3, 47, 131>();
  compare_threads<Driven, nwm::Reflecting, 1, 83, 301>();
  compare_threads<nwm::cell::Lstm, nwm::Periodic, 2, 45, 67>();
}

BOOST_AUTO_TEST_CASE(bands_of_rows_are_the_specification) {
  // As above, where the grids are one band each.
  using G = nwm::Grid<21, 131, nwm::Reflecting>;
  nwm::Simulation<Driven, G, 2, cpu::Scalar, double> slow;
  nwm::Simulation<Driven, G, 2, cpu::Simd<>, double> fast({.cell = {}, .threads = 2});
  nwm::Random random(1);
  for (std::size_t i = 0; i < slow.columns; ++i)
    slow.field(Driven::u)[i] = fast.field(Driven::u)[i] = random.uniform(-1, 1);
  slow.run(20), fast.run(20);
  double largest = 0;
  for (std::size_t i = 0; i < slow.columns; ++i)
    largest = std::max(largest, std::abs(slow.recorded()[i] - fast.recorded()[i]));
  BOOST_TEST(largest < 1e-12);
}

/// An heir that does one word by itself, once with the optional words it inherits, once without.
struct Watched : cpu::Simd<> {
  static constexpr std::string_view name = "watched";
  static inline std::size_t couplings = 0;

  template <class S, class G, nwm::Activation f, class Real, std::size_t n>
  static void couple(const Real* parameters, const std::array<const Real*, n>& parts, Real* out,
                     Real* scratch) {
    ++couplings;
    cpu::Simd<>::couple<S, G, f>(parameters, parts, out, scratch);
  }
};
struct WatchedAlone : Watched {
  static void line();
  static void prepare_rows();
};

BOOST_AUTO_TEST_CASE(an_heir_hides_the_words_that_stand_for_optional_ones) {
  static_assert(nwm::model::RowBackend<Watched> && nwm::model::BandedBackend<Watched>);
  static_assert(!nwm::model::RowBackend<WatchedAlone> && !nwm::model::BandedBackend<WatchedAlone>);
  static_assert(nwm::Backend<WatchedAlone>);
  const auto couplings = []<class Backend, class Cell>(Backend, Cell) {
    nwm::Simulation<Cell, nwm::Grid<8, 8>, 1, Backend> waves;
    Watched::couplings = 0;
    waves.run(3);
    return Watched::couplings;
  };
  BOOST_TEST(couplings(Watched{}, tools::Drifting{}) == 0u);
  BOOST_TEST(couplings(Watched{}, Wave{}) == 0u);
  BOOST_TEST(couplings(WatchedAlone{}, tools::Drifting{}) == 3u);
  BOOST_TEST(couplings(WatchedAlone{}, Wave{}) == 3u);
}

BOOST_AUTO_TEST_CASE(threads_where_rows_do_not_run_by_themselves_are_refused) {
  using Waves = nwm::Simulation<Driven, nwm::Grid<3, 3>, 1, cpu::Scalar>;
  BOOST_CHECK_EXCEPTION(Waves({.cell = {}, .threads = 2}), nwm::Error, [](const nwm::Error& e) {
    return e.expected() == "1 on the backend scalar" && e.found() == "2";
  });
}

namespace {
/// The largest |y| of 2,000 steps from random y, with random couplings `strength` times as large as the
/// Laplacian and maps as set(index, random) says.
template <class Cell, class Set>
double farthest(const Cell& cell, double strength, std::uint64_t seed, const Set& set) {
  nwm::Simulation<Cell, nwm::Grid<5, 6>, 2, cpu::Scalar, double> waves({.cell = cell});
  nwm::Random random(seed);
  for (double& w : waves.parameter("cell.Wy.weight")) w = strength * random.uniform(-4, 4);
  for (double& y : waves.field(Cell::y)) y = random.uniform(-1, 1);
  for (std::size_t map = 2; map < 4; ++map)
    for (double& m : waves.field(map)) m = set(map, random);
  double most = 0;
  waves.run(2000, [&](const auto& now) {
    for (const double y : now.field(Cell::y)) most = std::max(most, std::abs(y));
  });
  return most;
}
}  // namespace

// Whatever the coupling and wherever in their ranges the maps are. WaveOn with weights as these drifts far
// beyond: the test can fail.
BOOST_AUTO_TEST_CASE(the_stable_wave_is_bounded_by_what_its_documentation_proves) {
  const nwm::cell::StableWave cell{};
  const double bound = cell.largest_displacement();
  BOOST_TEST(bound < 1000);
  double most = 0;
  for (const double strength : {0.01, 1.0, 100.0})
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
      for (const double corner : {-1.0, 1.0})
        most = std::max(most, farthest(cell, strength, seed, [=](std::size_t map, nwm::Random&) {
                          return map == cell.omega_level ? corner : -1.0;
                        }));
      most = std::max(
          most, farthest(cell, strength, seed, [](std::size_t, nwm::Random& r) { return r.uniform(-1, 1); }));
    }
  BOOST_TEST(most <= bound);
  BOOST_TEST(most > 0.02 * bound);
  const double drift = farthest(Wave{cell.dt}, 1, 1, [](std::size_t, nwm::Random&) { return 0.0; });
  BOOST_TEST(drift > bound);

  // One oscillator that is pushed at its own pitch: the bound is of the right size.
  const nwm::cell::StableWave tight{.omega_low = 1, .omega_high = 1, .alpha_low = 0.05, .alpha_high = 0.05};
  double y = 1, z = 0, farthest_y = 0;
  for (int t = 0; t < 5000; ++t) {
    z += tight.dt * ((z > 0 ? 1 : -1) - y - 0.05 * z);
    y += tight.dt * z;
    farthest_y = std::max(farthest_y, std::abs(y));
  }
  BOOST_TEST(farthest_y <= tight.largest_displacement());
  BOOST_TEST(farthest_y > 0.3 * tight.largest_displacement());

  // Numbers that give no bound say so.
  for (const nwm::cell::StableWave& loose :
       {nwm::cell::StableWave{.omega_low = 0}, nwm::cell::StableWave{.alpha_low = 0},
        nwm::cell::StableWave{.dt = 3}, nwm::cell::StableWave{.alpha_high = 2}})
    BOOST_TEST(std::isinf(loose.largest_displacement()));
}

// The code in comments of nwm/cell/cell.hpp and nwm/simulation/simulation.hpp, word for word.
namespace comments {

struct Wave {
  static constexpr std::string_view name = "wave";
  double dt = 0.1;
  static constexpr auto numbers = nwm::cell::numbers("dt", &Wave::dt);

  enum Field : std::size_t { u, v };
  static constexpr std::array fields{nwm::cell::encoded_state(u, "u", 3, nwm::Activation::tanh),
                                     nwm::cell::resting_state(v, "v")};
  static constexpr std::size_t recorded = u;
  static constexpr nwm::cell::Coupling coupling{
      .name = "cell.K", .from = {u}, .initial = nwm::Initial::laplacian};

  template <class Site>
  static constexpr void update(const Wave& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    next[v] = now[v] + V(cell.dt) * now.coupled();
    next[u] = now[u] + V(cell.dt) * next[v];
  }
};

}  // namespace comments

BOOST_AUTO_TEST_CASE(code_in_comments_runs) {
  nwm::Simulation<comments::Wave, nwm::Grid<16, 16>> own;
  own.at(comments::Wave::u)(0, 8, 8) = 1;
  own.run(1);
  BOOST_TEST(std::abs(own.at(comments::Wave::u)(0, 8, 7) - 0.01f) < 1e-7f);  // dt² times the Laplacian

  nwm::Simulation<nwm::cell::Wave, nwm::Grid<64, 64>> waves;
  waves.at(nwm::cell::Wave::y)(0, 32, 32) = 1;                                        // an initial value
  waves.run(100, [](auto& now) { now.at(nwm::cell::Wave::omega)(0, 5, 5) = 0.5f; });  // after each step
  BOOST_TEST(waves.at(Wave::omega)(0, 5, 5) == 0.5f);
  BOOST_TEST(waves.at(Wave::y)(0, 32, 40) != 0.0f);
}
