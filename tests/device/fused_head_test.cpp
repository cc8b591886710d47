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

#include "isolated.hpp"
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
#if defined(_OPENMP)
using Threads = device::Host<device::OpenMp>;
#else
using Threads = Host<Full>;
#endif
/// A device whose blocks have too little shared memory for it.
struct Little : device::Sequential {
  static std::size_t shared_memory() { return 1000; }
};

using Wide = Hidden<256, 256, 256>;
constexpr double bound = 1e-5;  // of float32, against double
constexpr double infinity = std::numeric_limits<double>::infinity(),
                 not_a_number = std::numeric_limits<double>::quiet_NaN();

/// What a head makes of its features.
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
  double scale = 1.0 / static_cast<double>(n), before = 0;  ///< what the gradient is added to

  explicit Problem(std::uint64_t seed = 1) {
    nwm::Random random(seed);
    for (std::size_t l = 0; l < Mlp::layers; ++l) {
      const double range = std::sqrt(3.0 / static_cast<double>(Mlp::width(l)));
      for (std::size_t k = 0; k < Mlp::width(l + 1) * (Mlp::width(l) + 1); ++k)
        parameters[Mlp::offset(l) + k] = static_cast<float>(random.uniform(-range, range));
    }
    for (float& v : x) v = static_cast<float>(random.uniform(-1, 1.5));
    for (std::size_t p = 0; p < n; ++p)
      classes[p] = static_cast<std::uint8_t>(random.uniform(0, double(out)));
    for (float& v : numbers) v = static_cast<float>(random.uniform(-1, 1));
  }

  /// Sums of hidden layers so far from 0 that rounding turns no ReLU on or off.
  Problem& clear_of_zero() {
    for (std::size_t l = 0; l + 1 < Mlp::layers; ++l) {
      float* const weights = parameters.data() + Mlp::offset(l);
      const std::size_t count = Mlp::width(l + 1) * Mlp::width(l);
      for (std::size_t k = 0; k < count; ++k) weights[k] *= 0.2F;
      for (std::size_t k = 0; k < Mlp::width(l + 1); ++k) weights[count + k] = k % 3 == 0 ? -1.5F : 1.5F;
    }
    return *this;
  }
  /// The same scores from features and a first hidden layer that are `by` times as large.
  Problem& stretch(float by) {
    for (float& v : x) v *= by;
    for (std::size_t k = 0; k < Mlp::width(1); ++k) parameters[Mlp::width(1) * Mlp::width(0) + k] *= by;
    for (std::size_t k = 0; k < Mlp::width(2) * Mlp::width(1); ++k) parameters[Mlp::offset(1) + k] /= by;
    return *this;
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
    std::vector<Real> gradient(Mlp::parameters, static_cast<Real>(before));
    End::add_gradient(loss, weights.data(), space, static_cast<Real>(scale), gradient.data(), form,
                      [&](auto count, std::size_t start, const Real* from) {
                        for (std::size_t c = 0; c < in; ++c)
                          for (std::size_t p = 0; p < count; ++p)
                            found.x_gradient[c * n + start + p] = static_cast<double>(from[c * count + p]);
                      });
    found.parameter_gradient.assign(gradient.begin(), gradient.end());
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

/// The error of a problem in float32 with a loss.
template <class P, class L = nwm::loss::CrossEntropy>
double error(const P& problem, const L& loss = {}) {
  return P::worst(problem.template fused<Full>(loss), problem.exact(loss));
}

bool all_finite(std::span<const double> v) {
  return std::ranges::all_of(v, [](double d) { return std::isfinite(d); });
}

}  // namespace

// Pixels that fill no tile, several launches, widths that fill no block and no thread block.
BOOST_AUTO_TEST_CASE(as_in_double) {
  BOOST_TEST(error(Problem<102, 6, Wide, 40>()) < bound);
  BOOST_TEST(error(Problem<7, 3, Hidden<20>, 300>()) < bound);
  BOOST_TEST(error(Problem<7, 3, Hidden<>, 33>()) < bound);
  BOOST_TEST(error(Problem<40, 35, Hidden<144, 16>, 150>()) < bound);
  BOOST_TEST(error(Problem<256, 10, Hidden<32, 32, 32, 32, 32>, 257>()) < bound);
}

BOOST_AUTO_TEST_CASE(with_any_loss_of_a_pixel) {
  const Problem<7, 3, Hidden<20>, 300> problem(2);
  BOOST_TEST(error(problem, nwm::loss::CrossEntropy{.ignore_index = 1}) < bound);
  BOOST_TEST(error(problem, nwm::loss::WeightedCrossEntropy<3>{{0.5, 0, 4}}) < bound);
  BOOST_TEST(error(problem, nwm::loss::MeanSquares{}) < bound);
}

