// The run-time numbers of a cell (dt and others) by name, so that weight files can say them and errors can
// name them.
#pragma once

#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace nwm::cell {

/// One number of a cell: its name and where it stands.
template <class C, class T>
struct Number {
  static_assert(std::is_arithmetic_v<T>, "a number of a cell is a double, float, integer or bool");
  using Type = T;
  const char* name;
  T C::*member;
};

/// The numbers of a cell, a name and a pointer to the member each:
///   static constexpr auto numbers = nwm::cell::numbers("dt", &Mine::dt, "lambda", &Mine::lambda);
constexpr std::tuple<> numbers() { return {}; }
template <class C, class T, class... Rest>
constexpr auto numbers(const char* name, T C::*member, Rest... rest) {
  return std::tuple_cat(std::tuple(Number<C, T>{name, member}), numbers(rest...));
}

/// Calls f(name, value) with every number of the cell, as std::string_view and double, in the order listed.
/// A cell without members has none.
template <class C, class F>
constexpr void for_numbers(const C& cell, const F& f) {
  if constexpr (requires { C::numbers; })
    std::apply(
        [&](const auto&... number) {
          (f(std::string_view(number.name), static_cast<double>(cell.*(number.member))), ...);
        },
        C::numbers);
}

namespace detail {

/// Converts to whatever a member takes: with it an aggregate's members are counted.
struct Anything {
  template <class T>
  operator T() const;  // NOLINT: meant to convert
};
template <class C, class... A>
constexpr std::size_t member_count() {
  if constexpr (sizeof...(A) < 64 && requires { C{A{}..., Anything{}}; })
    return member_count<C, A..., Anything>();
  else return sizeof...(A);
}

/// Whether C::numbers lists all that a C holds: their sizes make up its size, and an aggregate has no more
/// members than are listed.
template <class C>
constexpr bool numbers_complete() {
  if constexpr (std::is_empty_v<C>) {
    return true;
  } else if constexpr (requires { C::numbers; }) {
    using All = std::remove_const_t<decltype(C::numbers)>;
    constexpr std::size_t bytes = []<class... N>(const std::tuple<N...>*) {
      return (sizeof(typename N::Type) + ... + 0);
    }(static_cast<const All*>(nullptr));
    if constexpr (std::is_aggregate_v<C>)
      if (member_count<C>() > std::tuple_size_v<All>) return false;
    // Behind each member there may be less than alignof(C) bytes of padding.
    return bytes <= sizeof(C) && sizeof(C) - bytes < alignof(C) * std::tuple_size_v<All>;
  } else {
    return false;
  }
}

}  // namespace detail

}  // namespace nwm::cell
