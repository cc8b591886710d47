// How a kernel's 32 threads work as one on tensor cores: the same text on a GPU, where each thread runs it
// with its own registers, and on the host, where one thread runs it with everybody's.
//
// A body (block.hpp) that wants warps has
//   template <class Warp> struct WarpLocal   what each warp keeps from phase to phase: fragments of Warp
// and phases block.warps(f) with f(warp, local) for each of threads/32 warps. In it
//   warp.index                  number of the warp in its block, the same for all its lanes
//   Warp::Fragment<T, n>        n numbers for each lane
//   warp.each(f, fragments...)  f(lane, own...) for each lane with its own part of each fragment, a
//                               std::array<T, n>&; then all lanes have done so
//   warp.own(fragment, lane)    in such an f, that lane's part of a fragment that is none of its arguments
//   warp.multiply<Half>(d, a, b)  d += a b on tensor cores, d and sums float (16, 8), a (16, 16), b (16, 8);
//                               multiply<Half, k> takes b's two pairs from number k on of a longer fragment
//   warp.load_matrices<n>(to, row)            ldmatrix: see HostWarp
//   warp.load_matrices_transposed<n>(to, row)
//   warp.store_matrices_transposed<n>(from, row)  stmatrix, on compute capability 9.0 and later
//   warp.sum(fragment)          to every lane: the sum over all lanes of each number, in one order
//   warp.largest(fragment)      likewise the largest
// Between them only control flow that is the same for all lanes. Fragments are indexed by constants only.
#pragma once

#include "nwm/push_macros.inc"

#if defined(__F16C__) && !defined(__CUDACC__)
#include <immintrin.h>
#endif

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "nwm/backend/device/half.hpp"

namespace nwm::device {

/// Where the tensor cores' fragments stand, as PTX has them for mma.m16n8k16: lane l has in register i of
///   a (4 pairs)    rows l/4 + 8·(i mod 2), columns 2·(l mod 4) + 8·(i / 2) and the next
///   b (2 pairs)    column l/4, rows 2·(l mod 4) + 8·i and the next
///   d (4 floats)   row l/4 + 8·(i / 2), column 2·(l mod 4) + i mod 2
/// so that two d beside each other, rounded and paired, are an a.
struct MmaLayout {
  static constexpr unsigned rows = 16, columns = 8, inner = 16, lanes = 32;
  static constexpr unsigned a_row(unsigned lane, unsigned i) { return lane / 4 + i % 2 * 8; }
  static constexpr unsigned a_column(unsigned lane, unsigned i) { return lane % 4 * 2 + i / 2 * 8; }
  static constexpr unsigned b_column(unsigned lane) { return lane / 4; }
  static constexpr unsigned b_row(unsigned lane, unsigned i) { return lane % 4 * 2 + i * 8; }
  static constexpr unsigned d_row(unsigned lane, unsigned i) { return lane / 4 + i / 2 * 8; }
  static constexpr unsigned d_column(unsigned lane, unsigned i) { return lane % 4 * 2 + i % 2; }
};

namespace detail {

/// A row of a product on the host; the compiler's own vectors need no optimisation to be fast.
#if defined(__GNUC__)
typedef float EightFloats __attribute__((vector_size(32)));
#else
struct EightFloats {
  float at[8];
  friend EightFloats operator*(float a, EightFloats b) {
    for (float& v : b.at) v *= a;
    return b;
  }
  EightFloats& operator+=(const EightFloats& b) {
    for (unsigned i = 0; i < 8; ++i) at[i] += b.at[i];
    return *this;
  }
};
#endif

/// Sets to[i] to the number whose bits are from[i]; n is a multiple of 8. Most of what a product on the host
/// costs, and so by the processor's own instruction where there is one.
template <class Half, std::size_t n>
void set_values(const std::uint16_t (&from)[n], float (&to)[n]) {
#if defined(__F16C__) && !defined(__CUDACC__)
  if constexpr (Half::name == Fp16::name) {
    for (std::size_t i = 0; i < n; i += 8)
      _mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i))));
    return;
  }
#endif
  for (std::size_t i = 0; i < n; ++i) to[i] = Half::value(from[i]);
}

}  // namespace detail

/// A warp on the host.
struct HostWarp {
  static constexpr unsigned lanes = MmaLayout::lanes;
  template <class T, unsigned n>
  using Fragment = std::array<std::array<T, n>, lanes>;

  unsigned index;

  template <class F, class... Fragments>
  void each(const F& f, Fragments&... fragments) const {
    for (unsigned lane = 0; lane < lanes; ++lane) f(lane, fragments[lane]...);
  }

