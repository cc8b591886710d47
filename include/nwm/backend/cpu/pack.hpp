// A SIMD register as a cell's value type.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

// g++ 12 takes the AVX-512 intrinsics' own `__Y = __Y` for a mistake (GCC bug 105593). It looks at the place
// of the warning, which is in their headers: so programs may have -Werror.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <xsimd/xsimd.hpp>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include "nwm/cell/math.hpp"

namespace nwm::math {

/// `size` neighbouring numbers in one vector register of `Arch`. Explicit from a number, so that an update
/// reads the same for every value type.
template <class Real, class Arch>
class Pack {
 public:
  using Batch = xsimd::batch<Real, Arch>;
  static constexpr std::size_t size = Batch::size;

  Pack() = default;
  explicit Pack(double value) : batch(static_cast<Real>(value)) {}
  explicit Pack(const Batch& b) : batch(b) {}

  static Pack load(const Real* p) { return Pack(Batch::load_unaligned(p)); }
  void store(Real* p) const { batch.store_unaligned(p); }

  /// The first `count` numbers of p, 0 < count < size; the other lanes are zero.
  static Pack load(const Real* p, std::size_t count) {
    assert(0 < count && count < size);
    alignas(Arch::alignment()) std::array<Real, size> lanes{};
    std::memcpy(lanes.data(), p, count * sizeof(Real));
    return Pack(Batch::load_aligned(lanes.data()));
  }
  void store(Real* p, std::size_t count) const {
    assert(0 < count && count < size);
    alignas(Arch::alignment()) std::array<Real, size> lanes;
    batch.store_aligned(lanes.data());
    std::memcpy(p, lanes.data(), count * sizeof(Real));
  }

  friend Pack operator+(const Pack& a, const Pack& b) { return Pack(a.batch + b.batch); }
  friend Pack operator-(const Pack& a, const Pack& b) { return Pack(a.batch - b.batch); }
  friend Pack operator*(const Pack& a, const Pack& b) { return Pack(a.batch * b.batch); }
  friend Pack operator/(const Pack& a, const Pack& b) { return Pack(a.batch / b.batch); }
  friend Pack operator-(const Pack& a) { return Pack(-a.batch); }
  Pack& operator+=(const Pack& b) { return *this = *this + b; }
  Pack& operator-=(const Pack& b) { return *this = *this - b; }
  Pack& operator*=(const Pack& b) { return *this = *this * b; }
  Pack& operator/=(const Pack& b) { return *this = *this / b; }

  Batch batch;
};

namespace detail {

/// Lanes first .. first + size of a followed by b.
template <std::size_t first, class Real, class Arch, std::size_t... i>
Pack<Real, Arch> window(const Pack<Real, Arch>& a, const Pack<Real, Arch>& b, std::index_sequence<i...>) {
  using P = Pack<Real, Arch>;
#if defined(__GNUC__) && !defined(__CUDACC__)
  using Register = typename P::Batch::register_type;
  return P(typename P::Batch(__builtin_shufflevector(
      static_cast<Register>(a.batch), static_cast<Register>(b.batch), static_cast<int>(first + i)...)));
#else
  std::array<Real, 2 * P::size> lanes;
  a.store(lanes.data());
  b.store(lanes.data() + P::size);
  return P::load(lanes.data() + first);
#endif
}

}  // namespace detail

template <class Real, class Arch>
Pack<Real, Arch> tanh(const Pack<Real, Arch>& x) {
  return Pack<Real, Arch>(xsimd::tanh(x.batch));
}
template <class Real, class Arch>
Pack<Real, Arch> exp(const Pack<Real, Arch>& x) {
  return Pack<Real, Arch>(xsimd::exp(x.batch));
}
template <class Real, class Arch>
Pack<Real, Arch> log(const Pack<Real, Arch>& x) {
  // xsimd 8.1 chooses between integers of an avx512bw batch by intrinsics that, without optimisation, are
  // macros and do not compile. avx512dq has the same registers and the same steps, so the same bits.
  if constexpr (std::is_same_v<Arch, xsimd::avx512bw>) {
    using Plain = xsimd::batch<Real, xsimd::avx512dq>;
    const Plain y = xsimd::log(Plain(static_cast<typename Plain::register_type>(x.batch)));
    return Pack<Real, Arch>(xsimd::batch<Real, Arch>(static_cast<typename Plain::register_type>(y)));
  } else {
    return Pack<Real, Arch>(xsimd::log(x.batch));
  }
}
template <class Real, class Arch>
Pack<Real, Arch> sin(const Pack<Real, Arch>& x) {
  return Pack<Real, Arch>(xsimd::sin(x.batch));
}
template <class Real, class Arch>
Pack<Real, Arch> cos(const Pack<Real, Arch>& x) {
  return Pack<Real, Arch>(xsimd::cos(x.batch));
}
template <class Real, class Arch>
Pack<Real, Arch> sqrt(const Pack<Real, Arch>& x) {
  return Pack<Real, Arch>(xsimd::sqrt(x.batch));
}
template <class Real, class Arch>
Pack<Real, Arch> if_positive(const Pack<Real, Arch>& x, const Pack<Real, Arch>& yes,
                             const Pack<Real, Arch>& no) {
  return Pack<Real, Arch>(xsimd::select(x.batch > xsimd::batch<Real, Arch>(Real(0)), yes.batch, no.batch));
}

/// a b + c, rounded once where the processor can.
template <class Real, class Arch>
Pack<Real, Arch> fma(const Pack<Real, Arch>& a, const Pack<Real, Arch>& b, const Pack<Real, Arch>& c) {
  return Pack<Real, Arch>(xsimd::fma(a.batch, b.batch, c.batch));
}

/// The last lane of a, then b but for its last: what stands left of each lane of b.
template <class Real, class Arch>
Pack<Real, Arch> left_of(const Pack<Real, Arch>& a, const Pack<Real, Arch>& b) {
  constexpr std::size_t n = Pack<Real, Arch>::size;
  return detail::window<n - 1>(a, b, std::make_index_sequence<n>{});
}
/// a but for its first lane, then the first of b: what stands right of each lane of a.
template <class Real, class Arch>
Pack<Real, Arch> right_of(const Pack<Real, Arch>& a, const Pack<Real, Arch>& b) {
  return detail::window<1>(a, b, std::make_index_sequence<Pack<Real, Arch>::size>{});
}

/// Σ of all lanes.
template <class Real, class Arch>
Real sum_lanes(const Pack<Real, Arch>& x) {
#if XSIMD_VERSION_MAJOR >= 9
  return xsimd::reduce_add(x.batch);
#else  // its name before 9
  return xsimd::hadd(x.batch);
#endif
}

}  // namespace nwm::math

#include "nwm/pop_macros.inc"
