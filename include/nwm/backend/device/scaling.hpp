// Powers of two that bring numbers into the range of 16 bits, and their sums back.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cstddef>
#include <cstdint>

#include "nwm/backend/device/half.hpp"
#include "nwm/memory/bit_cast.hpp"

namespace nwm::device {

/// Whether numbers are scaled before they become Half: where its range is not that of float.
template <class Half>
inline constexpr bool scales = Half::name == "fp16";

/// |v|, and 0 for what is not finite: infinities and NaN need no room, they stay what they are.
constexpr float finite_magnitude(float v) {
  const std::uint32_t bits = nwm::bit_cast<std::uint32_t>(v) & 0x7fffffffU;
  return bits < 0x7f800000U ? nwm::bit_cast<float>(bits) : 0.0F;
}

/// The larger of `most` and the magnitude of v, as finite_magnitude has it.
constexpr float larger_magnitude(float most, float v) {
  const float size = finite_magnitude(v);
  return most < size ? size : most;
}

/// 2^e for e from −126 to 127.
constexpr float power_of_two(int e) {
  return nwm::bit_cast<float>(static_cast<std::uint32_t>(e + 127) << 23);
}

/// e, from −113 to 126, such that numbers up to `largest` times 2^e stand safely in the range of fp16: the
/// largest from 2^14 to 2^15. What is then below its last digit, 2^-24, is 2^-38 of the largest.
template <class Half>
constexpr int scaling_exponent(float largest) {
  if constexpr (!scales<Half>) return 0;
  const int e = 141 - static_cast<int>(nwm::bit_cast<std::uint32_t>(largest) >> 23);
  return largest == 0 ? 0 : e < 126 ? e : 126;
}
/// The same for the largest of n numbers, each the largest of some.
template <class Half, std::size_t n>
constexpr int scaling_exponent(const std::array<float, n>& largest) {
  if constexpr (!scales<Half>) return 0;
  float all = 0;
  for (std::size_t i = 0; i < n; ++i) all = all < largest[i] ? largest[i] : all;
  return scaling_exponent<Half>(all);
}

/// `factor`, the power of two that brings numbers up to `largest` into the range of fp16 (scaling_exponent),
/// and its inverse `back`; both are normal numbers of float, so that multiplying by them is exact.
struct PowerOfTwo {
  float factor, back;
  /// largest: 0 or a positive finite number.
  constexpr explicit PowerOfTwo(float largest)
      : factor(power_of_two(scaling_exponent<Fp16>(largest))),
        back(power_of_two(-scaling_exponent<Fp16>(largest))) {}
};

/// Takes 2^e out of sums of products whose factors' exponents have the sum e: in two steps, since 2^-e alone
/// may have no float.
class ScaledBack {
 public:
  constexpr explicit ScaledBack(int e) : first_(power_of_two(-(e / 2))), second_(power_of_two(e / 2 - e)) {}
  constexpr float operator()(float sum) const { return sum * first_ * second_; }

 private:
  float first_, second_;
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
