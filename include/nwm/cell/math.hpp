// The elementary functions a cell may use, as overloads for every value type its update is run with: float
// and double here, SIMD packs and dual numbers where those are defined (argument-dependent look-up finds
// them). Everything is constexpr, so that nvcc's relaxed mode may call it on a device without annotations.
#pragma once

#include <cmath>
#include <concepts>

namespace nwm::math {

template <std::floating_point V>
constexpr V tanh(V x) {
  return std::tanh(x);
}
template <std::floating_point V>
constexpr V exp(V x) {
  return std::exp(x);
}
template <std::floating_point V>
constexpr V log(V x) {
  return std::log(x);
}
template <std::floating_point V>
constexpr V sin(V x) {
  return std::sin(x);
}
template <std::floating_point V>
constexpr V cos(V x) {
  return std::cos(x);
}
template <std::floating_point V>
constexpr V sqrt(V x) {
  return std::sqrt(x);
}

/// x > 0 ? yes : no, lane by lane.
template <std::floating_point V>
constexpr V if_positive(V x, V yes, V no) {
  return x > V(0) ? yes : no;
}

// Below this line: written with the functions above, the same for every value type.

/// max(x, 0); what is not a number stays so (x − x, with no slope), lest a ruined state pass for a dark one.
template <class V>
constexpr V relu(const V& x) {
  return if_positive(x, x, x - x);
}
template <class V>
constexpr V abs(const V& x) {
  return if_positive(x, x, -x);
}
template <class V>
constexpr V max(const V& a, const V& b) {
  return if_positive(a - b, a, b);
}
template <class V>
constexpr V min(const V& a, const V& b) {
  return if_positive(a - b, b, a);
}
/// 1 / (1 + exp(-x)) through tanh, which does not overflow.
template <class V>
constexpr V sigmoid(const V& x) {
  return V(0.5) + V(0.5) * tanh(V(0.5) * x);
}

}  // namespace nwm::math
