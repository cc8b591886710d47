// Four numbers beside each other that are loaded and stored at once.
#pragma once

#include <array>
#include <cstddef>

namespace nwm::device {

/// Four floats on 16 bytes.
struct alignas(16) FloatQuad {
  std::array<float, 4> at;

  /// In one store to shared memory, and in one load.
  constexpr void set(const std::array<float, 4>& four) {
#if defined(__CUDA_ARCH__)
    *reinterpret_cast<float4*>(this) = make_float4(four[0], four[1], four[2], four[3]);
#else
    at = four;
#endif
  }
  constexpr std::array<float, 4> get() const {
#if defined(__CUDA_ARCH__)
    const float4 four = *reinterpret_cast<const float4*>(this);
    return {four.x, four.y, four.z, four.w};
#else
    return at;
#endif
  }
};

/// Stores four numbers at `to`, on 16 bytes, that nothing on the chip will read soon.
constexpr void stream(float* to, const std::array<float, 4>& four) {
#if defined(__CUDA_ARCH__)
  __stcs(reinterpret_cast<float4*>(to), make_float4(four[0], four[1], four[2], four[3]));
#else
  for (std::size_t k = 0; k < 4; ++k) to[k] = four[k];
#endif
}

}  // namespace nwm::device