  /// The part of `lane`.
  template <class T, std::size_t n>
  static std::array<T, n>& own(std::array<std::array<T, n>, lanes>& fragment, unsigned lane) {
    return fragment[lane];
  }

  /// d += a b; the products of a sum are added in order, in float, to a sum of their own that begins at 0.
  template <class Half, unsigned first = 0, std::size_t pairs>
  void multiply(Fragment<float, 4>& d, const Fragment<HalfPair, 4>& a,
                const std::array<std::array<HalfPair, pairs>, lanes>& b) const {
    static_assert(first + 2 <= pairs);
    using L = MmaLayout;
    HalfPair pairs_left[L::rows * L::inner / 2];
    std::uint16_t half_left[L::rows * L::inner], half_right[L::inner * L::columns];
    for (unsigned lane = 0; lane < lanes; ++lane) {
      for (unsigned i = 0; i < 4; ++i)
        pairs_left[L::a_row(lane, i) * L::inner / 2 + L::a_column(lane, i) / 2] = a[lane][i];
      for (unsigned i = 0; i < 2; ++i) {
        std::uint16_t* const to = half_right + L::b_row(lane, i) * L::columns + L::b_column(lane);
        to[0] = first_of(b[lane][first + i]);
        to[L::columns] = second_of(b[lane][first + i]);
      }
    }
    for (unsigned i = 0; i < L::rows * L::inner / 2; ++i) {
      half_left[2 * i] = first_of(pairs_left[i]);
      half_left[2 * i + 1] = second_of(pairs_left[i]);
    }
    float left[L::rows * L::inner], right[L::inner * L::columns], sum[L::rows * L::columns];
    detail::set_values<Half>(half_left, left);
    detail::set_values<Half>(half_right, right);
    for (unsigned r = 0; r < L::rows; ++r) {
      detail::EightFloats row{};
      for (unsigned k = 0; k < L::inner; ++k) {
        detail::EightFloats of_row;
        std::memcpy(&of_row, right + k * L::columns, sizeof(of_row));
        row += left[r * L::inner + k] * of_row;
      }
      std::memcpy(sum + r * L::columns, &row, sizeof(row));
    }
    for (unsigned lane = 0; lane < lanes; ++lane)
      for (unsigned i = 0; i < 4; ++i)
        d[lane][i] += sum[L::d_row(lane, i) * L::columns + L::d_column(lane, i)];
  }

  /// Loads n (1, 2 or 4) matrices of 8×8 16-bit numbers from shared memory: row(lane), on 16 bytes, is where
  /// row lane mod 8 of matrix lane / 8 begins. Lane l gets of matrix i the numbers (l/4, 2·(l mod 4)) and the
  /// next in to[i]: a's register i, or b's of its transpose. `row` is asked of all lanes; those of matrices
  /// beyond n are not read.
  template <unsigned n, class Row>
  void load_matrices(Fragment<HalfPair, n>& to, const Row& row) const {
    for (unsigned lane = 0; lane < lanes; ++lane)
      for (unsigned i = 0; i < n; ++i) {
        const std::uint16_t* const from = row(i * 8 + lane / 4) + lane % 4 * 2;
        to[lane][i] = static_cast<HalfPair>(from[0]) | static_cast<HalfPair>(from[1]) << 16;
      }
  }
  /// The same with each matrix transposed: lane l gets (2·(l mod 4), l/4) and the number below it.
  template <unsigned n, class Row>
  void load_matrices_transposed(Fragment<HalfPair, n>& to, const Row& row) const {
    for (unsigned lane = 0; lane < lanes; ++lane)
      for (unsigned i = 0; i < n; ++i) {
        const unsigned r = i * 8 + lane % 4 * 2, c = lane / 4;
        to[lane][i] = static_cast<HalfPair>(row(r)[c]) | static_cast<HalfPair>(row(r + 1)[c]) << 16;
      }
  }

  /// The way back of load_matrices_transposed: every lane's numbers to where that would take them from. Then
  /// all lanes may read them. `row` leads to memory that may be written; two rows may be in one place where
  /// nobody reads it.
  template <unsigned n, class Row>
  void store_matrices_transposed(const Fragment<HalfPair, n>& from, const Row& row) const {
    for (unsigned lane = 0; lane < lanes; ++lane)
      for (unsigned i = 0; i < n; ++i) {
        const unsigned r = i * 8 + lane % 4 * 2, c = lane / 4;
        row(r)[c] = first_of(from[lane][i]);
        row(r + 1)[c] = second_of(from[lane][i]);
      }
  }

