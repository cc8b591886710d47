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
  using Class = C;   ///< the cell
  using Type = T;    ///< of the number
  const char* name;  ///< what files and messages call it
  T C::*member;      ///< where it stands
};

/// The numbers of a cell that has none.
constexpr std::tuple<> numbers() { return {}; }
/// The numbers of a cell, a name and a pointer to the member each:
///     static constexpr auto numbers = nwm::cell::numbers("dt", &Wave::dt);
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

/// Whether two numbers of C are the same member, or have the same name.
template <class C, class A, class B>
constexpr bool same_number(const A& a, const B& b) {
  if (std::string_view(a.name) == std::string_view(b.name)) return true;
  if constexpr (std::is_same_v<typename A::Type, typename B::Type>) {
    using Member = typename A::Type C::*;  // of a base's member, too
    return static_cast<Member>(a.member) == static_cast<Member>(b.member);
  } else {
    return false;
  }
}

/// Whether C::numbers lists a member or a name twice.
template <class C>
constexpr bool number_twice() {
  if constexpr (requires { C::numbers; }) {
    return std::apply(
        [](const auto&... all) {
          [[maybe_unused]] const auto times = [&](const auto& one) {
            return (std::size_t{same_number<C>(one, all)} + ... + 0);
          };
          return ((times(all) > 1) || ...);
        },
        C::numbers);
  } else {
    return false;
  }
}

/// Whether C::numbers, with none twice, lists all that a C holds: they fill it to the last byte; or it is an
/// aggregate, and they are as many as its members and all its own (a base counts as one member).
template <class C>
constexpr bool numbers_complete() {
  if constexpr (std::is_empty_v<C>) {
    return true;
  } else if constexpr (requires { C::numbers; }) {
    using All = std::remove_const_t<decltype(C::numbers)>;
    return []<class... N>(const std::tuple<N...>*) {
      constexpr std::size_t bytes = (sizeof(typename N::Type) + ... + 0);
      if constexpr (bytes == sizeof(C)) return true;
      else if constexpr (std::is_aggregate_v<C> && (std::is_same_v<typename N::Class, C> && ...))
        // The count ends at a member that takes nothing: what is left must be padding, some behind each.
        return member_count<C>() == sizeof...(N) && sizeof(C) - bytes < alignof(C) * sizeof...(N);
      else return false;
    }(static_cast<const All*>(nullptr));
  } else {
    return false;
  }
}

}  // namespace detail

}  // namespace nwm::cell
