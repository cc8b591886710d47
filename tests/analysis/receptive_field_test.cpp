// The receptive field of models whose field is known: a made-up linear one, CNNs, wave machines of few and of
// more steps, a U-Net.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE analysis_receptive_field

#include "nwm/analysis/receptive_field.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <tuple>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/cell/gru.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/cell/rnn.hpp"
#include "nwm/model/cnn.hpp"
#include "nwm/model/unet.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/readout/last.hpp"

namespace {

using namespace nwm::analysis;
using nwm::Shape;
using nwm::cpu::Scalar;
using nwm::cpu::Simd;
using Edges = std::tuple<nwm::Zero, nwm::Periodic>;
using Backends = std::tuple<Scalar, Simd<>>;

/// Scores of class k: (k + 1) Σ_d g(d) x(p − d), an image of two channels summed; g is a lopsided Gaussian.
template <class Boundary>
struct Blur {
  static constexpr Shape shape{.height = 13, .width = 10, .image_channels = 2, .classes = 2};
  using Real = double;
  using Backend = Scalar;
  using ImageGrid = nwm::Grid<13, 10, Boundary>;
  static constexpr std::size_t sites = 130, image_size = 260, score_size = 260, parameter_count = 1;
  static constexpr std::size_t images = 1, outputs = 2;
  static constexpr std::string_view kind = "blur";
  static constexpr auto layout = nwm::exact_layout<[](auto& all) { all.add("scale", {1}, 1); }>();
  static constexpr bool couples_images = false;
  template <class>
  static constexpr std::size_t target_numbers = sites;
  struct Workspace {
    explicit Workspace(std::size_t) {}
  };
  double scale = 1;
  std::span<double, 1> parameters() { return std::span<double, 1>(&scale, 1); }
  std::span<const double, 1> parameters() const { return std::span<const double, 1>(&scale, 1); }
  /// Nobody trains it.
  template <class L>
  double add_gradient(std::span<const double, image_size>, std::span<const typename L::Target>, double,
                      std::span<double, 1>, Workspace&, const L&) const {
    return 0;
  }

