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

/// Four numbers at `from`, on 16 bytes, that are not read again soon.
constexpr std::array<float, 4> load_once(const float* from) {
#if defined(__CUDA_ARCH__)
  const float4 four = __ldcs(reinterpret_cast<const float4*>(from));
  return {four.x, four.y, four.z, four.w};
#else
  return {from[0], from[1], from[2], from[3]};
#endif
}
/// Those that are read again soon.
constexpr std::array<float, 4> load_four(const float* from) {
#if defined(__CUDA_ARCH__)
  const float4 four = *reinterpret_cast<const float4*>(from);
  return {four.x, four.y, four.z, four.w};
#else
  return {from[0], from[1], from[2], from[3]};
#endif
}
/// Those that are read at every step: to be kept in the second level of cache.
constexpr std::array<float, 4> load_again(const float* from) {
#if defined(__CUDA_ARCH__)
  unsigned long long policy;
  float4 four;
  asm("createpolicy.fractional.L2::evict_last.b64 %0, 1.0;" : "=l"(policy));
  asm("ld.global.L2::cache_hint.v4.f32 {%0, %1, %2, %3}, [%4], %5;"
      : "=f"(four.x), "=f"(four.y), "=f"(four.z), "=f"(four.w)
      : "l"(from), "l"(policy));
  return {four.x, four.y, four.z, four.w};
#else
  return {from[0], from[1], from[2], from[3]};
#endif
}

/// Stores four numbers at `to`, on 16 bytes, that nothing on the chip will read soon.
constexpr void stream(float* to, const std::array<float, 4>& four) {
#if defined(__CUDA_ARCH__)
  __stcs(reinterpret_cast<float4*>(to), make_float4(four[0], four[1], four[2], four[3]));
#else
  for (std::size_t k = 0; k < 4; ++k) to[k] = four[k];
#endif
}

}  // namespace nwm::device
