// How many numbers a shape has, where a wrong one must not wrap around.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "nwm/error.hpp"

namespace nwm {

/// The product of `lengths`. Throws Error(where, field, …) where it, or the product of those that are not 0,
/// does not fit std::size_t as so many numbers of `bytes` bytes.
inline std::size_t checked_product(std::string_view where, std::string_view field,
                                   std::span<const std::size_t> lengths, std::size_t bytes = 1) {
  const std::size_t most = std::numeric_limits<std::size_t>::max() / bytes;
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

}  // namespace nwm