  /// Sets every lane's numbers to their sums over the lanes: neighbours first, then pairs of them, and so on.
  template <class T, std::size_t n>
  void sum(std::array<std::array<T, n>, lanes>& of) const {
    join(of, [](T a, T b) { return a + b; });
  }
  /// Sets every lane's numbers to the largest over the lanes.
  template <std::size_t n>
  void largest(std::array<std::array<float, n>, lanes>& of) const {
    join(of, [](float a, float b) { return a < b ? b : a; });
  }

 private:
  template <class T, std::size_t n, class Op>
  static void join(std::array<std::array<T, n>, lanes>& of, const Op& op) {
    for (unsigned apart = 1; apart < lanes; apart *= 2) {
      const auto before = of;
      for (unsigned lane = 0; lane < lanes; ++lane)
        for (std::size_t i = 0; i < n; ++i) of[lane][i] = op(before[lane][i], before[lane ^ apart][i]);
    }
  }
};

#if defined(__CUDACC__)

/// A warp on a GPU of compute capability 8.0 or later.
struct CudaWarp {
  static constexpr unsigned lanes = MmaLayout::lanes;
  template <class T, unsigned n>
  using Fragment = std::array<T, n>;

  unsigned index;

  template <class F, class... Fragments>
  __device__ void each(const F& f, Fragments&... fragments) const {
    f(threadIdx.x % lanes, fragments...);
    __syncwarp();
  }

  template <class T, std::size_t n>
  __device__ static std::array<T, n>& own(std::array<T, n>& fragment, unsigned) {
    return fragment;
  }

  template <class Half, unsigned first = 0, std::size_t pairs>
  __device__ void multiply(Fragment<float, 4>& d, const Fragment<HalfPair, 4>& a,
                           const std::array<HalfPair, pairs>& b) const {
    static_assert(first + 2 <= pairs);
    if constexpr (Half::name == "bf16")
      asm volatile(
          "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
          "{%0,%1,%2,%3};"
          : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[first]), "r"(b[first + 1]));
    else
      asm volatile(
          "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
          "{%0,%1,%2,%3};"
          : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[first]), "r"(b[first + 1]));
  }

  template <unsigned n, class Row>
  __device__ void load_matrices(Fragment<HalfPair, n>& to, const Row& row) const {
    const auto at = static_cast<unsigned>(__cvta_generic_to_shared(row(threadIdx.x % lanes)));
    if constexpr (n == 4)
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                   : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                   : "r"(at)
                   : "memory");
    else if constexpr (n == 2)
      asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
                   : "=r"(to[0]), "=r"(to[1])
                   : "r"(at)
                   : "memory");
    else
      asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];" : "=r"(to[0]) : "r"(at) : "memory");
  }
  template <unsigned n, class Row>
  __device__ void load_matrices_transposed(Fragment<HalfPair, n>& to, const Row& row) const {
    const auto at = static_cast<unsigned>(__cvta_generic_to_shared(row(threadIdx.x % lanes)));
    if constexpr (n == 4)
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                   : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                   : "r"(at)
                   : "memory");
    else if constexpr (n == 2)
      asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
                   : "=r"(to[0]), "=r"(to[1])
                   : "r"(at)
                   : "memory");
    else
      asm volatile("ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%0}, [%1];"
                   : "=r"(to[0])
                   : "r"(at)
                   : "memory");
  }

  template <unsigned n, class Row>
  __device__ void store_matrices_transposed(const Fragment<HalfPair, n>& from, const Row& row) const {
    static_assert(n == 4);
    const auto at = static_cast<unsigned>(__cvta_generic_to_shared(row(threadIdx.x % lanes)));
    asm volatile("stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%0], {%1,%2,%3,%4};" ::"r"(at),
                 "r"(from[0]), "r"(from[1]), "r"(from[2]), "r"(from[3])
                 : "memory");
    __syncwarp();
  }

  template <class T, std::size_t n>
  __device__ void sum(std::array<T, n>& of) const {
    join(of, [](T x, T y) { return x + y; });
  }
  template <std::size_t n>
  __device__ void largest(std::array<float, n>& of) const {
    join(of, [](float x, float y) { return x < y ? y : x; });
  }

 private:
  template <class T, std::size_t n, class Op>
  __device__ static void join(std::array<T, n>& of, const Op& op) {
#pragma unroll
    for (unsigned apart = 1; apart < lanes; apart *= 2)
#pragma unroll
      for (std::size_t i = 0; i < n; ++i) of[i] = op(of[i], __shfl_xor_sync(0xffffffffU, of[i], apart));
  }
};

#endif

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
