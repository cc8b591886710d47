// Sums beside couplings, maps after sums, and gradients joined in one launch: against the words that do one
// thing each, in the direct kernels and in those on tensor cores; the same bits on every host system and in
// any order.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_row_sums

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "isolated.hpp"
#include "nwm/backend/device/host.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/grid/stencil.hpp"
#include "nwm/layer/batch_norm_beside.hpp"
#include "nwm/random.hpp"

namespace {

using namespace nwm::device;
using nwm::Activation;
using nwm::Batched;
using nwm::Grid;
using nwm::Stencil;
using nwm::Zero;
#if defined(_OPENMP)
using OnThreads = OpenMp;
#else
using OnThreads = Sequential;
#endif
using Host1 = Host<Sequential>;

template <class Real>
std::vector<Real> numbers(std::size_t size, std::uint64_t seed, double shift = 0) {
  nwm::Random random(seed);
  std::vector<Real> all(size);
  for (Real& v : all) v = static_cast<Real>(shift + random.uniform(-1, 1));
  return all;
}
/// Memory in which a number that nobody has set would be seen.
template <class Real>
std::vector<Real> unset(std::size_t size) {
  return std::vector<Real>(size, std::numeric_limits<Real>::quiet_NaN());
}

/// A coupling's sums of x and x², and its adjoint's of g and g·(x − centre), with what they store.
template <class Real>
struct Outcome {
  std::vector<Real> x, g, slope;       // slope: of the parameters
  std::vector<double> x_sums, g_sums;  // (channels, 2)
  bool operator==(const Outcome&) const = default;
};

template <class S, class G, class Real>
struct Problem {
  std::vector<Real> parameters = numbers<Real>(S::parameters, 1), in = numbers<Real>(S::in * G::sites, 2),
                    sent = numbers<Real>(S::out * G::sites, 3), before = numbers<Real>(S::in * G::sites, 4),
                    scales = numbers<Real>(3 * S::in, 5);
  using Scales = nwm::layer::detail::ChannelScales<Real>;
  Scales channel_scales() const { return {scales.data(), scales.data() + S::in, scales.data() + 2 * S::in}; }

  /// The sums of all parts, which `join` and map_after_sums have added up.
  template <class B>
  static std::vector<double> joined(std::size_t rows, std::size_t parts, std::vector<double>& room) {
    struct Keep {
      using Value = std::array<double, 2>;
      double* to;
      Value operator()(std::size_t row, const Value& sums, bool first) const {
        if (first) std::copy(sums.begin(), sums.end(), to + 2 * row);
        return sums;
      }
    };
    std::vector<double> to(2 * rows);
    B::template map_after_sums<Real>(rows, 300, B::join_sums(rows, parts, room.data()), Keep{to.data()},
                                     [](Lane<Real>, const std::array<double, 2>&) {});
    return to;
  }

  template <class System>
  Outcome<Real> run() const {
    using B = Host<System>;
    constexpr std::size_t parts = B::template stencil_parts<S, G, Real>;
    static_assert(parts <= B::template most_parts<G>);
    Outcome<Real> o;
    o.x = unset<Real>(S::out * G::sites);
    auto room = unset<double>(B::sum_room(S::out, parts));
    B::run(B::template couple_sums<S, G>(parameters.data(), std::array<const Real*, 1>{in.data()},
                                         nwm::layer::detail::KeepAndSquare<Real>{o.x.data()}, room.data(),
                                         parts));
    o.x_sums = joined<B>(S::out, parts, room);
    o.g = unset<Real>(S::in * G::sites);
    room = unset<double>(B::sum_room(S::in, parts));
    const nwm::layer::detail::MaskAndSlope<Real> mask{channel_scales(), before.data(), o.g.data()};
    auto partial = unset<Real>(B::template scratch<S, G>);
    B::run_both(
        B::template couple_gradient<S, G>(std::array<const Real*, 1>{in.data()}, sent.data(), partial.data()),
        B::template couple_back_sums<S, G>(parameters.data(), sent.data(), mask, room.data(), parts));
    o.slope = std::vector<Real>(S::parameters);
    B::join_gradients(std::array{
        B::template gradient_parts<S, G, 1>(static_cast<const Real*>(partial.data()), o.slope.data())});
    o.g_sums = joined<B>(S::in, parts, room);
    return o;
  }

