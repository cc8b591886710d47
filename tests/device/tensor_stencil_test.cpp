// Couplings of many channels on tensor cores: forward, adjoint and the parameters' gradient against the
// direct kernels in double. Every precision has the error that it states, and no less than it must.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_tensor_stencil

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <tuple>
#include <vector>

#include "isolated.hpp"
#include "nwm/backend/device/host.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/grid/stencil.hpp"
#include "nwm/random.hpp"

namespace {

using namespace nwm::device;
using nwm::Activation;
using nwm::Batched;
using nwm::Grid;
using nwm::Periodic;
using nwm::Reflecting;
using nwm::Stencil;
using nwm::Zero;
#if defined(_OPENMP)
using OnThreads = OpenMp;
#else
using OnThreads = Sequential;
#endif

std::vector<double> numbers(std::size_t size, std::uint64_t seed, double scale = 1) {
  nwm::Random random(seed);
  std::vector<double> all(size);
  for (double& v : all) v = static_cast<double>(static_cast<float>(random.uniform(-1, 1) * scale));
  return all;
}

/// What a stencil gives, its adjoint in the data (added to what was there) and in the parameters.
struct Results {
  std::vector<double> out, data, parameters;
  bool operator==(const Results&) const = default;
};

/// A stencil's numbers: parameters, input, the output's gradient, and what the adjoints are added to.
template <class S, class G>
struct Problem {
  std::vector<double> parameters = numbers(S::parameters, 1), in = numbers(S::in * G::sites, 2),
                      sent = numbers(S::out * G::sites, 3), data = numbers(S::in * G::sites, 4),
                      gradient = numbers(S::parameters, 5);

  template <class Real, class Precision, std::size_t parts = 1, class System = OnThreads>
  Results run() const {
    using B = Host<System, 1, Precision>;
    using Numbers = std::vector<Real>;
    static_assert(uses_tensor_cores<S, Real> == (sizeof(Real) == 4));
    const auto real = [](const std::vector<double>& of) {
      Numbers all(of.size());
      std::transform(of.begin(), of.end(), all.begin(), [](double v) { return static_cast<Real>(v); });
      return all;
    };
    const auto wide = [](const Numbers& of) { return std::vector<double>(of.begin(), of.end()); };
    const Numbers p = real(parameters), x = real(in), g = real(sent);
    Numbers out(S::out * G::sites), dx = real(data), dp = real(gradient);
    // A number that nobody has set would be seen.
    Numbers scratch(B::template scratch<S, G>, std::numeric_limits<Real>::quiet_NaN());
    std::array<const Real*, parts> from;
    std::array<Real*, parts> to;
    for (std::size_t k = 0; k < parts; ++k) {
      from[k] = x.data() + k * (S::in / parts * G::sites);
      to[k] = dx.data() + k * (S::in / parts * G::sites);
    }
    B::template couple<S, G, Activation::none>(p.data(), from, out.data(), scratch.data());
    B::template couple_adjoint<S, G>(p.data(), from, g.data(), to, dp.data(), scratch.data());
    return {wide(out), wide(dx), wide(dp)};
  }
};

/// max |a − b| / max |b|; infinite where one is not finite.
double apart(const std::vector<double>& a, const std::vector<double>& b) {
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double d = std::abs(a[i] - b[i]);
    if (!(d <= worst)) worst = std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
    largest = std::max(largest, std::abs(b[i]));
  }
  return worst / largest;
}

/// A precision, the error that it states, and the least that one of so many numbers must have.
template <class Precision_, int bits>
struct Stated {
  using Precision = Precision_;
  static double most() { return std::exp2(-bits); }
  static double least() { return most() / 30; }
};
using Full = Stated<precision::Full, 21>;
using Tf32 = Stated<precision::Tf32, 11>;
using Bf16 = Stated<precision::Bf16, 8>;
using All = std::tuple<Full, Tf32, Bf16>;
/// Three products of bfloat16: a policy of one's own.
struct SplitBf16 : precision::Bf16 {
  static constexpr std::string_view name = "split bf16";
  static constexpr unsigned products = 3;
};

