// Loops over compile-time indices: for lists that are facts of a type. Safe in host and device code.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace nwm {

namespace detail {
// Always inlined, here and below: what is indexed by the constants must stay in registers.
template <class F, std::size_t... i>
[[gnu::always_inline]] constexpr void for_each_constant(const F& f, std::index_sequence<i...>) {
  (f(std::integral_constant<std::size_t, i>{}), ...);
}
template <class F, std::size_t... i>
[[gnu::always_inline]] constexpr void for_each_constant_back(const F& f, std::index_sequence<i...>) {
  (f(std::integral_constant<std::size_t, sizeof...(i) - 1 - i>{}), ...);
}
}  // namespace detail

/// Calls f(std::integral_constant<std::size_t, i>{}) for i = 0..n-1, in this order.
template <std::size_t n, class F>
[[gnu::always_inline]] constexpr void for_constants(const F& f) {
  detail::for_each_constant(f, std::make_index_sequence<n>{});
}

/// The same from n-1 down to 0.
template <std::size_t n, class F>
[[gnu::always_inline]] constexpr void for_constants_back(const F& f) {
  detail::for_each_constant_back(f, std::make_index_sequence<n>{});
}

}  // namespace nwm
