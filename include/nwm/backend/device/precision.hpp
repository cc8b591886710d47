// The precision in which a device multiplies matrices of float. All sums are taken in float32.
#pragma once

#include <cstdint>
#include <string_view>

#include "nwm/backend/device/half.hpp"
#include "nwm/memory/bit_cast.hpp"

// A policy says how kernels of our own multiply on tensor cores (warp.hpp): `Half`, the 16-bit format of
// factors, and `products` of them for one of float: 1, or 3 where each factor is Split in two (the product of
// the two lower parts is left out). Fp16 has not the range of float: a kernel scales what it takes together
// by a power of two, exactly, and its sums back.
namespace nwm::device::precision {

/// Products in float32; on tensor cores as three of fp16, with 21 bits of each factor.
struct Full {
  static constexpr std::string_view name = "float32";
  using Half = Fp16;  ///< of factors on tensor cores
  /// Of 16-bit numbers for one of float.
  static constexpr unsigned products = 3;
  static constexpr float rounded(float v) { return v; }
};

/// Factors are rounded to TensorFloat-32: 10 bits of mantissa, relative error 2^-11; on tensor cores to fp16,
/// which has as many.
struct Tf32 {
  static constexpr std::string_view name = "tf32";
  using Half = Fp16;  ///< of factors on tensor cores
  /// Of 16-bit numbers for one of float.
  static constexpr unsigned products = 1;
  static constexpr float rounded(float v) {
    return nwm::bit_cast<float>((nwm::bit_cast<std::uint32_t>(v) + 0x1000U) & 0xffffe000U);
  }
};

/// Factors are rounded to bfloat16: 7 bits of mantissa, relative error 2^-8. Storage stays float32.
struct Bf16 {
  static constexpr std::string_view name = "bf16";
  using Half = Bfloat16;  ///< of factors on tensor cores
  /// Of 16-bit numbers for one of float.
  static constexpr unsigned products = 1;
  static constexpr float rounded(float v) { return Bfloat16::value(Bfloat16::from(v)); }
};

}  // namespace nwm::device::precision