  /// The same in the words of the vocabulary.
  Outcome<Real> wanted() const {
    Outcome<Real> o{std::vector<Real>(S::out * G::sites), std::vector<Real>(S::in * G::sites),
                    std::vector<Real>(S::parameters), std::vector<double>(2 * S::out),
                    std::vector<double>(2 * S::in)};
    std::vector<Real> scratch(Host1::scratch<S, G>);
    Host1::couple<S, G, Activation::none>(parameters.data(), std::array<const Real*, 1>{in.data()},
                                          o.x.data(), scratch.data());
    Host1::couple_adjoint<S, G>(parameters.data(), std::array<const Real*, 1>{in.data()}, sent.data(),
                                std::array<Real*, 1>{o.g.data()}, o.slope.data(), scratch.data());
    for (std::size_t i = 0; i < o.x.size(); ++i) {
      const auto x = static_cast<double>(o.x[i]);
      o.x_sums[2 * (i / G::sites)] += x;
      o.x_sums[2 * (i / G::sites) + 1] += x * x;
    }
    for (std::size_t i = 0; i < o.g.size(); ++i) {
      const auto scale = channel_scales()[i / G::sites];
      if (!(scale(before[i]) > 0)) o.g[i] = 0;
      o.g_sums[2 * (i / G::sites)] += static_cast<double>(o.g[i]);
      o.g_sums[2 * (i / G::sites) + 1] +=
          static_cast<double>(o.g[i]) * static_cast<double>(before[i] - scale.centre);
    }
    return o;
  }
};

template <class T>
double apart(const std::vector<T>& a, const std::vector<T>& b) {
  double worst = a.size() == b.size() ? 0 : 1e9, largest = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double d = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(d <= worst)) worst = std::isnan(d) ? 1e9 : d;
    largest = std::max(largest, std::abs(static_cast<double>(b[i])));
  }
  return largest > 0 ? worst / largest : worst;
}

template <class S, class G, class Real>
void agree() {
  BOOST_TEST_CONTEXT(S::in << " to " << S::out << ", " << S::size << "x" << S::size << ", " << G::height
                           << "x" << G::width << ", " << nwm::images_of<G> << " images, " << sizeof(Real)) {
    const Problem<S, G, Real> problem;
    const Outcome<Real> wanted = problem.wanted(), found = problem.template run<Sequential>();
    BOOST_TEST((found.x == wanted.x));
    BOOST_TEST((found.g == wanted.g));
    BOOST_TEST((found.slope == wanted.slope));
    BOOST_TEST(apart(found.x_sums, wanted.x_sums) < 1e-13);
    BOOST_TEST(apart(found.g_sums, wanted.g_sums) < (sizeof(Real) == 4 ? 1e-6 : 1e-13));
    BOOST_TEST((problem.template run<OnThreads>() == found));
    BOOST_TEST((problem.template run<tools::Isolated>() == found));
  }
}

/// A row's mean; counts how often it is the first.
struct Mean {
  using Value = double;
  std::size_t* firsts;
  double operator()(std::size_t row, const std::array<double, 2>& sums, bool first) const {
    firsts[row] += first ? 1 : 0;
    return sums[0] / sums[1];
  }
};

}  // namespace

// Tiles that reach beyond images, channels that fill no group, so many tiles that a block on tensor cores
// takes several, and more parts than blocks of a map add up by themselves.
BOOST_AUTO_TEST_CASE(sums_beside_couplings) {
  using Odd = Batched<Grid<17, 35, Zero>, 2>;
  agree<Stencil<3, 5, 3, Zero, false>, Odd, double>();
  agree<Stencil<3, 5, 3, Zero>, Odd, float>();
  agree<Stencil<1, 4, 3, Zero, false>, Grid<5, 1, Zero>, float>();
  agree<Stencil<13, 2, 1, Zero>, Batched<Grid<2, 3, Zero>, 3>, double>();
  agree<Stencil<12, 9, 3, Zero, false>, Odd, float>();
  agree<Stencil<40, 24, 1, Zero, false>, Batched<Grid<4, 7, Zero>, 3>, float>();
  agree<Stencil<8, 8, 1, Zero>, Batched<Grid<3, 9, Zero>, 1030>, float>();
  static_assert(Host1::stencil_parts<Stencil<8, 8, 1, Zero>, Batched<Grid<3, 9, Zero>, 1030>, float> == 1030);
}

BOOST_AUTO_TEST_CASE(rows_then_a_map) {
  for (const std::size_t n : {std::size_t{1}, std::size_t{255}, std::size_t{4097}, std::size_t{100000}})
    BOOST_TEST_CONTEXT(n) {
      constexpr std::size_t rows = 3, passes = 2;
      const auto x = numbers<float>(passes * rows * n, 7);
      const std::size_t each = Host1::row_parts(rows, n), parts = passes * each;
      auto room = unset<double>(Host1::sum_room(rows, parts));
      for (std::size_t i = 0; i < passes; ++i)
        Host1::sum_rows_beside<float>(
            rows, n,
            [from = x.data() + i * rows * n](Lane<float> lane) {
              return std::array<double, 2>{static_cast<double>(from[lane.index]), 1};
            },
            room.data() + 2 * i * each, parts);
      std::vector<std::size_t> firsts(rows);
      std::vector<double> to(rows * n);
      Host1::map_after_sums<float>(rows, n, Host1::join_sums(rows, parts, room.data()), Mean{firsts.data()},
                                   [&to](Lane<float> lane, double mean) { to[lane.index] += mean; });
      for (std::size_t r = 0; r < rows; ++r) {
        double mean = 0;
        for (std::size_t i = 0; i < passes; ++i)
          for (std::size_t k = 0; k < n; ++k) mean += static_cast<double>(x[(i * rows + r) * n + k]);
        mean /= static_cast<double>(passes * n);
        BOOST_TEST(firsts[r] == 1U);
        double worst = 0;
        for (std::size_t k = 0; k < n; ++k) worst = std::max(worst, std::abs(to[r * n + k] - mean));
        BOOST_TEST(worst < 1e-12);
      }
    }
}

