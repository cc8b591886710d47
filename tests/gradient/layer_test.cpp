// Encoder, head and loss one by one: gradients of their parameters and of what they are given.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE gradient_layer

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <tuple>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/check/check_gradient.hpp"
#include "nwm/layer/encoder.hpp"
#include "nwm/layer/head.hpp"
#include "nwm/loss/cross_entropy_kernel.hpp"
#include "nwm/memory/buffer.hpp"
#include "tools.hpp"

namespace {

using nwm::Activation;
using nwm::GradientPart;
using tools::dot;
using tools::random_vector;
using Backends = std::tuple<nwm::cpu::Scalar, nwm::cpu::Simd<>>;
static_assert(nwm::layer::HeadLayer<nwm::layer::Head<4, 3, nwm::head::Wide>> &&
              nwm::layer::HeadLayer<nwm::layer::Head<4, 3, nwm::head::Hidden<>>>);
static_assert(nwm::head::HeadWidths<nwm::head::Narrow> && nwm::head::HeadWidths<nwm::head::Hidden<>>);

void require(const nwm::GradientReport& report) {
  for (const std::string& fault : report.faults) BOOST_TEST(false, fault);
  BOOST_TEST(report.ok());
}

/// Parameters first, then the image.
template <class B, std::size_t layers, Activation last>
void encoder_has_its_gradient() {
  using G = nwm::Grid<5, 7>;
  using E = nwm::layer::Encoder<G, 2, 3, 2, layers, last>;
  constexpr std::size_t image = 2 * G::sites, out = 2 * G::sites;
  std::vector<double> x = random_vector(E::parameters + image, 1, -0.4, 0.5);
  const std::vector<double> weight = random_vector(out, 2);
  nwm::Buffer<double> hidden(E::hidden + 1), result(out), work(2 * 3 * G::sites),
      scratch(E::template scratch<B> + 1);
  const auto value = [&] {
    E::template forward<B>(x.data(), x.data() + E::parameters, hidden.data(), result.data(), scratch.data());
    return dot(std::vector<double>(result.data(), result.data() + out), weight);
  };
  value();
  const std::vector<double> before = random_vector(x.size(), 3);
  std::vector<double> gradient = before, given = weight;
  E::template backward<B>(x.data(), x.data() + E::parameters, hidden.data(), result.data(), given.data(),
                          gradient.data(), gradient.data() + E::parameters, work.data(), scratch.data());
  gradient = tools::minus(gradient, before);
  const std::vector<GradientPart> parts{{.name = "parameters", .offset = 0, .size = E::parameters},
                                        {.name = "image", .offset = E::parameters, .size = image}};
  require(nwm::check_gradient(std::span(x), gradient, value, parts));

  // Without the image's gradient the parameters' is the same.
  std::vector<double> alone(E::parameters);
  value();
  given = weight;
  E::template backward<B>(x.data(), x.data() + E::parameters, hidden.data(), result.data(), given.data(),
                          alone.data(), static_cast<double*>(nullptr), work.data(), scratch.data());
  gradient.resize(alone.size());
  const std::vector<double> rest = tools::minus(alone, gradient);
  BOOST_TEST(dot(rest, rest) < 1e-24 * dot(alone, alone));
}

/// Parameters, then the features of 13 pixels.
template <class B, class Widths>
void head_has_its_gradient() {
  constexpr std::size_t n = 13, in = 4, classes = 3;
  using H = nwm::layer::Head<in, classes, Widths>;
  std::vector<double> x = random_vector(H::parameters + in * n, 1, -0.7, 0.9), scores(classes * n);
  const std::vector<double> weight = random_vector(scores.size(), 2);
  nwm::Buffer<double> hidden(H::hidden * n + 1), work(2 * H::widest * n);
  const auto value = [&] {
    H::template forward<B, n>(x.data(), x.data() + H::parameters, hidden.data(), scores.data());
    return dot(scores, weight);
  };
  value();
  std::vector<double> gradient(x.size());
  std::fill(gradient.begin(), gradient.begin() + H::parameters,
            3.0);  // added to; that of the features is set
  std::fill(gradient.begin() + H::parameters, gradient.end(), 9.0);
  H::template backward<B, n>(x.data(), x.data() + H::parameters, hidden.data(), weight.data(),
                             gradient.data() + H::parameters, gradient.data(), work.data());
  for (std::size_t i = 0; i < H::parameters; ++i) gradient[i] -= 3;
  const std::vector<GradientPart> parts{{.name = "parameters", .offset = 0, .size = H::parameters},
                                        {.name = "features", .offset = H::parameters, .size = in * n}};
  require(nwm::check_gradient(std::span(x), gradient, value, parts));
}

/// The cross-entropy summed over n pixels; replaces scores (classes, n) by `scale` times its slope. target
/// (n) holds class numbers.
template <class B, std::size_t classes, std::size_t n, class Real>
double cross_entropy(Real* scores, const Real* target, double scale) {
  return B::template sum<Real>(
      n, nwm::loss::CrossEntropyKernel<classes, false, Real>{scale, 0, n, target, scores});
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(encoders, B, Backends) {
  encoder_has_its_gradient<B, 1, Activation::none>();
  encoder_has_its_gradient<B, 2, Activation::tanh>();
  encoder_has_its_gradient<B, 3, Activation::relu>();
  encoder_has_its_gradient<B, 4, Activation::tanh>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(heads, B, Backends) {
  head_has_its_gradient<B, nwm::head::Hidden<>>();
  head_has_its_gradient<B, nwm::head::Hidden<6>>();
  head_has_its_gradient<B, nwm::head::Hidden<5, 7, 3>>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(loss, B, Backends) {
  constexpr std::size_t n = 11, classes = 4;
  std::vector<double> scores = random_vector(classes * n, 1, -3, 3), target(n);
  for (std::size_t p = 0; p < n; ++p) target[p] = static_cast<double>(p % classes);
  const auto value = [&] {
    std::vector<double> copy = scores;
    return cross_entropy<B, classes, n>(copy.data(), target.data(), 1.0);
  };
  std::vector<double> gradient = scores, half = scores;
  cross_entropy<B, classes, n>(gradient.data(), target.data(), 1.0);
  require(nwm::check_gradient(std::span(scores), gradient, value));
  cross_entropy<B, classes, n>(half.data(), target.data(), 0.5);
  for (std::size_t i = 0; i < half.size(); ++i) BOOST_TEST(std::abs(half[i] - 0.5 * gradient[i]) < 1e-15);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(loss_of_scores_that_would_overflow, B, Backends) {
  constexpr std::size_t n = 3, classes = 2;
  std::vector<double> scores{1000, -1000, 5, -1000, 1000, 5}, target{0, 0, 1};
  const double loss = cross_entropy<B, classes, n>(scores.data(), target.data(), 1.0);
  BOOST_TEST(std::abs(loss - (0 + 2000 + std::log(2.0))) < 1e-9);
  const std::vector<double> expected{0, -1, 0.5, 0, 1, -0.5};
  for (std::size_t i = 0; i < scores.size(); ++i) BOOST_TEST(std::abs(scores[i] - expected[i]) < 1e-15);
}
