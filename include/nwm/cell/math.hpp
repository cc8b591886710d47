// The elementary functions a cell may use, as overloads for every value type its update is run with: float
// and double here, SIMD packs and dual numbers where those are defined (argument-dependent look-up finds
// them). Everything is constexpr, so that nvcc's relaxed mode may call it on a device without annotations.
#pragma once

#include "nwm/push_macros.inc"

#include <cmath>
#include <concepts>
#include <type_traits>

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

namespace detail {
// Hides the functions above, so that a call finds those of the value's own namespace.
namespace own {
void tanh();
void exp();
void log();
void sin();
void cos();
void sqrt();
void if_positive();

template <class V>
constexpr V call_tanh(const V& x) {
  return tanh(x);
}
template <class V>
constexpr V call_exp(const V& x) {
  return exp(x);
}
template <class V>
constexpr V call_log(const V& x) {
  return log(x);
}
template <class V>
constexpr V call_sin(const V& x) {
  return sin(x);
}
template <class V>
constexpr V call_cos(const V& x) {
  return cos(x);
}
template <class V>
constexpr V call_sqrt(const V& x) {
  return sqrt(x);
}
template <class V>
constexpr V call_if_positive(const V& x, const V& yes, const V& no) {
  return if_positive(x, yes, no);
}
}  // namespace own

template <class V>
concept Packed = !std::is_arithmetic_v<V>;
}  // namespace detail

// For all other value types, so that math::tanh(x) may be written wherever tanh(x) is found by its argument.
template <detail::Packed V>
constexpr V tanh(const V& x) {
  return detail::own::call_tanh(x);
}
template <detail::Packed V>
constexpr V exp(const V& x) {
  return detail::own::call_exp(x);
}
template <detail::Packed V>
constexpr V log(const V& x) {
  return detail::own::call_log(x);
}
template <detail::Packed V>
constexpr V sin(const V& x) {
  return detail::own::call_sin(x);
}
template <detail::Packed V>
constexpr V cos(const V& x) {
  return detail::own::call_cos(x);
}
template <detail::Packed V>
constexpr V sqrt(const V& x) {
  return detail::own::call_sqrt(x);
}
template <detail::Packed V>
constexpr V if_positive(const V& x, const V& yes, const V& no) {
  return detail::own::call_if_positive(x, yes, no);
}

// Below this line: written with the functions above, the same for every value type.

/// max(x, 0); what is not a number stays so (x − x, with no slope), lest a ruined state pass for a dark one.
template <class V>
constexpr V relu(const V& x) {
  return if_positive(x, x, x - x);
}
/// |x|.
template <class V>
constexpr V abs(const V& x) {
  return if_positive(x, x, -x);
}
/// The larger of two numbers, for each number of a pack by itself.
template <class V>
constexpr V max(const V& a, const V& b) {
  return if_positive(a - b, a, b);
}
/// The smaller of two numbers, for each number of a pack by itself.
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

#include "nwm/pop_macros.inc"
