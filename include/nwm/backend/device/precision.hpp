// In which precision a device multiplies matrices of float: all sums are taken in float32.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace nwm::device::precision {

/// float32 products.
struct Full {
  static constexpr std::string_view name = "float32";
  static constexpr float rounded(float v) { return v; }
};

/// Factors rounded to TensorFloat-32: 10 bits behind the point, relative error 2^-11.
struct Tf32 {
  static constexpr std::string_view name = "tf32";
  static constexpr float rounded(float v) {
    return std::bit_cast<float>((std::bit_cast<std::uint32_t>(v) + 0x1000U) & 0xffffe000U);
  }
};

/// Factors rounded to bfloat16: 7 bits behind the point, relative error 2^-8. What is stored stays float32.
struct Bf16 {
  static constexpr std::string_view name = "bf16";
  static constexpr float rounded(float v) {
    const auto bits = std::bit_cast<std::uint32_t>(v);
    return std::bit_cast<float>((bits + 0x7fffU + (bits >> 16 & 1U)) & 0xffff0000U);
  }
};

}  // namespace nwm::device::precision
