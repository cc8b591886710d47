// Adam, AdamW and SGD against their equations, number by number.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE train_optimizer

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <tuple>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/optimizer/adam.hpp"
#include "nwm/optimizer/sgd.hpp"
#include "nwm/random.hpp"

namespace {

namespace tt = boost::test_tools;

/// As much of a model as an optimiser sees: eleven parameters, of which three are not trained.
template <class B, class R>
struct Parameters {
  using Real = R;
  using Backend = B;
  static constexpr auto layout = nwm::exact_layout<[](auto& all) {
    all.add("first", {5}, 5);
    all.add("fixed", {3}, 3, nwm::Initial::uniform, false);
    all.add("last", {3}, 3);
  }>();
  static constexpr std::size_t parameter_count = layout.size;
};

template <class R>
struct Start {
  std::vector<R> p, g;
  Start() {
    nwm::Random random(4);
    for (int i = 0; i < 11; ++i) p.push_back(static_cast<R>(random.uniform(-1, 1)));
    for (int i = 0; i < 11; ++i) g.push_back(static_cast<R>(random.uniform(-3, 3)));
    g[2] = 0;
  }
};

/// Kingma & Ba's algorithm 1, Loshchilov & Hutter's algorithm 2, one parameter.
struct Reference {
  double p, m = 0, v = 0;
  int t = 0;
  template <class O>
  void step(double g, double rate, const O& o) {
    constexpr bool decoupled = std::is_same_v<O, nwm::optimizer::AdamW>;
    ++t;
    if (!decoupled) g += o.weight_decay * p;
    m = o.beta1 * m + (1 - o.beta1) * g;
    v = o.beta2 * v + (1 - o.beta2) * g * g;
    const double m_hat = m / (1 - std::pow(o.beta1, t)), v_hat = v / (1 - std::pow(o.beta2, t));
    const double decay = decoupled ? rate * o.weight_decay * p : 0;
    p = p - decay - rate * m_hat / (std::sqrt(v_hat) + o.epsilon);
  }
};

/// Polyak's heavy ball and Nesterov's look ahead as Sutskever et al. write them, one parameter: the state is
/// v = μ v + g; the ball moves by v, the look ahead by g + μ v.
struct HeavyBall {
  double p, m = 0;
  void step(double g, double rate, const nwm::optimizer::Sgd& o) {
    g += o.weight_decay * p;
    m = o.momentum * m + g;
    if (o.nesterov) g += o.momentum * m;
    else g = m;
    p -= rate * g;
  }
};
template <class O>
using ReferenceOf = std::conditional_t<std::is_same_v<O, nwm::optimizer::Sgd>, HeavyBall, Reference>;

template <class Machine, class O = nwm::optimizer::Adam>
void follows(const O& options, double gradient_scale) {
  using Real = typename Machine::Real;
  const double bound = sizeof(Real) == 4 ? 2e-6 : 1e-14;
  Start<Real> start;
  std::vector<Real> p = start.p;
  std::vector<ReferenceOf<O>> reference;
  for (const Real v : p) reference.push_back({static_cast<double>(v)});
  nwm::optimizer::Stepper<Machine, O> stepper(options);
  for (int t = 1; t <= 7; ++t) {
    const double rate = 0.1 / t;
    std::vector<Real> g = start.g;
    for (Real& v : g) v *= static_cast<Real>(t % 3 - 0.5);
    stepper.step(p, g, rate, gradient_scale);
    BOOST_TEST(stepper.steps() == static_cast<unsigned>(t));
    for (std::size_t i = 0; i < p.size(); ++i) {
      if (i >= 5 && i < 8) {
        BOOST_TEST(p[i] == start.p[i], "parameter " << i << " is not trained");
        continue;
      }
      reference[i].step(gradient_scale * static_cast<double>(g[i]), rate, options);
      BOOST_TEST(std::abs(static_cast<double>(p[i]) - reference[i].p) < bound,
                 "parameter " << i << ", step " << t << ": " << p[i] << " for " << reference[i].p);
      BOOST_TEST(std::abs(static_cast<double>(stepper.state(0)[i]) - reference[i].m) < bound);
    }
  }
}

using Machines = std::tuple<Parameters<nwm::cpu::Scalar, float>, Parameters<nwm::cpu::Scalar, double>,
                            Parameters<nwm::cpu::Simd<>, double>, Parameters<nwm::cpu::Simd<>, float>>;

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(follows_the_equations, Machine, Machines) {
  using nwm::optimizer::Adam, nwm::optimizer::AdamW;
  follows<Machine>(Adam{}, 1);
  follows<Machine>(Adam{}, 0.25);
  follows<Machine>(Adam{.weight_decay = 0.3}, 1);
  follows<Machine>(AdamW{.weight_decay = 0.3}, 1);
  follows<Machine>(AdamW{.beta1 = 0.5, .beta2 = 0.9, .epsilon = 0.1, .weight_decay = 1}, 2);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(sgd_follows_the_equations, Machine, Machines) {
  using nwm::optimizer::Sgd;
  follows<Machine>(Sgd{}, 1);
  follows<Machine>(Sgd{.weight_decay = 0.3}, 0.25);
  follows<Machine>(Sgd{.momentum = 0.9}, 1);
  follows<Machine>(Sgd{.momentum = 0.9, .weight_decay = 0.3}, 1);
  follows<Machine>(Sgd{.momentum = 0.8, .nesterov = true}, 1);
  follows<Machine>(Sgd{.momentum = 0.8, .nesterov = true, .weight_decay = 0.2}, 0.5);
}

BOOST_AUTO_TEST_CASE(two_steps_of_sgd_by_hand) {
  // g = 1 twice at a rate of 0.1, momentum 0.5: v = 1, 1.5; the look ahead is 1.5, then 1.75.
  using Machine = Parameters<nwm::cpu::Scalar, double>;
  const std::vector<double> g(11, 1.0);
  const auto after_two = [&](const nwm::optimizer::Sgd& sgd) {
    nwm::optimizer::Stepper<Machine, nwm::optimizer::Sgd> stepper(sgd);
    std::vector<double> p(11, 1.0);
    stepper.step(p, g, 0.1);
    stepper.step(p, g, 0.1);
    return p[0];
  };
  BOOST_TEST(after_two({}) == 0.8, tt::tolerance(1e-14));
  BOOST_TEST(after_two({.momentum = 0.5}) == 0.75, tt::tolerance(1e-14));
  BOOST_TEST(after_two({.momentum = 0.5, .nesterov = true}) == 0.675, tt::tolerance(1e-14));
  // Decay 0.5: the slope is 1.5 at p = 1, then 1 + 0.5 · 0.85.
  BOOST_TEST(after_two({.weight_decay = 0.5}) == 0.85 - 0.1 * 1.425, tt::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(the_first_step_by_hand) {
  // m̂ = g, v̂ = g²: a step of the learning rate against the sign of the gradient, whatever its size.
  using Machine = Parameters<nwm::cpu::Scalar, double>;
  nwm::optimizer::Stepper<Machine, nwm::optimizer::Adam> adam;
  std::vector<double> p(11, 1.0), g(11, 1e-3);
  g[0] = 5, g[1] = -5, g[2] = 0;
  adam.step(p, g, 0.01);
  BOOST_TEST(p[0] == 0.99, tt::tolerance(1e-8));
  BOOST_TEST(p[1] == 1.01, tt::tolerance(1e-8));
  BOOST_TEST(p[2] == 1);
  BOOST_TEST(p[3] == 1 - 0.01 * 1e-3 / (1e-3 + 1e-8), tt::tolerance(1e-14));
  BOOST_TEST(adam.state(0)[0] == 0.5, tt::tolerance(1e-14));
  BOOST_TEST(adam.state(1)[0] == 0.025, tt::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(weight_decay_alone) {
  // Without a gradient: AdamW shrinks by lr·λ a step; Adam's decay is a gradient, so its first step is lr.
  using Machine = Parameters<nwm::cpu::Scalar, double>;
  const std::vector<double> g(11);
  std::vector<double> decoupled(11, 2.0), coupled(11, 2.0);
  nwm::optimizer::Stepper<Machine, nwm::optimizer::AdamW> adamw({.weight_decay = 0.5});
  nwm::optimizer::Stepper<Machine, nwm::optimizer::Adam> adam({.weight_decay = 0.5});
  adamw.step(decoupled, g, 0.1);
  adamw.step(decoupled, g, 0.1);
  adam.step(coupled, g, 0.1);
  BOOST_TEST(decoupled[0] == 2 * 0.95 * 0.95, tt::tolerance(1e-14));
  BOOST_TEST(coupled[0] == 1.9, tt::tolerance(1e-7));
  BOOST_TEST(decoupled[6] == 2);
  BOOST_TEST(coupled[6] == 2);
}

BOOST_AUTO_TEST_CASE(moments_and_count_are_all_there_is_to_it) {
  using Machine = Parameters<nwm::cpu::Simd<>, float>;
  Start<float> start;
  std::vector<float> p = start.p;
  nwm::optimizer::Stepper<Machine, nwm::optimizer::Adam> whole, first, second;
  for (int t = 0; t < 6; ++t) whole.step(p, start.g, 0.01);
  std::vector<float> q = start.p;
  for (int t = 0; t < 3; ++t) first.step(q, start.g, 0.01);
  std::ranges::copy(first.state(0), second.state(0).begin());
  std::ranges::copy(first.state(1), second.state(1).begin());
  second.set_steps(first.steps());
  for (int t = 0; t < 3; ++t) second.step(q, start.g, 0.01);
  BOOST_TEST((p == q));
}
