// std::bit_cast, for standard libraries that lack it (libc++ before 14, Emscripten's among them).
#pragma once

#include "nwm/push_macros.inc"

#include <type_traits>

namespace nwm {

/// The bits of `from` as a To of the same size. A constant expression where `from` is one.
template <class To, class From>
constexpr To bit_cast(const From& from) {
  static_assert(sizeof(To) == sizeof(From), "bit_cast: two types of one size");
  static_assert(std::is_trivially_copyable_v<To> && std::is_trivially_copyable_v<From>,
                "bit_cast: types that are copied byte by byte");
  return __builtin_bit_cast(To, from);
}

}  // namespace nwm

#include "nwm/pop_macros.inc"
