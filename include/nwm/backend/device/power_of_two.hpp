// Powers of two that bring numbers into the range of a 16-bit format, and sums of their products back.
#pragma once

#include "nwm/push_macros.inc"

#include <cstdint>

#include "nwm/memory/bit_cast.hpp"

namespace nwm::device {

/// `factor`, a power of two that brings `largest` to between 2^14 and 2^15, and its inverse `back`; both are
/// normal numbers of float, so that multiplying by them is exact. What is below 2^-112 becomes smaller than
/// that. With Fp16 nothing then becomes infinite, and what is 2^-28 of the largest keeps a mantissa of all 11
/// bits.
struct PowerOfTwo {
  float factor, back;
  /// largest: 0 or a positive finite number.
  constexpr explicit PowerOfTwo(float largest) : factor(1), back(1) {
    const std::uint32_t exponent = nwm::bit_cast<std::uint32_t>(largest) >> 23;
    const std::uint32_t up = exponent < 15 ? 253 : 268 - exponent;
    factor = nwm::bit_cast<float>(up << 23);
    back = nwm::bit_cast<float>((254 - up) << 23);
  }
};

/// The larger of `most` and |v|; infinities and NaN count nothing: they stay what they are at any scale.
constexpr float larger_size(float most, float v) {
  const float size = v < 0 ? -v : v;
  return size > most && size <= 0x1.fffffep127F ? size : most;
}

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
