// What structs of options share: the refusal of a value that makes no sense, and how concepts ask for them.
#pragma once

#include "nwm/push_macros.inc"

#include <cmath>
#include <limits>
#include <string_view>
#include <type_traits>

#include "nwm/error.hpp"

namespace nwm {

/// Throws Error("<owner>", field, …) unless `fine`.
inline void require_option(std::string_view owner, std::string_view field, double value, bool fine,
                           std::string_view expected) {
  if (!fine) throw Error(owner, field, expected, shown(value));
}

/// Throws Error("<owner>", field, …) where a number is none, or would be 0 or infinite as a Real: the model
/// counts in those.
template <class Real>
void require_in(std::string_view owner, std::string_view field, double value) {
  if (std::isnan(value)) throw Error(owner, field, "a number", shown(value));
  if (std::isinf(value) || value == 0) return;
  const bool beyond = std::fabs(value) > static_cast<double>(std::numeric_limits<Real>::max());
  if (!beyond && static_cast<Real>(value) != Real(0)) return;
  throw Error(owner, field, "a number that the model's type can hold",
              shown(value) + (beyond ? ", which is infinite there" : ", which is 0 there"));
}
/// The same for every option of a policy: a loss, an optimiser.
template <class Real, class Policy>
void require_options_in(const Policy& policy) {
  policy.options([](std::string_view name, double value) { require_in<Real>(Policy::name, name, value); });
}

namespace detail {
/// Stands for f in a policy's options(f).
struct TakeOption {
  void operator()(std::string_view, double) const {}
};

/// Whether the options(f) that P has, its own or inherited, can know all members of a P: a base's cannot know
/// those that P adds, nor can a static one know any.
template <class P, class C, class R, class... A>
constexpr bool knows_members(R (C::*)(A...) const) {
  return sizeof(P) == sizeof(C);
}
template <class P, class R, class... A>
constexpr bool knows_members(R (*)(A...)) {
  return std::is_empty_v<P>;
}
template <class P>
constexpr bool options_know_members() {
  if constexpr (requires { &P::template options<TakeOption>; })
    return knows_members<P>(&P::template options<TakeOption>);
  else if constexpr (requires { &P::options; }) return knows_members<P>(&P::options);
  else return true;
}
}  // namespace detail

/// A policy whose options(f) can name all its members: one derived from another, with members of its own,
/// states an options(f) of its own, else a resumed run would not notice that they differ.
template <class P>
concept StatesItsOptions = detail::options_know_members<P>();

}  // namespace nwm

#include "nwm/pop_macros.inc"
