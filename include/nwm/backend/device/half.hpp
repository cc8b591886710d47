// The 16-bit numbers that tensor cores multiply: from float and back, in the same bits on host and device.
#pragma once

#include "nwm/push_macros.inc"

#include <cstdint>
#include <string_view>

#include "nwm/memory/bit_cast.hpp"

#if defined(__CUDACC__)
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#endif

namespace nwm::device {

/// Two 16-bit numbers as tensor cores take them: the first is in the lower half.
using HalfPair = std::uint32_t;

/// IEEE 754 binary16: 10 bits of mantissa (relative error 2^-11, as TensorFloat-32), normal from 6.1e-5 to
/// 65504. Rounds to nearest, ties to even; what is beyond 65519 becomes infinite.
struct Fp16 {
  static constexpr std::string_view name = "fp16";

  /// The number next to v.
  static constexpr std::uint16_t from(float v) {
#if defined(__CUDA_ARCH__)
    return __half_as_ushort(__float2half_rn(v));
#else
    const auto all = nwm::bit_cast<std::uint32_t>(v);
    const std::uint32_t sign = all >> 16 & 0x8000U, bits = all & 0x7fffffffU;
    if (bits > 0x7f800000U) return static_cast<std::uint16_t>(sign | 0x7fffU);  // as the device's
    if (bits >= 0x477ff000U) return static_cast<std::uint16_t>(sign | 0x7c00U);
    if (bits < 0x38800000U) {  // a multiple of 2^-24: the sum's last bits are how many, rounded
      const float units = nwm::bit_cast<float>(bits) + 0.5F;
      return static_cast<std::uint16_t>(sign | (nwm::bit_cast<std::uint32_t>(units) - 0x3f000000U));
    }
    const std::uint32_t rounded = bits + 0xfffU + (bits >> 13 & 1U) - 0x38000000U;
    return static_cast<std::uint16_t>(sign | rounded >> 13);
#endif
  }
  /// The number whose bits these are.
  static constexpr float value(std::uint16_t half) {
#if defined(__CUDA_ARCH__)
    return __half2float(__ushort_as_half(half));
#else
    const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16, bits = half & 0x7fffU;
    if (bits < 0x400U)
      return nwm::bit_cast<float>(sign | nwm::bit_cast<std::uint32_t>(static_cast<float>(bits) * 0x1p-24F));
    return nwm::bit_cast<float>(sign | ((bits << 13) + (bits >= 0x7c00U ? 0x70000000U : 0x38000000U)));
#endif
  }
};

/// bfloat16: 7 bits of mantissa (relative error 2^-8), the range of float. Rounds to nearest, ties to even.
struct Bfloat16 {
  static constexpr std::string_view name = "bf16";

  /// The number next to v.
  static constexpr std::uint16_t from(float v) {
#if defined(__CUDA_ARCH__)
    return __bfloat16_as_ushort(__float2bfloat16_rn(v));
#else
    const auto bits = nwm::bit_cast<std::uint32_t>(v);
    if ((bits & 0x7fffffffU) > 0x7f800000U) return 0x7fffU;
    return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
#endif
  }
  /// The number whose bits these are.
  static constexpr float value(std::uint16_t half) {
    return nwm::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
  }
};

/// Two numbers in a register.
template <class Half>
constexpr HalfPair pair_of(float first, float second) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800  // one instruction
  HalfPair pair;
  if constexpr (Half::name == "bf16")
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
  else asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
  return pair;
#else
  return static_cast<HalfPair>(Half::from(first)) | static_cast<HalfPair>(Half::from(second)) << 16;
#endif
}
/// The number in the lower half.
constexpr std::uint16_t first_of(HalfPair pair) { return static_cast<std::uint16_t>(pair & 0xffffU); }
/// The number in the upper half.
constexpr std::uint16_t second_of(HalfPair pair) { return static_cast<std::uint16_t>(pair >> 16); }

/// v in two parts, high + low: 21 bits of mantissa with Fp16, 16 with Bfloat16, as far as the range goes.
template <class Half>
struct Split {
  std::uint16_t high, low;
  constexpr explicit Split(float v) : high(Half::from(v)), low(Half::from(v - Half::value(high))) {}
};

/// Two numbers in two parts each, as Split.
template <class Half>
struct SplitPair {
  HalfPair high, low;
  constexpr SplitPair(float first, float second)
      : high(pair_of<Half>(first, second)),
        low(pair_of<Half>(first - Half::value(first_of(high)), second - Half::value(second_of(high)))) {}
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
