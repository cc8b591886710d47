// Cuts a compile-time count into tiles whose sizes are compile-time numbers, too.
#pragma once

#include <cstddef>
#include <type_traits>

namespace nwm {

/// The smallest multiple of `step` that is at least n.
constexpr std::size_t round_up(std::size_t n, std::size_t step) { return (n + step - 1) / step * step; }

/// The tile size of for_tiles: the largest divisor of `count` that is at most `limit`. If that divisor is
/// below limit/4, the size is `limit`, and a shorter tile ends the range.
template <std::size_t count, std::size_t limit>
inline constexpr std::size_t tile_size = [] {
  if (count <= limit) return count;
  std::size_t d = limit;
  while (count % d != 0) --d;
  return d * 4 >= limit ? d : limit;
}();

/// Calls f(std::integral_constant<std::size_t, n>, start) for consecutive tiles, n long, of [0, count).
template <std::size_t count, std::size_t limit, class F>
void for_tiles(const F& f) {
  constexpr std::size_t n = tile_size<count, limit>;
  for (std::size_t start = 0; start + n <= count; start += n)
    f(std::integral_constant<std::size_t, n>{}, start);
  if constexpr (count % n != 0) f(std::integral_constant<std::size_t, count % n>{}, count / n * n);
}

}  // namespace nwm
