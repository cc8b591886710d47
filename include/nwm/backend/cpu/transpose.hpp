// Matrix transposes, in registers where the compiler has vector types.
#pragma once

#include <cstddef>
#include <utility>

namespace nwm::cpu::detail {

#if defined(__GNUC__) && !defined(__CUDACC__)

/// Transposes n × n numbers, n a power of two, in log2(n) rounds that interleave row i with row i + n/2.
template <class Real, std::size_t n>
struct Square {
  using V __attribute__((vector_size(n * sizeof(Real)))) = Real;
  // For what stands anywhere in memory. Nothing else is of this type: clang forgets `aligned` where a type is
  // a function's parameter, and takes a local variable of it for one on a boundary of n numbers.
  using Anywhere __attribute__((vector_size(n * sizeof(Real)), aligned(sizeof(Real)), may_alias)) = Real;

  static void transpose(const Real* from, std::size_t from_stride, Real* to, std::size_t to_stride) {
    V rows[n];
    for (std::size_t i = 0; i < n; ++i) rows[i] = *reinterpret_cast<const Anywhere*>(from + i * from_stride);
    round<n>(rows);
    for (std::size_t i = 0; i < n; ++i) *reinterpret_cast<Anywhere*>(to + i * to_stride) = rows[i];
  }

 private:
  template <std::size_t left>
  static void round(V (&rows)[n]) {
    if constexpr (left > 1) {
      V next[n];
      for (std::size_t i = 0; i < n / 2; ++i) {
        next[2 * i] = interleave<0>(rows[i], rows[i + n / 2], std::make_index_sequence<n>{});
        next[2 * i + 1] = interleave<n / 2>(rows[i], rows[i + n / 2], std::make_index_sequence<n>{});
      }
      for (std::size_t i = 0; i < n; ++i) rows[i] = next[i];
      round<left / 2>(rows);
    }
  }
  template <std::size_t first, std::size_t... i>
  static V interleave(V a, V b, std::index_sequence<i...>) {
    return __builtin_shufflevector(a, b, static_cast<int>(i % 2 * n + first + i / 2)...);
  }
};

#else

template <class Real, std::size_t n>
struct Square {
  static void transpose(const Real* from, std::size_t from_stride, Real* to, std::size_t to_stride) {
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) to[j * to_stride + i] = from[i * from_stride + j];
  }
};

#endif

/// Sets to (columns × rows) = fromᵀ for from (rows × columns), in squares of n × n where they fit.
template <std::size_t n, std::size_t rows, std::size_t columns, class Real>
void transpose(const Real* from, std::size_t from_stride, Real* to, std::size_t to_stride) {
  constexpr std::size_t full_rows = rows / n * n, full_columns = columns / n * n;
  for (std::size_t r = 0; r < full_rows; r += n)
    for (std::size_t c = 0; c < full_columns; c += n)
      Square<Real, n>::transpose(from + r * from_stride + c, from_stride, to + c * to_stride + r, to_stride);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = r < full_rows ? full_columns : 0; c < columns; ++c)
      to[c * to_stride + r] = from[r * from_stride + c];
}

}  // namespace nwm::cpu::detail