template <class S, class G, class P, std::size_t parts = 1>
void agree() {
  BOOST_TEST_CONTEXT(P::Precision::name << ", " << G::height << "x" << G::width << ", "
                                        << nwm::images_of<G> << " images, " << S::in << " to " << S::out
                                        << ", " << S::size << "x" << S::size << ", " << parts << " parts, "
                                        << S::Boundary::name) {
    const Problem<S, G> problem;
    const Results wanted = problem.template run<double, precision::Full, parts>();
    const Results got = problem.template run<float, typename P::Precision, parts>();
    const double out = apart(got.out, wanted.out), parameters = apart(got.parameters, wanted.parameters);
    const double data = apart(got.data, wanted.data);
    BOOST_TEST_MESSAGE(out << " " << data << " " << parameters);
    BOOST_TEST(out < P::most());
    BOOST_TEST(data < P::most());
    BOOST_TEST(parameters < P::most());
    if constexpr (P::Precision::products == 1) {
      BOOST_TEST(out > P::least());
      if (S::Boundary::self_adjoint) BOOST_TEST(data > P::least());
      BOOST_TEST(parameters > P::least());
    }
  }
}

template <class Boundary, class P>
void grids_and_channels() {
  agree<Stencil<16, 16, 3, Boundary>, Batched<Grid<9, 33, Boundary>, 2>, P>();
  agree<Stencil<19, 19, 3, Boundary>, Batched<Grid<17, 35, Boundary>, 1>, P>();
  if constexpr (Boundary::self_adjoint)
    agree<Stencil<8, 16, 3, Boundary, false>, Batched<Grid<5, 6, Boundary>, 3>, P>();
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(periodic, P, All) { grids_and_channels<Periodic, P>(); }
BOOST_AUTO_TEST_CASE_TEMPLATE(zero, P, All) { grids_and_channels<Zero, P>(); }
BOOST_AUTO_TEST_CASE_TEMPLATE(reflecting, P, All) { grids_and_channels<Reflecting, P>(); }
using Ends = std::tuple<Full, Bf16>;
BOOST_AUTO_TEST_CASE_TEMPLATE(more_channels, P, Ends) {
  agree<Stencil<16, 64, 3, Periodic>, Grid<8, 16>, P>();
  agree<Stencil<40, 9, 3, Zero>, Grid<4, 50, Zero>, P>();
}
BOOST_AUTO_TEST_CASE_TEMPLATE(one_tap, P, Ends) {
  agree<Stencil<24, 17, 1, Zero>, Batched<Grid<17, 35, Zero>, 2>, P>();
  agree<Stencil<16, 8, 1, Periodic>, Batched<Grid<1, 1>, 40>, P>();
}
BOOST_AUTO_TEST_CASE_TEMPLATE(an_input_in_parts, P, Ends) {
  agree<Stencil<26, 52, 3, Periodic>, Batched<Grid<5, 6>, 2>, P, 2>();
  agree<Stencil<32, 64, 3, Zero>, Grid<3, 9, Zero>, P, 2>();
  agree<Stencil<15, 12, 3, Reflecting>, Grid<9, 3, Reflecting>, P, 3>();
}
// So many that a block has several: they share the weights, and each has its own scale.
BOOST_AUTO_TEST_CASE(many_tiles) {
  agree<Stencil<8, 8, 3, Zero>, Batched<Grid<3, 9, Zero>, 2100>, Tf32>();
  agree<Stencil<8, 8, 1, Zero>, Batched<Grid<3, 9, Zero>, 2100>, Full>();
}
BOOST_AUTO_TEST_CASE(a_policy_of_ones_own) {
  agree<Stencil<16, 16, 3, Zero>, Batched<Grid<9, 33, Zero>, 2>, Stated<SplitBf16, 16>>();
}

BOOST_AUTO_TEST_CASE(a_planted_error_is_seen) {
  using S = Stencil<16, 16, 3, Zero>;
  using G = Grid<9, 33, Zero>;
  Problem<S, G> problem;
  const Results wanted = problem.run<double, precision::Full>();
  problem.parameters[7] *= 1.01;
  problem.in[7] *= 1.01;
  const Results got = problem.run<float, precision::Full>();
  const double most = Full::most();
  BOOST_TEST(apart(got.out, wanted.out) > 10 * most);
  BOOST_TEST(apart(got.data, wanted.data) > 10 * most);
  BOOST_TEST(apart(got.parameters, wanted.parameters) > 10 * most);
}

BOOST_AUTO_TEST_CASE(full_precision_is_far_from_one_product) {
  using S = Stencil<16, 16, 3, Zero>;
  using G = Grid<17, 35, Zero>;
  const Problem<S, G> problem;
  const Results wanted = problem.run<double, precision::Full>();
  const Results full = problem.run<float, precision::Full>(), tf32 = problem.run<float, precision::Tf32>();
  const Results bf16 = problem.run<float, precision::Bf16>();
  BOOST_TEST(100 * apart(full.out, wanted.out) < apart(tf32.out, wanted.out));
  BOOST_TEST(100 * apart(full.data, wanted.data) < apart(tf32.data, wanted.data));
  BOOST_TEST(100 * apart(full.parameters, wanted.parameters) < apart(tf32.parameters, wanted.parameters));
  BOOST_TEST(4 * apart(tf32.out, wanted.out) < apart(bf16.out, wanted.out));
}

// fp16 ends at 65504 and loses digits below 6e-5: what is tiny or huge must not be seen in the errors.
BOOST_AUTO_TEST_CASE_TEMPLATE(tiny_and_huge_numbers, P, All) {
  using S = Stencil<16, 16, 3, Periodic, false>;
  using G = Batched<Grid<9, 17>, 2>;
  for (const double of_data : {1e-9, 1e8, 1e-30, 1e30})
    for (const double of_weights : {1.0, 1e-7, 1e5}) {
      Problem<S, G> problem;
      problem.parameters = numbers(S::parameters, 1, of_weights);
      problem.in = numbers(S::in * G::sites, 2, of_data);
      problem.sent = numbers(S::out * G::sites, 3, 1e-8);
      problem.data.assign(problem.data.size(), 0);
      problem.gradient.assign(problem.gradient.size(), 0);
      const Results wanted = problem.run<double, precision::Full>();
      const Results got = problem.run<float, typename P::Precision>();
      BOOST_TEST(apart(got.out, wanted.out) < P::most());
      BOOST_TEST(apart(got.data, wanted.data) < P::most());
      BOOST_TEST(apart(got.parameters, wanted.parameters) < P::most());
    }
}

// Images of one batch do not share a scale: a tiny one beside a huge one keeps its digits.
BOOST_AUTO_TEST_CASE_TEMPLATE(a_tile_has_its_own_scale, P, All) {
  using S = Stencil<16, 16, 3, Periodic, false>;
  using G = Batched<Grid<8, 16>, 2>;
  Problem<S, G> problem;
  const auto tiny = [](std::size_t i) { return i / (G::sites / 2) % 2 == 1; };
  for (std::size_t i = 0; i < problem.in.size(); ++i)
    if (tiny(i)) problem.in[i] = static_cast<double>(static_cast<float>(problem.in[i] * 1e-12));
  const auto tiny_of = [&](const std::vector<double>& all) {
    std::vector<double> some;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (tiny(i)) some.push_back(all[i]);
    return some;
  };
  const Results wanted = problem.run<double, precision::Full>();
  const Results got = problem.run<float, typename P::Precision>();
  BOOST_TEST(apart(tiny_of(got.out), tiny_of(wanted.out)) < P::most());
}

// What is not finite is told where it is seen, and there alone.
BOOST_AUTO_TEST_CASE_TEMPLATE(infinities_and_nan_stay, P, All) {
  using S = Stencil<16, 16, 3, Periodic>;
  using G = Grid<9, 33>;
  for (const double odd : {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::quiet_NaN()}) {
    Problem<S, G> problem;
    problem.data.assign(problem.data.size(), 0);
    const Results fine = problem.run<double, precision::Full>();
    constexpr std::size_t channel = 5, row = 4, column = 31;
    problem.in[channel * G::sites + row * G::width + column] = odd;
    const Results got = problem.run<float, typename P::Precision>();
    double worst = 0;
    for (std::size_t i = 0; i < got.out.size(); ++i) {
      const std::size_t y = i / G::width % G::height, x = i % G::width;
      if (y >= row - 1 && y <= row + 1 && x >= column - 1 && x <= column + 1)
        BOOST_REQUIRE(!std::isfinite(got.out[i]));
      else worst = std::max(worst, std::abs(got.out[i] - fine.out[i]));
    }
    BOOST_TEST(worst < 30 * P::most());
    BOOST_TEST(!std::isfinite(got.parameters[channel * S::taps]));  // of output 0
    BOOST_TEST(std::isfinite(got.parameters[0]));
  }
}

BOOST_AUTO_TEST_CASE(systems_have_the_same_bits) {
  using S = Stencil<19, 19, 3, Zero>;
  using G = Batched<Grid<9, 33, Zero>, 2>;
  const auto run = [](auto system) {
    using B = Host<decltype(system)>;
    std::vector<float> all(S::parameters + S::in * G::sites + S::out * G::sites + B::template scratch<S, G>);
    nwm::Random random(1);
    for (float& v : all) v = static_cast<float>(random.uniform(-1, 1));
    float *const p = all.data(), *const x = p + S::parameters, *const y = x + S::in * G::sites;
    float* const scratch = y + S::out * G::sites;
    B::template couple<S, G, Activation::tanh>(p, std::array<const float*, 1>{x}, y, scratch);
    B::template couple_adjoint<S, G>(p, std::array<const float*, 1>{x}, y, std::array<float*, 1>{x}, p,
                                     scratch);
    return all;
  };
  BOOST_TEST((run(Sequential{}) == run(OnThreads{})));
}

template <class S, class G, class Precision, std::size_t parts = 1>
bool without_race() {
  const Problem<S, G> problem;
  return problem.template run<float, Precision, parts>() ==
         problem.template run<float, Precision, parts, tools::Isolated>();
}
// As on a GPU, where all threads of a block run at once. The second has several chunks of channels, the last
// several tiles a block.
BOOST_AUTO_TEST_CASE_TEMPLATE(no_race, P, All) {
  using Precision = typename P::Precision;
  BOOST_TEST((without_race<Stencil<16, 16, 3, Zero>, Batched<Grid<9, 33, Zero>, 2>, Precision>()));
  BOOST_TEST((without_race<Stencil<40, 19, 3, Periodic>, Grid<17, 35>, Precision>()));
  BOOST_TEST((without_race<Stencil<26, 52, 3, Periodic>, Batched<Grid<5, 6>, 2>, Precision, 2>()));
  BOOST_TEST((without_race<Stencil<24, 17, 1, Zero>, Batched<Grid<17, 35, Zero>, 2>, Precision>()));
  BOOST_TEST((without_race<Stencil<8, 8, 1, Zero>, Batched<Grid<3, 9, Zero>, 2100>, Precision>()));
}

// What decides which kernel runs.
static_assert(uses_tensor_cores<Stencil<16, 16, 3, Zero>, float>);
static_assert(uses_tensor_cores<Stencil<8, 64, 1, Zero>, float>);
static_assert(!uses_tensor_cores<Stencil<16, 16, 3, Zero>, double>);
static_assert(!uses_tensor_cores<Stencil<2, 2, 3, Periodic>, float>);
static_assert(!uses_tensor_cores<Stencil<64, 6, 1, Zero>, float>);