  static double g(double y, double x) { return std::exp(-0.5 * (y * y / 4 + (x - 1) * (x - 1))); }
  void scores(std::span<const double, image_size> in, std::span<double, score_size> out, Workspace&) const {
    for (std::size_t p = 0; p < sites; ++p) {
      double sum = 0;
      for (std::ptrdiff_t dy = -3; dy <= 3; ++dy)
        for (std::ptrdiff_t dx = -3; dx <= 3; ++dx) {
          const auto y = Boundary::source(static_cast<std::ptrdiff_t>(p / 10) - dy, 13);
          const auto x = Boundary::source(static_cast<std::ptrdiff_t>(p % 10) - dx, 10);
          if (y < 0 || x < 0) continue;
          const auto from = static_cast<std::size_t>(y * 10 + x);
          sum += g(static_cast<double>(dy), static_cast<double>(dx)) * (in[from] + in[sites + from]);
        }
      out[p] = scale * sum;
      out[sites + p] = scale * 2 * sum;
    }
  }
};

template <class Machine>
nwm::data::Dataset images(std::size_t count, std::uint64_t seed = 1) {
  constexpr Shape s = Machine::shape;
  nwm::Random random(seed);
  nwm::data::Dataset::Floats pixels(count * s.image_channels * s.sites());
  for (float& v : pixels) v = static_cast<float>(random.uniform());
  return {{count, s.image_channels, s.height, s.width},
          std::move(pixels),
          nwm::data::Dataset::Bytes(count * s.sites())};
}

/// The machine with doubled weights, so that a change does not drown in rounding.
template <class Machine>
Machine lively(Machine machine) {
  for (auto& v : machine.parameters()) v *= 2;
  return machine;
}

double at(const ReceptiveField& f, std::ptrdiff_t y, std::ptrdiff_t x) {
  const auto row = static_cast<std::ptrdiff_t>(f.height / 2) + y;
  const auto column = static_cast<std::ptrdiff_t>(f.width / 2) + x;
  return f.influence.at(static_cast<std::size_t>(row) * f.width + static_cast<std::size_t>(column));
}

bool near(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance * std::abs(b); }

/// Nothing outside the square of half side `reach`, something on its edge.
void reaches_exactly(const ReceptiveField& f, std::size_t reach) {
  BOOST_TEST(f.reach() == reach);
  std::size_t outside = 0;
  f.each([&](double e, double y, double x) {
    if (std::max(std::abs(y), std::abs(x)) > static_cast<double>(reach)) {
      ++outside;
      BOOST_TEST(e == 0);
    }
  });
  BOOST_TEST(outside > 0);
  BOOST_TEST(f.radius(1) <= std::sqrt(2) * static_cast<double>(reach));
}

template <std::size_t layers, class B>
using Convolutions = nwm::Cnn<Shape{.height = 17, .width = 15, .steps = 8, .classes = 3, .encoder_width = 4},
                              layers, nwm::head::Hidden<6>, B>;

template <std::size_t steps, class Cell = nwm::cell::Wave, class Real = double>
using Waves = nwm::WaveMachine<
    Shape{.height = 25, .width = 23, .oscillators = 2, .steps = steps, .classes = 2, .encoder_width = 3},
    nwm::readout::Last, nwm::head::Hidden<4>, Cell, nwm::DefaultBackend, Real>;

using Net = nwm::UNet<Shape{.height = 32, .width = 16, .classes = 3}, 2>;

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(a_linear_model_shows_its_kernel, Boundary, Edges) {
  const Blur<Boundary> blur;
  const bool torus = on_torus<Blur<Boundary>>;
  BOOST_TEST(torus == (std::is_same_v<Boundary, nwm::Periodic>));
  const ReceptiveField f = receptive_field(blur, images<Blur<Boundary>>(3), {.images = 3, .probes = 40});
  BOOST_TEST(f.height == (torus ? 13u : 25u));
  BOOST_TEST(f.width == (torus ? 10u : 19u));
  // Both channels change, classes weigh 1 and 2: 2 g sqrt((1 + 4)/2).
  double energy = 0, moment = 0, all = 0, distance = 0;
  f.each([&](double e, double y, double x) {
    const double g = std::abs(y) <= 3 && std::abs(x) <= 3 ? Blur<Boundary>::g(y, x) : 0;
    BOOST_TEST(std::abs(std::sqrt(e) - 2 * std::sqrt(2.5) * g) < 1e-6);
    all += g, distance += g * std::hypot(y, x);
    energy += 10 * g * g, moment += 10 * g * g * (y * y + x * x);
  });
  BOOST_TEST(near(at(f, 0, 1), 2 * std::sqrt(2.5), 1e-6));  // the peak lies right of the pixel
  BOOST_TEST(near(f.energy(), energy, 1e-6));
  BOOST_TEST(near(f.rms_radius(), std::sqrt(moment / energy), 1e-6));
  BOOST_TEST(near(f.mean_radius(), distance / all, 1e-6));
  BOOST_TEST(near(f.radius(1), std::sqrt(18.0), 1e-12));
  BOOST_TEST(near(f.radius(1e-9), 0, 0));
  BOOST_TEST(f.radius(0.5) <= f.radius(0.95));
  BOOST_TEST(f.reach() == 3u);
  BOOST_TEST(f.reach(0.4) == 2u);   // g(2, 1) = 0.61, g(3, 1) = 0.32
  BOOST_TEST(f.reach(0.99) == 1u);  // the peak alone
  // A radius holds the requested share of energy, and no smaller radius does.
  double inside = 0, closer = 0;
  f.each([&](double e, double y, double x) {
    const double d = std::hypot(y, x);
    if (d <= f.radius(0.8) + 1e-9) inside += e;
    if (d < f.radius(0.8) - 1e-9) closer += e;
  });
  BOOST_TEST(inside >= 0.8 * f.energy());
  BOOST_TEST(closer < 0.8 * f.energy());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_cnn_does_not_reach_beyond_its_layers, B, Backends) {
  using Two = Convolutions<2, B>;
  using Three = Convolutions<3, B>;
  static_assert(greatest_reach<Two> == 2 && greatest_reach<Three> == 3 && !on_torus<Three>);
  reaches_exactly(receptive_field(lively(Two({.seed = 2})), images<Two>(4)), 2);
  reaches_exactly(receptive_field(lively(Three({.seed = 2})), images<Three>(4)), 3);
}

BOOST_AUTO_TEST_CASE(a_wave_reaches_one_site_further_each_step) {
  static_assert(greatest_reach<Waves<1>> == 5);  // four convolutions before, one coupling
  static_assert(greatest_reach<Waves<6>> == 10);
  static_assert(greatest_reach<Waves<6, nwm::cell::Lstm>> == 10);
  static_assert(greatest_reach<Waves<6, nwm::cell::Gru>> ==
                4 + 2 * 6);  // the candidate gathers what was reset
  static_assert(greatest_reach<Waves<6, nwm::cell::Rnn>> == 10);
  static_assert(on_torus<Waves<6>>);
  using Few = Waves<2>;
  using More = Waves<6>;
  const ReceptiveFieldOptions options{.images = 2, .probes = 12, .change = 0.3};
  const ReceptiveField few =
      receptive_field(lively(Few({.cell = {.dt = 0.5}, .seed = 3})), images<Few>(2), options);
  const ReceptiveField more =
      receptive_field(lively(More({.cell = {.dt = 0.5}, .seed = 3})), images<More>(2), options);
  BOOST_TEST(few.height == 25u);
  BOOST_TEST(few.width == 23u);
  reaches_exactly(few, 6);
  reaches_exactly(more, 10);
  BOOST_TEST(more.rms_radius() > few.rms_radius());
}

BOOST_AUTO_TEST_CASE(a_unet_sees_all_of_a_small_grid) {
  static_assert(greatest_reach<Net> == 109);
  static_assert(!on_torus<Net>);
  const auto set = images<Net>(5);
  const Net net({.seed = 1});
  const ReceptiveField one = receptive_field(net, set, {.images = 5, .probes = 20, .seed = 3, .threads = 1});
  const ReceptiveField two = receptive_field(net, set, {.images = 5, .probes = 20, .seed = 3, .threads = 2});
  BOOST_TEST((one.influence == two.influence));
  BOOST_TEST(one.reach() > 20u);
  BOOST_TEST(one.energy() > 0);
}

BOOST_AUTO_TEST_CASE(the_seed_decides_and_threads_do_not) {
  using Machine = Convolutions<2, Simd<>>;
  const Machine machine({.seed = 1});
  const auto set = images<Machine>(4);
  const auto run = [&](std::uint64_t seed, std::size_t threads) {
    return receptive_field(machine, set, {.images = 3, .probes = 5, .seed = seed, .threads = threads});
  };
  BOOST_TEST((run(1, 1).influence == run(1, 2).influence));
  BOOST_TEST((run(1, 1).influence != run(2, 1).influence));
}

BOOST_AUTO_TEST_CASE(a_model_that_does_not_look_has_no_radius) {
  using Machine = Blur<nwm::Zero>;
  Machine blind;
  blind.scale = 0;
  const ReceptiveField f = receptive_field(blind, images<Machine>(1));
  BOOST_TEST(f.energy() == 0);
  BOOST_TEST(std::isnan(f.radius()));
  BOOST_TEST(std::isnan(f.rms_radius()));
  BOOST_TEST(std::isnan(f.mean_radius()));
  BOOST_TEST(f.reach() == 0u);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_told) {
  using Machine = Blur<nwm::Zero>;
  const Machine blur;
  const auto set = images<Machine>(1);
  const auto field = [](const char* name) { return [=](const nwm::Error& e) { return e.field() == name; }; };
  BOOST_CHECK_EXCEPTION(receptive_field(blur, images<Net>(1)), nwm::Error, field("image size"));
  BOOST_CHECK_EXCEPTION(receptive_field(blur, images<Machine>(0)), nwm::Error, field("images"));
  BOOST_CHECK_EXCEPTION(receptive_field(blur, set, {.images = 0}), nwm::Error, field("images"));
  BOOST_CHECK_EXCEPTION(receptive_field(blur, set, {.probes = 0}), nwm::Error, field("probes"));
  BOOST_CHECK_EXCEPTION(receptive_field(blur, set, {.change = 0}), nwm::Error, field("change"));
  BOOST_CHECK_EXCEPTION(receptive_field(blur, set, {.change = NAN}), nwm::Error, field("change"));
  Machine broken;
  broken.scale = std::numeric_limits<double>::infinity();
  BOOST_CHECK_EXCEPTION(receptive_field(broken, set), nwm::Unstable, field("scores of image 0"));
  const ReceptiveField f = receptive_field(blur, set);
  BOOST_CHECK_EXCEPTION(f.radius(0), nwm::Error, field("share"));
  BOOST_CHECK_EXCEPTION(f.radius(1.1), nwm::Error, field("share"));
}
