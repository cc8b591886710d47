// The fast CPU backend with bfloat16 products, for processors that have them.
#pragma once

#if defined(__AVX512BF16__)

#include <cstddef>
#include <string_view>
#include <type_traits>

#include "nwm/backend/cpu/bf16_dense.hpp"
#include "nwm/backend/cpu/simd.hpp"

namespace nwm::cpu {

/// Simd for float, except that dense products (the readout's map and the head) round their factors to
/// bfloat16 (relative error 2^-8) and add in float. Parameters, couplings and convolutions stay float.
/// Available only when the compiler's target has AVX512-BF16. Double
/// is double throughout.
struct SimdBf16 : Simd<> {
  static constexpr std::string_view name = "simd-bf16";
  static constexpr bool has_crew = false;  // the products below are not divided

  // Those of double.
  using Simd<>::multiply, Simd<>::multiply_transposed, Simd<>::multiply_outer;

  template <std::size_t M, std::size_t K, std::size_t N, bool add = false>
  static void multiply(const float* a, std::size_t lda, const float* x, std::size_t ldx, float* y,
                       std::size_t ldy) {
    detail::Bf16Factor<K, M> left;
    detail::Bf16Factor<K, N> right;
    left.take_columns(a, lda);
    right.take_rows(x, ldx);
    detail::Bf16Product<M, K, N, add>::run(left, right, y, ldy);
  }
  template <std::size_t M, std::size_t K, std::size_t N>
  static void multiply_transposed(const float* a, std::size_t lda, const float* y, std::size_t ldy, float* x,
                                  std::size_t ldx) {
    detail::Bf16Factor<M, K> left;
    detail::Bf16Factor<M, N> right;
    left.take_rows(a, lda);
    right.take_rows(y, ldy);
    detail::Bf16Product<K, M, N, false>::run(left, right, x, ldx);
  }
  template <std::size_t M, std::size_t K, std::size_t N>
  static void multiply_outer(const float* y, std::size_t ldy, const float* x, std::size_t ldx, float* a,
                             std::size_t lda) {
    detail::Bf16Factor<N, M> left;
    detail::Bf16Factor<N, K> right;
    left.take_columns(y, ldy);
    right.take_columns(x, ldx);
    detail::Bf16Product<M, N, K, true>::run(left, right, a, lda);
  }
};

}  // namespace nwm::cpu

#endif