// A channel far from 0: its variance is a millionth of its mean's square, and keeps the digits of float.
BOOST_AUTO_TEST_CASE(variance_far_from_zero) {
  constexpr std::size_t n = 5000, parts = 7;
  const auto x = numbers<float>(n, 11, 1000);
  std::array<double, 2 * (parts + 1)> room{};
  for (std::size_t i = 0; i < n; ++i) {
    const auto v = static_cast<double>(x[i]);
    room[2 * (i % parts)] += v;
    room[2 * (i % parts) + 1] += v * v;
  }
  double mean = 0, variance = 0;
  for (const float v : x) mean += static_cast<double>(v) / n;
  for (const float v : x) variance += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean) / n;
  const float gamma = 2, beta = 0.5F;
  double inverse = 0;
  float scale = 0, centre = 0, running_mean = 1, running_variance = 1;
  std::vector<float> y(n);
  Host1::map_after_sums<float>(
      1, n, Host1::join_sums(1, parts, room.data()),
      nwm::layer::detail::BatchScale<float>{
          true, n, 0.1, {1e-5, &gamma, &inverse, &scale}, &beta, &centre, &running_mean, &running_variance},
      nwm::layer::detail::NormaliseRelu<float>{x.data(), y.data()});
  BOOST_TEST(std::abs(inverse * std::sqrt(variance + 1e-5) - 1) < 1e-8);
  BOOST_TEST(std::abs(static_cast<double>(running_mean) - (0.9 + 0.1 * mean)) < 1e-4);
  BOOST_TEST(std::abs(static_cast<double>(running_variance) - (0.9 + 0.1 * variance * n / (n - 1))) < 1e-6);
  for (std::size_t i = 0; i < n; i += 97) {
    const double exact = 2 * (static_cast<double>(x[i]) - mean) / std::sqrt(variance + 1e-5) + 0.5;
    BOOST_TEST(std::abs(static_cast<double>(y[i]) - std::max(exact, 0.0)) < 3e-4);  // centre in float
  }
}

BOOST_AUTO_TEST_CASE(gradients_joined) {
  constexpr unsigned runs = 37, stride = 50;
  const auto partial = numbers<float>(runs * stride, 13);
  std::vector<float> to(49 + 12 + 5 + 300, 2);
  std::vector<double> wanted(to.size(), 2);
  const std::vector<float> one_run = numbers<float>(300, 14);
  const std::array<GradientParts<float>, 4> all{
      {{partial.data(), to.data(), runs, stride, 49, 1, 49, 1},
       {partial.data() + 3, to.data() + 49, runs, stride, 12, 3, 4, 1},
       {partial.data() + 1, to.data() + 61, runs, stride, 5, 1, 5, 4},
       {one_run.data(), to.data() + 66, 1, 300, 300, 1, 300, 1}}};
  Host1::join_gradients(all);
  for (std::size_t run = 0; run < runs; ++run) {
    const float* const from = partial.data() + run * stride;
    for (std::size_t i = 0; i < 49; ++i) wanted[i] += static_cast<double>(from[i]);
    for (std::size_t r = 0; r < 3; ++r)  // (3, 4) of what stands there as (4, 3)
      for (std::size_t c = 0; c < 4; ++c) wanted[49 + r * 4 + c] += static_cast<double>(from[3 + c * 3 + r]);
    for (std::size_t i = 0; i < 20; ++i) wanted[61 + i / 4] += static_cast<double>(from[1 + i]);
  }
  for (std::size_t i = 0; i < 300; ++i) wanted[66 + i] += static_cast<double>(one_run[i]);
  for (std::size_t i = 0; i < to.size(); ++i)
    BOOST_TEST(std::abs(static_cast<double>(to[i]) - wanted[i]) < 3e-6);
  std::vector<float> again(to.size(), 2), isolated = again;
  auto others = all;
  for (auto* const into : {&again, &isolated}) {
    for (std::size_t k = 0; k < all.size(); ++k) others[k].to = into->data() + (all[k].to - to.data());
    if (into == &again) Host<OnThreads>::join_gradients(others);
    else Host<tools::Isolated>::join_gradients(others);
  }
  BOOST_TEST((again == to));
  BOOST_TEST((isolated == to));
}
