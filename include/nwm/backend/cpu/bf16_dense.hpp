// Dense products of floats, with factors rounded to bfloat16: processors with AVX512-BF16 multiply two
// bfloat16 in place of one float. Factors are packed in pairs along the inner dimension; sums are float.
#pragma once

#if defined(__AVX512BF16__)

#include <immintrin.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "nwm/backend/cpu/transpose.hpp"
#include "nwm/memory/buffer.hpp"

namespace nwm::cpu::detail {

/// Two neighbours along the inner dimension; the first is in the lower half.
using Bf16Pair = std::uint32_t;

/// A factor as pairs: pair[p·width + j] = (from(2p, j), from(2p + 1, j)) for the inner dimension `inner` and
/// `outer` columns. Padding of the last pair and of the columns up to `width` is zero.
template <std::size_t inner, std::size_t outer>
struct Bf16Factor {
  static constexpr std::size_t pairs = (inner + 1) / 2, width = (outer + 15) / 16 * 16;
  alignas(buffer_alignment) std::array<Bf16Pair, pairs * width> pair;

  /// Packs a factor whose element (k, j) is at from[k·stride + j].
  void take_rows(const float* from, std::size_t stride) {
    for (std::size_t p = 0; p < pairs; ++p)
      for (std::size_t j = 0; j < outer; j += 16) {
        const __mmask16 there = mask(outer - j);
        const float* at = from + 2 * p * stride + j;
        const __m512 first = _mm512_maskz_loadu_ps(there, at);
        const __m512 second =
            2 * p + 1 < inner ? _mm512_maskz_loadu_ps(there, at + stride) : _mm512_setzero_ps();
        // 16 of `first`, then 16 of `second`; in_turn() then alternates them.
        const __m512i both = (__m512i)_mm512_cvtne2ps_pbh(second, first);
        _mm512_store_si512(pair.data() + p * width + j, _mm512_permutexvar_epi16(in_turn(), both));
      }
  }
  /// Packs a factor whose element (k, j) is at from[j·stride + k].
  void take_columns(const float* from, std::size_t stride) {
    constexpr std::size_t full = inner / 32 * 16, block = 16;
    alignas(buffer_alignment) std::array<Bf16Pair, block * block> square, turned;
    for (std::size_t j = 0; j < width; j += block)
      for (std::size_t p = 0; p < pairs; p += block) {
        for (std::size_t i = 0; i < block; ++i) {
          __m512i row = _mm512_setzero_si512();
          if (j + i < outer) {
            const float* at = from + (j + i) * stride + 2 * p;
            const __m512 low = _mm512_maskz_loadu_ps(p < full ? 0xffff : mask(inner - 2 * p), at);
            const __m512 high = p < full ? _mm512_loadu_ps(at + 16)
                                : inner - 2 * p > 16
                                    ? _mm512_maskz_loadu_ps(mask(inner - 2 * p - 16), at + 16)
                                    : _mm512_setzero_ps();
            row = (__m512i)_mm512_cvtne2ps_pbh(high, low);
          }
          _mm512_store_si512(square.data() + i * block, row);
        }
        transpose<block, block, block>(square.data(), block, turned.data(), block);
        for (std::size_t i = 0; i < block && p + i < pairs; ++i)
          _mm512_store_si512(pair.data() + (p + i) * width + j, _mm512_load_si512(turned.data() + i * block));
      }
  }

 private:
  static __mmask16 mask(std::size_t count) {
    return static_cast<__mmask16>(count >= 16 ? 0xffffU : (1U << count) - 1U);
  }
  static __m512i in_turn() {
    alignas(buffer_alignment) static constexpr std::array<std::uint16_t, 32> order = [] {
      std::array<std::uint16_t, 32> o{};
      for (std::uint16_t i = 0; i < 16; ++i)
        o[2U * i] = i, o[2U * i + 1U] = static_cast<std::uint16_t>(16U + i);
      return o;
    }();
    return _mm512_load_si512(order.data());
  }
};

/// y (M×N), rows ldy apart, = or += A x for packed factors A (pairs, M) and x (pairs, N).
template <std::size_t M, std::size_t inner, std::size_t N, bool add>
struct Bf16Product {
  using A = Bf16Factor<inner, M>;
  using X = Bf16Factor<inner, N>;
  static constexpr std::size_t packs = X::width / 16, wide = packs % 4 == 0 || packs > 4 ? 4 : packs;
  static constexpr std::size_t rows = 24 / wide < M ? 24 / wide : M;

  static void run(const A& a, const X& x, float* y, std::size_t ldy) {
    std::size_t p = 0;
    for (; p + wide <= packs; p += wide) panel<wide>(a, x, y, ldy, p);
    if constexpr (packs % wide != 0) panel<packs % wide>(a, x, y, ldy, p);
  }

 private:
  template <std::size_t n>
  static void panel(const A& a, const X& x, float* y, std::size_t ldy, std::size_t p) {
    std::size_t m = 0;
    for (; m + rows <= M; m += rows) block<rows, n>(a, x, y, ldy, m, p);
    if constexpr (M % rows != 0) block<M % rows, n>(a, x, y, ldy, m, p);
  }
  template <std::size_t r, std::size_t n>
  static void block(const A& a, const X& x, float* y, std::size_t ldy, std::size_t m, std::size_t p) {
    __m512 sum[r][n];
    for (std::size_t i = 0; i < r; ++i)
      for (std::size_t j = 0; j < n; ++j) sum[i][j] = _mm512_setzero_ps();
    const Bf16Pair* weight = a.pair.data() + m;
    const Bf16Pair* in = x.pair.data() + p * 16;
    for (std::size_t k = 0; k < X::pairs; ++k) {
      __m512bh v[n];
      for (std::size_t j = 0; j < n; ++j) v[j] = (__m512bh)_mm512_load_si512(in + j * 16);
      for (std::size_t i = 0; i < r; ++i) {
        const __m512bh w = (__m512bh)_mm512_set1_epi32(static_cast<int>(weight[i]));
        for (std::size_t j = 0; j < n; ++j) sum[i][j] = _mm512_dpbf16_ps(sum[i][j], w, v[j]);
      }
      weight += A::width;
      in += X::width;
    }
    for (std::size_t i = 0; i < r; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        const std::size_t column = (p + j) * 16;
        const auto there = static_cast<__mmask16>(N - column >= 16 ? 0xffffU : (1U << (N - column)) - 1U);
        float* to = y + (m + i) * ldy + column;
        if constexpr (add) sum[i][j] = _mm512_add_ps(sum[i][j], _mm512_maskz_loadu_ps(there, to));
        _mm512_mask_storeu_ps(to, there, sum[i][j]);
      }
  }
};

}  // namespace nwm::cpu::detail

#endif
