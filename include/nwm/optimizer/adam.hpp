// Adam and AdamW.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "nwm/cell/math.hpp"
#include "nwm/error.hpp"
#include "nwm/optimizer/optimizer.hpp"

namespace nwm::optimizer {

namespace detail {

/// p -= decay · p + rate · m / (sqrt(v) / root + ε), with the moments m and v of g + l2 · p. Decay and step
/// are added up before they meet the parameter, so that it is rounded once an update.
struct AdamRule {
  double beta1, beta2, epsilon, l2, decay, rate, root;
  template <class V>
  constexpr V operator()(const V& p, const V& g, std::array<V, 2>& s) const {
    using math::sqrt;
    const V slope = g + V(l2) * p;
    s[0] = V(beta1) * s[0] + V(1 - beta1) * slope;
    s[1] = V(beta2) * s[1] + V(1 - beta2) * slope * slope;
    return p - (V(decay) * p + V(rate) * s[0] / (sqrt(s[1]) / V(root) + V(epsilon)));
  }
};

/// What Adam and AdamW have in common.
struct AdamOptions {
  static constexpr std::array<std::string_view, 2> state{"first_moment", "second_moment"};

  template <class Derived>
  static void check(const char* name, const Derived& o) {
    const auto below_one = [](double beta) { return beta >= 0 && beta < 1; };
    require_option(name, "beta1", o.beta1, below_one(o.beta1), "a number from 0 to below 1");
    require_option(name, "beta2", o.beta2, below_one(o.beta2), "a number from 0 to below 1");
    require_option(name, "epsilon", o.epsilon, o.epsilon > 0 && std::isfinite(o.epsilon),
                   "a positive number");
    require_option(name, "weight_decay", o.weight_decay, o.weight_decay >= 0 && std::isfinite(o.weight_decay),
                   "0 or a positive number");
  }
  template <class Derived>
  static AdamRule rule(const Derived& o, std::uint64_t step, double learning_rate, double l2, double decay) {
    const auto t = static_cast<double>(step);
    return {o.beta1,
            o.beta2,
            o.epsilon,
            l2,
            decay,
            learning_rate / (1 - std::pow(o.beta1, t)),
            std::sqrt(1 - std::pow(o.beta2, t))};
  }
};

}  // namespace detail

/// Kingma, Ba 2015, in PyTorch's arithmetic: p -= lr/(1−β1^t) · m / (sqrt(v)/sqrt(1−β2^t) + ε). Weight decay
/// is L2: it is added to the gradient.
struct Adam {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  ///< β1, β2 and ε above
  double weight_decay = 0;                            ///< what is added to the gradient, times p

  static constexpr std::string_view name = "adam";
  static constexpr auto state = detail::AdamOptions::state;
  /// Throws Error where β is outside [0, 1), ε not positive, or the decay negative.
  void check() const { detail::AdamOptions::check("Adam", *this); }
  template <class F>
  void options(const F& f) const {
    f("beta1", beta1), f("beta2", beta2), f("epsilon", epsilon), f("weight_decay", weight_decay);
  }
  detail::AdamRule rule(std::uint64_t step, double learning_rate) const {
    return detail::AdamOptions::rule(*this, step, learning_rate, weight_decay, 0);
  }
};

/// Adam with decoupled weight decay (Loshchilov, Hutter 2019): p -= lr · decay · p beside Adam's step.
struct AdamW {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  ///< as Adam's
  double weight_decay = 0.01;                         ///< share of p that a step takes away, times the rate

  static constexpr std::string_view name = "adamw";
  static constexpr auto state = detail::AdamOptions::state;
  /// As Adam's.
  void check() const { detail::AdamOptions::check("AdamW", *this); }
  template <class F>
  void options(const F& f) const {
    f("beta1", beta1), f("beta2", beta2), f("epsilon", epsilon), f("weight_decay", weight_decay);
  }
  detail::AdamRule rule(std::uint64_t step, double learning_rate) const {
    return detail::AdamOptions::rule(*this, step, learning_rate, 0, learning_rate * weight_decay);
  }
};

}  // namespace nwm::optimizer

#include "nwm/pop_macros.inc"
