// Dense products whose sizes are all known to the compiler. Blocks of rows × packs of columns stay in
// registers, nothing is packed or allocated, and the result does not depend on the number of threads
// elsewhere.
#pragma once

#include <cstddef>
#include <cstring>

#include "nwm/backend/cpu/pack.hpp"
#include "nwm/backend/cpu/transpose.hpp"
#include "nwm/backend/crew.hpp"
#include "nwm/memory/buffer.hpp"

namespace nwm::cpu::detail {

/// Multiplications and additions that are worth a thread: some microseconds.
inline constexpr std::size_t worth_a_thread = 400000;

/// y (M×N) = or += A x with x (K×N), row-major with leading dimensions ldx and ldy. Element (m, k) of A is at
/// a[m·row + k·column], so that the kernel handles both A and its transpose. `padded` promises that the rows
/// of x may be read up to a whole pack.
template <class Real, class Arch, std::size_t M, std::size_t K, std::size_t N, bool add, bool padded = false>
struct Product {
  using P = math::Pack<Real, Arch>;
  static constexpr std::size_t lanes = P::size, packs = (N + lanes - 1) / lanes, rest = N % lanes;
  // Number of accumulators that fit in registers beside a row of x and one weight.
  static constexpr std::size_t registers = Arch::alignment() >= 64 ? 24 : 12;
  static constexpr std::size_t wide = [] {
    constexpr std::size_t most = registers >= 24 ? 4 : 3;
    if (packs <= most) return packs;
    for (std::size_t n = most; n > 2; --n)
      if (packs % n == 0) return n;
    return packs % 2 == 0 && most < 4 ? std::size_t{2} : most;
  }();

  /// Rows that a crew divides by: blocks of every panel begin there.
  static constexpr std::size_t step = packs % wide == 0 ? registers / wide : registers;
  static constexpr std::size_t steps = (M + step - 1) / step;
  /// Steps that are worth a thread.
  static constexpr std::size_t least = worth_a_thread / (2 * step * K * N) + 1;

  static void run(const Real* a, std::size_t row, std::size_t column, const Real* x, std::size_t ldx, Real* y,
                  std::size_t ldy) {
    if constexpr (steps < 2 * least) some(0, M, a, row, column, x, ldx, y, ldy);
    else
      divide(steps, least, [=](std::size_t first, std::size_t last) {
        some(first * step, last == steps ? M : last * step, a, row, column, x, ldx, y, ldy);
      });
  }

 private:
  /// Computes rows first ≤ m < last.
  static void some(std::size_t first, std::size_t last, const Real* a, std::size_t row, std::size_t column,
                   const Real* x, std::size_t ldx, Real* y, std::size_t ldy) {
    std::size_t p = 0;
    for (; p + wide <= packs; p += wide) panel<wide>(first, last, a, row, column, x, ldx, y, ldy, p);
    if constexpr (packs % wide != 0) panel<packs % wide>(first, last, a, row, column, x, ldx, y, ldy, p);
  }

  /// The same of `n` packs of columns.
  template <std::size_t n>
  static void panel(std::size_t first, std::size_t last, const Real* a, std::size_t row, std::size_t column,
                    const Real* x, std::size_t ldx, Real* y, std::size_t ldy, std::size_t p) {
    constexpr std::size_t rows = registers / n < M ? registers / n : M;
    std::size_t m = first;
    for (; m + rows <= last; m += rows) block<rows, n>(a + m * row, row, column, x, ldx, y + m * ldy, ldy, p);
    if constexpr (M % rows != 0)
      if (m < last) block<M % rows, n>(a + m * row, row, column, x, ldx, y + m * ldy, ldy, p);
  }

  template <std::size_t rows, std::size_t n>
  static void block(const Real* a, std::size_t row, std::size_t column, const Real* x, std::size_t ldx,
                    Real* y, std::size_t ldy, std::size_t p) {
    const bool last = rest != 0 && p + n == packs;
    P sum[rows][n];
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < n; ++j) sum[i][j] = P(0.0);
    x += p * lanes;
    y += p * lanes;
    if constexpr (rest != 0 && !padded) {
      if (last) accumulate<rows, n, true>(a, row, column, x, ldx, sum);
      else accumulate<rows, n, false>(a, row, column, x, ldx, sum);
    } else {
      accumulate<rows, n, false>(a, row, column, x, ldx, sum);
    }
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        Real* to = y + i * ldy + j * lanes;
        const bool partial = last && j + 1 == n;
        if constexpr (add) sum[i][j] += partial ? P::load(to, rest) : P::load(to);
        partial ? sum[i][j].store(to, rest) : sum[i][j].store(to);
      }
  }

  template <std::size_t rows, std::size_t n, bool partial>
  static void accumulate(const Real* a, std::size_t row, std::size_t column, const Real* x, std::size_t ldx,
                         P (&sum)[rows][n]) {
    for (std::size_t k = 0; k < K; ++k) {
      P v[n];
      for (std::size_t j = 0; j < n; ++j)
        v[j] = partial && j + 1 == n ? P::load(x + j * lanes, rest) : P::load(x + j * lanes);
      for (std::size_t i = 0; i < rows; ++i) {
        const P c{typename P::Batch(a[i * row])};
        for (std::size_t j = 0; j < n; ++j) sum[i][j] = fma(c, v[j], sum[i][j]);
      }
      a += column;
      x += ldx;
    }
  }
};

/// a (M×K) += y xᵀ for y (M×N), x (K×N). x is transposed, a block at a time; the rest is an ordinary product.
template <class Real, class Arch, std::size_t M, std::size_t K, std::size_t N>
void add_outer(const Real* y, std::size_t ldy, const Real* x, std::size_t ldx, Real* a, std::size_t lda) {
  constexpr std::size_t lanes = math::Pack<Real, Arch>::size, width = 4 * lanes;
  constexpr std::size_t blocks = (K + width - 1) / width, least = worth_a_thread / (2 * M * width * N) + 1;
  const auto some = [=](std::size_t first, std::size_t last) {
    alignas(buffer_alignment) Real turned[N * width];
    std::size_t k = first * width;
    for (; k + width <= K && k < last * width; k += width) {
      transpose<lanes, width, N>(x + k * ldx, ldx, turned, width);
      Product<Real, Arch, M, N, width, true>::run(y, ldy, 1, turned, width, a + k, lda);
    }
    if constexpr (K % width != 0) {
      if (last < blocks) return;
      constexpr std::size_t rest = K % width, padded = (rest + lanes - 1) / lanes * lanes;
      if constexpr (rest != padded) std::memset(turned, 0, sizeof turned);
      transpose<lanes, rest, N>(x + k * ldx, ldx, turned, padded);
      Product<Real, Arch, M, N, rest, true, true>::run(y, ldy, 1, turned, padded, a + k, lda);
    }
  };
  // Of a few blocks a crew divides the products.
  if constexpr (blocks < 4 || blocks < 2 * least) some(0, blocks);
  else divide(blocks, least, some);
}

}  // namespace nwm::cpu::detail
