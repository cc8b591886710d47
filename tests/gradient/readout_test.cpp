// Readouts: the gathering of a series is linear, so its adjoint is its transpose, whatever pieces the series
// comes in; forming features from what was gathered is checked by differences.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE gradient_readout

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/check/check_gradient.hpp"
#include "nwm/readout/fft.hpp"
#include "nwm/readout/last.hpp"
#include "nwm/readout/linear.hpp"
#include "nwm/readout/max_time.hpp"
#include "nwm/readout/mean_time.hpp"
#include "tools.hpp"

namespace {

using tools::dot;
using tools::minus;
using tools::mismatch;
using tools::random_vector;
namespace readout = nwm::readout;
using nwm::cpu::Scalar;
using nwm::cpu::Simd;
constexpr double bound = 1e-12;

/// What R multiplies by: its constant matrix, or a random one in the place of the learned one.
template <class R, std::size_t steps>
std::vector<double> matrix_of() {
  std::vector<double> matrix = random_vector(R::template matrix_rows<steps> * steps, 1);
  if constexpr (readout::constant_size<R, steps> > 0) {
    matrix.resize(readout::constant_size<R, steps>);
    R::template fill_constant<steps>(matrix.data());
  }
  return matrix;
}

template <class R, class B, std::size_t steps, std::size_t length>
void gathering_is_transposed() {
  constexpr std::size_t columns = 21, rows = R::template rows<steps>;
  BOOST_TEST_CONTEXT(std::string(R::name) << " on " << B::name << ", " << steps << " steps by " << length) {
    const std::vector<double> matrix = matrix_of<R, steps>(), series = random_vector(steps * columns, 2);
    std::vector<double> gathered = random_vector(rows * columns, 3);  // set, not added to
    for (std::size_t t = 0; t < steps; t += length)
      R::template gather<B, steps, length, columns>(matrix.data(), t, series.data() + t * columns,
                                                    gathered.data());
    // The steps at which the maxima stand are numbers of their own, without gradient.
    std::vector<double> gradient = random_vector(rows * columns, 4);
    if (R::name == "max_time") {
      std::copy_n(gathered.begin() + columns, columns, gradient.begin() + columns);
      gathered.resize(columns);
    }
    const std::vector<double> weights(gradient.begin(),
                                      gradient.begin() + static_cast<std::ptrdiff_t>(gathered.size()));
    std::vector<double> back = random_vector(steps * columns, 5);
    const std::vector<double> matrix_before = random_vector(matrix.size(), 6);
    std::vector<double> matrix_gradient = matrix_before;
    for (std::size_t t = steps; t > 0; t -= length)
      R::template gather_adjoint<B, steps, length, columns>(
          matrix.data(), t - length, series.data() + (t - length) * columns, gradient.data(),
          back.data() + (t - length) * columns, matrix_gradient.data());
    const double forward = dot(gathered, weights);
    BOOST_TEST(mismatch(forward, dot(series, back), gathered, weights) < bound);
    BOOST_TEST(forward != 0);
    const std::vector<double> learned = minus(matrix_gradient, matrix_before);
    if (R::learns_matrix) BOOST_TEST(mismatch(forward, dot(matrix, learned), gathered, weights) < bound);
    else BOOST_TEST(dot(learned, learned) == 0);
  }
}

template <class B>
void all_gather() {
  using namespace readout;
  gathering_is_transposed<Linear, B, 6, 6>();
  gathering_is_transposed<Linear, B, 6, 2>();
  gathering_is_transposed<LinearMap<7>, B, 7, 1>();
  gathering_is_transposed<Fft, B, 6, 6>();
  gathering_is_transposed<Fft, B, 9, 3>();
  gathering_is_transposed<MeanTime, B, 6, 6>();
  gathering_is_transposed<MeanTime, B, 6, 3>();
  gathering_is_transposed<Last, B, 6, 6>();
  gathering_is_transposed<Last, B, 6, 2>();
  gathering_is_transposed<MaxTime, B, 6, 6>();
  gathering_is_transposed<MaxTime, B, 6, 2>();
  gathering_is_transposed<Linear, B, 1, 1>();
  gathering_is_transposed<Fft, B, 1, 1>();
}

/// Features of a stretch of columns among more of them.
template <class R, class B, std::size_t steps>
void forming_has_its_gradient() {
  constexpr std::size_t n = 11, stride = 13, rows = R::template rows<steps>,
                        features = R::template features<steps>;
  BOOST_TEST_CONTEXT(std::string(R::name) << " on " << B::name) {
    std::vector<double> x = random_vector(rows * stride, 1), out(features * n);
    const std::vector<double> weight = random_vector(out.size(), 2);
    const auto value = [&] {
      R::template form<B, steps, n>(x.data(), stride, out.data(), n);
      return dot(out, weight);
    };
    std::vector<double> gradient = x;
    R::template form_adjoint<B, steps, n>(gradient.data(), stride, weight.data(), n);
    std::vector<nwm::GradientPart> parts;
    for (std::size_t r = 0; r < rows; ++r) {
      const bool untouched = R::name == "max_time" && r > 0;
      if (!untouched) parts.push_back({.name = "row " + std::to_string(r), .offset = r * stride, .size = n});
      for (std::size_t i = untouched ? 0 : n; i < stride; ++i)
        BOOST_TEST(gradient[r * stride + i] == x[r * stride + i]);
    }
    const auto report = nwm::check_gradient(std::span(x), gradient, value, parts, {.tolerance = 1e-8});
    BOOST_TEST(report.ok(), (report.faults.empty() ? "" : report.faults[0]));
  }
}

template <class B>
void all_form() {
  using namespace readout;
  forming_has_its_gradient<Linear, B, 6>();
  forming_has_its_gradient<Fft, B, 6>();
  forming_has_its_gradient<MeanTime, B, 6>();
  forming_has_its_gradient<Last, B, 6>();
  forming_has_its_gradient<MaxTime, B, 6>();
}

using Backends = std::tuple<Scalar, Simd<>>;

// Every readout of the library is one by the concept.
static_assert(readout::Readout<readout::Linear> && readout::Readout<readout::LinearMap<7>> &&
              readout::Readout<readout::Fft> && readout::Readout<readout::Last> &&
              readout::Readout<readout::MeanTime> && readout::Readout<readout::MaxTime>);
static_assert(readout::constant_size<readout::Fft, 9> == 90 &&
              readout::constant_size<readout::Linear, 9> == 0);

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(gathering, B, Backends) { all_gather<B>(); }
BOOST_AUTO_TEST_CASE_TEMPLATE(forming, B, Backends) { all_form<B>(); }

BOOST_AUTO_TEST_CASE(features_are_what_they_are_called) {
  constexpr std::size_t steps = 5;
  const std::vector<double> series{1, -2, 4, 4, -3};
  const auto features = [&]<class R>(R, std::size_t count) {
    std::vector<double> rows(R::template rows<steps>), out(count);
    const std::vector<double> matrix = matrix_of<R, steps>();
    R::template gather<Scalar, steps, steps, 1>(matrix.data(), 0, series.data(), rows.data());
    R::template form<Scalar, steps, 1>(rows.data(), 1, out.data(), 1);
    return out;
  };
  BOOST_TEST(features(readout::Last{}, 1)[0] == -3);
  BOOST_TEST(features(readout::MeanTime{}, 1)[0] == 0.8, boost::test_tools::tolerance(1e-15));
  BOOST_TEST(features(readout::MaxTime{}, 1)[0] == 4);
  const auto spectrum = features(readout::Fft{}, 3);
  for (std::size_t k = 0; k < 3; ++k) {
    double re = 0, im = 0;
    for (std::size_t t = 0; t < steps; ++t) {
      const double angle = -2 * std::acos(-1.0) * static_cast<double>(k * t) / steps;
      re += series[t] * std::cos(angle), im += series[t] * std::sin(angle);
    }
    BOOST_TEST(spectrum[k] == std::hypot(re, im), boost::test_tools::tolerance(1e-13));
  }
}

BOOST_AUTO_TEST_CASE(of_equal_maxima_the_first_gets_the_gradient) {
  const std::vector<double> series{1, 4, 4, -3};
  std::vector<double> rows(2), back(4);
  readout::MaxTime::gather<Simd<>, 4, 4, 1>(static_cast<const double*>(nullptr), 0, series.data(),
                                            rows.data());
  rows[0] = 7;
  readout::MaxTime::gather_adjoint<Simd<>, 4, 4, 1>(static_cast<const double*>(nullptr), 0, series.data(),
                                                    rows.data(), back.data(), static_cast<double*>(nullptr));
  BOOST_TEST(back == (std::vector<double>{0, 7, 0, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_modulus_of_zero_has_no_gradient) {
  std::vector<double> rows{0, 3, 0, 0, -4, 0};  // 3 frequencies: (0, 0), (3, -4), (0, 0)
  const std::vector<double> gradient{1, 2, 3};
  readout::Fft::form_adjoint<Simd<>, 5, 1>(rows.data(), 1, gradient.data(), 1);
  const std::vector<double> expected{0, 2 * 0.6, 0, 0, -2 * 0.8, 0};
  for (std::size_t i = 0; i < 6; ++i) BOOST_TEST(std::abs(rows[i] - expected[i]) < 1e-15);
}
