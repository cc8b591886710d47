// Loops over compile-time indices: for lists that are facts of a type. Safe in host and device code.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace nwm {

/// Calls f(std::integral_constant<std::size_t, i>{}) for i = 0..n-1, in this order.
template <std::size_t n, class F>
constexpr void for_constants(const F& f) {
  [&]<std::size_t... i>(std::index_sequence<i...>) {
    (f(std::integral_constant<std::size_t, i>{}), ...);
  }(std::make_index_sequence<n>{});
}

/// The same from n-1 down to 0.
template <std::size_t n, class F>
constexpr void for_constants_back(const F& f) {
  for_constants<n>([&](auto i) { f(std::integral_constant<std::size_t, n - 1 - i>{}); });
}

}  // namespace nwm
