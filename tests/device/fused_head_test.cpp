// A head in one launch on tensor cores, against the same head in double: scores, loss and all gradients; each
// precision has its error and not a smaller one; numbers of any size; what is not finite stays so.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_fused_head

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <tuple>
#include <vector>

#include "nwm/backend/device/host.hpp"
#include "nwm/layer/head.hpp"
#include "nwm/loss/cross_entropy.hpp"
#include "nwm/loss/mean_squares.hpp"
#include "nwm/model/pixel_head.hpp"
#include "nwm/random.hpp"

namespace {

namespace device = nwm::device;
namespace precision = device::precision;
using nwm::head::Hidden;
using Full = precision::Full;
template <class Precision>
using Host = device::Host<device::Sequential, 1, Precision>;
using Precisions = std::tuple<precision::Full, precision::Tf32, precision::Bf16>;

/// What a head makes of its features: numbers of scores, gradients of features and of each layer's parameters.
struct Outcome {
  std::vector<double> scores, x_gradient, parameter_gradient;
  double loss = 0;
  bool operator==(const Outcome&) const = default;
};

/// How far `found` is from `wanted`, over the size of that.
double apart(std::span<const double> found, std::span<const double> wanted) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    difference += (found[i] - wanted[i]) * (found[i] - wanted[i]);
    size += wanted[i] * wanted[i];
  }
  return std::sqrt(difference / size);
}

/// A head of `in` features, `out` scores and these hidden layers over `n` pixels, with random numbers.
template <std::size_t in, std::size_t out, class Widths, std::size_t n>
struct Problem {
  using Mlp = nwm::layer::Head<in, out, Widths>;
  std::vector<float> parameters = std::vector<float>(Mlp::parameters), x = std::vector<float>(in * n);
  std::vector<std::uint8_t> classes = std::vector<std::uint8_t>(n);
  std::vector<float> numbers = std::vector<float>(out * n);
  double scale = 1.0 / static_cast<double>(n);

  explicit Problem(std::uint64_t seed = 1) {
    nwm::Random random(seed);
    for (std::size_t l = 0; l < Mlp::layers; ++l) {
      const double range = std::sqrt(3.0 / static_cast<double>(Mlp::width(l)));
      for (std::size_t k = 0; k < Mlp::width(l + 1) * (Mlp::width(l) + 1); ++k)
        parameters[Mlp::offset(l) + k] = static_cast<float>(random.uniform(-range, range));
    }
    for (float& v : x) v = static_cast<float>(random.uniform(-1, 1.5));
    for (std::size_t p = 0; p < n; ++p) classes[p] = static_cast<std::uint8_t>(random.uniform(0, double(out)));
    for (float& v : numbers) v = static_cast<float>(random.uniform(-1, 1));
  }

  template <class B, class Real, class L>
  Outcome run(const L& loss) const {
    using End = nwm::model::PixelHead<Mlp, 1, n, B, Real>;
    std::vector<Real> target(n * L::template planes<out>), weights(parameters.begin(), parameters.end());
    if constexpr (std::is_same_v<typename L::Target, float>)
      loss.template encode<out>(std::span<const float>(numbers), target.data(), n);
    else loss.template encode<out>(std::span<const std::uint8_t>(classes), target.data(), n);
    typename End::Space space(target.size());
    End::set_target(target, space);
    const auto form = [&](auto count, std::size_t start, Real* to) {
      for (std::size_t c = 0; c < in; ++c)
        for (std::size_t p = 0; p < count; ++p) to[c * count + p] = static_cast<Real>(x[c * n + start + p]);
    };
    Outcome found;
    End::score(weights.data(), space, form);
    found.scores.assign(space.scores(), space.scores() + out * n);
    found.x_gradient.resize(in * n);
    std::vector<Real> gradient(Mlp::parameters, Real(0.25));  // is added to
    End::add_gradient(loss, weights.data(), space, static_cast<Real>(scale), gradient.data(), form,
                      [&](auto count, std::size_t start, const Real* from) {
                        for (std::size_t c = 0; c < in; ++c)
                          for (std::size_t p = 0; p < count; ++p)
                            found.x_gradient[c * n + start + p] = static_cast<double>(from[c * count + p]);
                      });
    for (const Real v : gradient) found.parameter_gradient.push_back(static_cast<double>(v) - 0.25);
    found.loss = End::loss(space);
    return found;
  }

  template <class Precision, class L = nwm::loss::CrossEntropy>
  Outcome fused(const L& loss = {}) const {
    static_assert(nwm::fused_head<Host<Precision>, Mlp, float>);
    return run<Host<Precision>, float>(loss);
  }
  template <class L = nwm::loss::CrossEntropy>
  Outcome exact(const L& loss = {}) const {
    return run<nwm::cpu::Scalar, double>(loss);
  }
  /// The largest error of scores, features' gradient, and each layer's weights and biases.
  static double worst(const Outcome& found, const Outcome& wanted) {
    double most = std::max(apart(found.scores, wanted.scores), apart(found.x_gradient, wanted.x_gradient));
    for (std::size_t l = 0; l < Mlp::layers; ++l) {
      const std::size_t weights = Mlp::width(l + 1) * Mlp::width(l), biases = Mlp::width(l + 1);
      const auto part = [&](std::size_t at, std::size_t size) {
        most = std::max(most, apart(std::span(found.parameter_gradient).subspan(Mlp::offset(l) + at, size),
                                    std::span(wanted.parameter_gradient).subspan(Mlp::offset(l) + at, size)));
      };
      part(0, weights);
      part(weights, biases);
    }
    return std::isfinite(found.loss) ? std::max(most, std::abs(found.loss / wanted.loss - 1)) : found.loss;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(probe, P, Precisions) {
  {
    const Problem<102, 6, Hidden<256, 256, 256>, 40> wide;
    BOOST_TEST_MESSAGE(P::name << " wide " << wide.worst(wide.fused<P>(), wide.exact()));
  }
  {
    const Problem<7, 3, Hidden<20>, 300> wide;
    BOOST_TEST_MESSAGE(P::name << " 7-20-3 " << wide.worst(wide.fused<P>(), wide.exact()));
  }
  {
    const Problem<7, 3, Hidden<>, 33> wide;
    BOOST_TEST_MESSAGE(P::name << " none " << wide.worst(wide.fused<P>(), wide.exact()));
  }
}
