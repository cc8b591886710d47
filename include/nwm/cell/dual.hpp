// Dual numbers: a cell's own update, run on them, yields its local derivative, so that no cell needs an
// adjoint written by hand.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/cell/math.hpp"

namespace nwm::math {

/// value + Σ_i d[i] ε_i with ε_i ε_j = 0, over any value type V (float, double, a SIMD pack).
template <class V, std::size_t n>
struct Dual {
  V value{};             ///< the number itself
  std::array<V, n> d{};  ///< its derivatives in n directions

  constexpr Dual() = default;
  /// A constant: all derivatives zero.
  constexpr explicit Dual(double constant) : value(V(constant)) { d.fill(V(0)); }
  /// The `direction`-th independent variable.
  constexpr Dual(const V& v, std::size_t direction) : value(v) {
    d.fill(V(0));
    d[direction] = V(1);
  }

  friend constexpr Dual operator+(Dual a, const Dual& b) { return a += b; }
  friend constexpr Dual operator-(Dual a, const Dual& b) { return a -= b; }
  friend constexpr Dual operator*(const Dual& a, const Dual& b) {
    Dual r;
    r.value = a.value * b.value;
    for (std::size_t i = 0; i < n; ++i) r.d[i] = a.d[i] * b.value + a.value * b.d[i];
    return r;
  }
  friend constexpr Dual operator/(const Dual& a, const Dual& b) {
    const V inverse = V(1) / b.value;
    Dual r;
    r.value = a.value * inverse;
    for (std::size_t i = 0; i < n; ++i) r.d[i] = (a.d[i] - r.value * b.d[i]) * inverse;
    return r;
  }
  friend constexpr Dual operator-(const Dual& a) { return a.chain(-a.value, V(-1)); }
  constexpr Dual& operator+=(const Dual& b) {
    value = value + b.value;
    for (std::size_t i = 0; i < n; ++i) d[i] = d[i] + b.d[i];
    return *this;
  }
  constexpr Dual& operator-=(const Dual& b) {
    value = value - b.value;
    for (std::size_t i = 0; i < n; ++i) d[i] = d[i] - b.d[i];
    return *this;
  }
  constexpr Dual& operator*=(const Dual& b) { return *this = *this * b; }
  constexpr Dual& operator/=(const Dual& b) { return *this = *this / b; }

  /// f(value) with f'(value) = slope: the chain rule.
  constexpr Dual chain(const V& f, const V& slope) const {
    Dual r;
    r.value = f;
    for (std::size_t i = 0; i < n; ++i) r.d[i] = slope * d[i];
    return r;
  }
};

template <class V, std::size_t n>
constexpr Dual<V, n> tanh(const Dual<V, n>& x) {
  const V t = tanh(x.value);
  return x.chain(t, V(1) - t * t);
}
template <class V, std::size_t n>
constexpr Dual<V, n> exp(const Dual<V, n>& x) {
  const V e = exp(x.value);
  return x.chain(e, e);
}
template <class V, std::size_t n>
constexpr Dual<V, n> log(const Dual<V, n>& x) {
  return x.chain(log(x.value), V(1) / x.value);
}
template <class V, std::size_t n>
constexpr Dual<V, n> sin(const Dual<V, n>& x) {
  return x.chain(sin(x.value), cos(x.value));
}
template <class V, std::size_t n>
constexpr Dual<V, n> cos(const Dual<V, n>& x) {
  return x.chain(cos(x.value), -sin(x.value));
}
template <class V, std::size_t n>
constexpr Dual<V, n> sqrt(const Dual<V, n>& x) {
  const V s = sqrt(x.value);
  return x.chain(s, V(0.5) / s);
}
template <class V, std::size_t n>
constexpr Dual<V, n> if_positive(const Dual<V, n>& x, const Dual<V, n>& yes, const Dual<V, n>& no) {
  Dual<V, n> r;
  r.value = if_positive(x.value, yes.value, no.value);
  for (std::size_t i = 0; i < n; ++i) r.d[i] = if_positive(x.value, yes.d[i], no.d[i]);
  return r;
}

}  // namespace nwm::math
