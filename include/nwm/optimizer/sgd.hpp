// Stochastic gradient descent, with momentum where asked for.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "nwm/error.hpp"
#include "nwm/optimizer/optimizer.hpp"

namespace nwm::optimizer {

namespace detail {
/// s = μ s + g + l2 · p; p -= rate · s, or with Nesterov's look ahead p -= rate · (g + l2 · p + μ s).
struct SgdRule {
  double momentum, l2, rate;
  bool nesterov;
  template <class V>
  constexpr V operator()(const V& p, const V& g, std::array<V, 1>& s) const {
    const V slope = g + V(l2) * p;
    s[0] = V(momentum) * s[0] + slope;
    return p - V(rate) * (nesterov ? slope + V(momentum) * s[0] : s[0]);
  }
};
}  // namespace detail

/// p -= lr · v with v = μ v + g (Polyak 1964), Nesterov's form by option (Sutskever et al. 2013), in
/// PyTorch's arithmetic without dampening. Weight decay is L2: it is added to the gradient.
struct Sgd {
  double momentum = 0;      ///< μ above; 0: none
  bool nesterov = false;    ///< whether the step looks ahead
  double weight_decay = 0;  ///< what is added to the gradient, times p

  static constexpr std::string_view name = "sgd";
  static constexpr std::array<std::string_view, 1> state{"velocity"};
  /// Throws Error where the momentum is outside [0, 1), Nesterov has none, or the decay is negative.
  void check() const {
    require_option("Sgd", "momentum", momentum, momentum >= 0 && momentum < 1, "a number from 0 to below 1");
    require_option("Sgd", "momentum", momentum, !nesterov || momentum > 0,
                   "a positive number, for Nesterov's step");
    require_option("Sgd", "weight_decay", weight_decay, weight_decay >= 0 && std::isfinite(weight_decay),
                   "0 or a positive number");
  }
  template <class F>
  void options(const F& f) const {
    f("momentum", momentum), f("nesterov", nesterov ? 1.0 : 0.0), f("weight_decay", weight_decay);
  }
  detail::SgdRule rule(std::uint64_t, double learning_rate) const {
    return {momentum, weight_decay, learning_rate, nesterov};
  }
};

}  // namespace nwm::optimizer

#include "nwm/pop_macros.inc"
