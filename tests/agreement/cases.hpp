// Numbers with guards behind them, and the compared cases of precision and vector architecture.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <tuple>
#include <type_traits>
#include <vector>

#include "architectures.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/random.hpp"

namespace tools {

template <class Real, class Arch>
struct Case {
  using R = Real;
  using Simd = nwm::cpu::Simd<Arch>;
  static constexpr double bound = sizeof(Real) == 4 ? 3e-6 : 1e-14;
};

/// The default architecture in both precisions, and each other architecture in one precision.
using Cases = Joined<std::tuple<Case<float, xsimd::default_arch>, Case<double, xsimd::default_arch>>
#if XSIMD_WITH_SSE2
                     ,
                     std::conditional_t<std::is_same_v<xsimd::sse2, xsimd::default_arch>, std::tuple<>,
                                        std::tuple<Case<float, xsimd::sse2>>>
#endif
#if XSIMD_WITH_FMA3_AVX2
                     ,
                     std::conditional_t<std::is_same_v<xsimd::fma3<xsimd::avx2>, xsimd::default_arch>,
                                        std::tuple<>, std::tuple<Case<double, xsimd::fma3<xsimd::avx2>>>>
#endif
                     >;

/// Random numbers followed by guards that no operation may touch.
template <class Real>
struct Numbers {
  static constexpr std::size_t guard = 3;
  std::vector<Real> all;
  explicit Numbers(std::size_t size, std::uint64_t seed) : all(size + guard) {
    nwm::Random random(seed);
    for (Real& v : all) v = static_cast<Real>(random.uniform(-1, 1));
  }
  Real* data() { return all.data(); }
  std::size_t size() const { return all.size() - guard; }
};

/// max |a − b| / max |b|, and infinite where the guards differ.
template <class Real>
double distance(const Numbers<Real>& a, const Numbers<Real>& b) {
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = std::abs(static_cast<double>(a.all[i]) - static_cast<double>(b.all[i]));
    if (!(d <= worst)) worst = d;
    largest = std::max(largest, std::abs(static_cast<double>(b.all[i])));
  }
  for (std::size_t i = a.size(); i < a.all.size(); ++i)
    if (a.all[i] != b.all[i]) return std::numeric_limits<double>::infinity();
  return worst == 0 ? 0 : worst / largest;
}

}  // namespace tools