BOOST_AUTO_TEST_CASE(precisions_cost_what_they_say) {
  const auto problem = Problem<102, 6, Wide, 40>(3).clear_of_zero();
  const auto exact = problem.exact();
  const double full = problem.worst(problem.fused<Full>(), exact),
               tf32 = problem.worst(problem.fused<precision::Tf32>(), exact),
               bf16 = problem.worst(problem.fused<precision::Bf16>(), exact);
  BOOST_TEST_MESSAGE(full << " " << tf32 << " " << bf16);
  BOOST_TEST(full < 3e-6);
  BOOST_TEST(tf32 > 100 * full);
  BOOST_TEST(tf32 < 2e-3);
  BOOST_TEST(bf16 > 4 * tf32);
  BOOST_TEST(bf16 < 1.6e-2);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(numbers_of_any_size, P, Precisions) {
  const double most = P::name == "float32" ? 3e-6 : P::name == "tf32" ? 2e-3 : 1.6e-2;
  for (const float by : {1e8F, 1e-9F, 1e15F, 1e-15F}) {
    const auto problem = Problem<20, 3, Hidden<40, 24>, 50>(4).clear_of_zero().stretch(by);
    BOOST_TEST(problem.worst(problem.template fused<P>(), problem.exact()) < most);
  }
  for (const double scale : {1e8, 1e-9}) {
    auto problem = Problem<20, 3, Hidden<40, 24>, 50>(5).clear_of_zero();
    problem.scale = scale / 50;
    const auto found = problem.template fused<P>(), exact = problem.exact();
    BOOST_TEST(apart(found.x_gradient, exact.x_gradient) < most);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_not_finite_stays_so, P, Precisions) {
  constexpr std::size_t n = 40;
  using Small = Problem<20, 3, Hidden<40, 24>, n>;
  const auto plain = Small(6).template fused<P>();
  BOOST_TEST((all_finite(plain.scores) && all_finite(plain.x_gradient)));
  for (const double v : {not_a_number, infinity, -infinity}) {
    Small problem(6);
    problem.x[5 * n + 18] = static_cast<float>(v);
    const auto found = problem.template fused<P>();
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t k = 0; k < 3; ++k) {
        BOOST_TEST(std::isfinite(found.scores[k * n + p]) == (p != 18));
        if (p != 18) BOOST_TEST(std::abs(found.scores[k * n + p] - plain.scores[k * n + p]) < 1e-2);
      }
    BOOST_TEST(!std::isfinite(found.loss));
    BOOST_TEST(!all_finite(std::span(found.parameter_gradient).first(20)));
    BOOST_TEST(!std::isfinite(found.x_gradient[18]));
    BOOST_TEST(std::isfinite(found.x_gradient[3]));

    Small other(6);
    other.parameters[Small::Mlp::offset(1) + 7] = static_cast<float>(v);
    BOOST_TEST(!all_finite(other.template fused<P>().scores));
  }
}

BOOST_AUTO_TEST_CASE(gradients_of_parameters_are_added) {
  Problem<7, 3, Hidden<20>, 300> problem(10);
  const auto alone = problem.fused<Full>();
  problem.before = 0.25;
  const auto added = problem.fused<Full>();
  for (std::size_t i = 0; i < alone.parameter_gradient.size(); ++i)
    BOOST_TEST(std::abs(added.parameter_gradient[i] - alone.parameter_gradient[i] - 0.25) < 1e-7);
  BOOST_TEST((added.x_gradient == alone.x_gradient));
}

BOOST_AUTO_TEST_CASE(the_same_bits_every_time) {
  const Problem<20, 3, Hidden<40, 24>, 700> problem(7);
  const auto once = problem.fused<Full>();
  BOOST_TEST((once == problem.fused<Full>()));
  BOOST_TEST((once == problem.run<Threads, float>(nwm::loss::CrossEntropy{})));
}

// As on a GPU, where all threads of a block run at once: no number read that another one writes in that
// phase.
BOOST_AUTO_TEST_CASE_TEMPLATE(no_race, P, Precisions) {
  using Isolated = device::Host<tools::Isolated, 1, P>;
  const nwm::loss::CrossEntropy loss{};
  const Problem<20, 3, Hidden<40, 24>, 300> problem(7);
  BOOST_TEST((problem.template run<Isolated, float>(loss) == problem.template fused<P>()));
  const Problem<7, 3, Hidden<>, 33> short_one(8);
  BOOST_TEST((short_one.template run<Isolated, float>(loss) == short_one.template fused<P>()));
  const Problem<102, 6, Hidden<144>, 150> wide(9);
  BOOST_TEST((wide.template run<Isolated, float>(loss) == wide.template fused<P>()));
}

BOOST_AUTO_TEST_CASE(layer_by_layer_where_it_does_not_fit) {
  const Problem<20, 3, Hidden<40, 24>, 300> problem(8);
  const auto found = problem.run<device::Host<Little>, float>(nwm::loss::CrossEntropy{});
  BOOST_TEST(problem.worst(found, problem.exact()) < bound);
  BOOST_TEST((found != problem.fused<Full>()));
  // Features beyond the widest layer, double, and a layer that says nothing of itself.
  using Long = nwm::layer::Head<257, 3, Hidden<>>;
  static_assert(!nwm::fused_head<Host<Full>, Long, float>);
  static_assert(!nwm::fused_head<Host<Full>, nwm::layer::Head<8, 3, Hidden<>>, double>);
  static_assert(!nwm::fused_head<nwm::cpu::Scalar, nwm::layer::Head<8, 3, Hidden<>>, float>);
}

BOOST_AUTO_TEST_CASE(a_planted_error_is_seen) {
  Problem<102, 6, Wide, 40> problem(9);
  const auto exact = problem.exact();
  problem.parameters[decltype(problem)::Mlp::offset(2) + 7] += 0.01F;
  BOOST_TEST(problem.worst(problem.fused<Full>(), exact) > 3 * bound);
}
