// The precision in which a device multiplies matrices of float. All sums are taken in float32.
#pragma once

#include <cstdint>
#include <string_view>

#include "nwm/memory/bit_cast.hpp"

namespace nwm::device::precision {

/// Products in float32.
struct Full {
  static constexpr std::string_view name = "float32";
  static constexpr float rounded(float v) { return v; }
};

/// Factors are rounded to TensorFloat-32: 10 bits of mantissa, relative error 2^-11.
struct Tf32 {
  static constexpr std::string_view name = "tf32";
  static constexpr float rounded(float v) {
    return nwm::bit_cast<float>((nwm::bit_cast<std::uint32_t>(v) + 0x1000U) & 0xffffe000U);
  }
};

/// Factors are rounded to bfloat16: 7 bits of mantissa, relative error 2^-8. Storage stays float32.
struct Bf16 {
  static constexpr std::string_view name = "bf16";
  static constexpr float rounded(float v) {
    const auto bits = nwm::bit_cast<std::uint32_t>(v);
    return nwm::bit_cast<float>((bits + 0x7fffU + (bits >> 16 & 1U)) & 0xffff0000U);
  }
};

}  // namespace nwm::device::precision
