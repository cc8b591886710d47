// How many numbers a shape has, where a wrong one must not wrap around.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string>
#include <string_view>

#include "nwm/error.hpp"

namespace nwm {

/// The product of `lengths`. Throws Error(where, field, …) where it, or the product of those that are not 0,
/// has no addresses for so many numbers of `bytes` bytes.
inline std::size_t checked_product(std::string_view where, std::string_view field,
                                   std::span<const std::size_t> lengths, std::size_t bytes = 1) {
  const std::size_t most = std::size_t{PTRDIFF_MAX} / bytes;
  std::size_t count = 1;
  bool none = false;
  for (const std::size_t n : lengths) {
    if (n == 0) {
      none = true;
    } else if (count > most / n) {
      std::string all;
      for (const std::size_t length : lengths)
        all.append(all.empty() ? "" : " x ").append(std::to_string(length));
      throw Error(where, field, "at most " + std::to_string(most) + " numbers", all);
    } else {
      count *= n;
    }
  }
  return none ? 0 : count;
}

/// Throws the Error of memory that is not there.
[[noreturn, gnu::cold]] inline void no_memory(std::string_view where, std::string_view field,
                                              std::size_t bytes) {
  throw Error(where, field, "memory for " + shown_bytes(bytes), "less of it");
}

/// A std::vector of so many zeros as the product of `lengths`. Throws Error(where, field, …) where they have
/// no addresses or there is no memory for them.
template <class Vector>
Vector allocated(std::string_view where, std::string_view field, std::span<const std::size_t> lengths) {
  constexpr std::size_t each = sizeof(typename Vector::value_type);
  const std::size_t count = checked_product(where, field, lengths, each);
  try {
    return Vector(count);
  } catch (const std::bad_alloc&) {
    no_memory(where, field, count * each);
  }
}

}  // namespace nwm
