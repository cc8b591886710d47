// The nonlinearities of encoders and heads. Each has a derivative that needs its output only, so that the
// backward pass keeps no second copy.
#pragma once

#include "nwm/cell/math.hpp"

namespace nwm {

/// What follows a convolution: nothing, max(x, 0), or tanh(x).
enum class Activation { none, relu, tanh };

/// f(x).
template <Activation kind, class V>
constexpr V activate(const V& x) {
  if constexpr (kind == Activation::relu) return math::relu(x);
  if constexpr (kind == Activation::tanh) {
    using math::tanh;
    return tanh(x);
  }
  return x;
}

/// f'(x) · gradient, given y = f(x). relu'(0) = 0.
template <Activation kind, class V>
constexpr V activation_adjoint(const V& y, const V& gradient) {
  using math::if_positive;
  if constexpr (kind == Activation::relu) return if_positive(y, gradient, V(0));
  if constexpr (kind == Activation::tanh) return gradient * (V(1) - y * y);
  return gradient;
}

}  // namespace nwm
