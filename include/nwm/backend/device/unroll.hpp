// What code that a GPU's compiler reads needs: loops that must be unrolled, so that what they index stays in
// registers.
#pragma once

#include <array>
#include <cstddef>

/// Before a loop with constant bounds: unrolled in device code, as it stands on the host.
#if defined(__CUDA_ARCH__)
#define NWM_UNROLL _Pragma("unroll")
#else
#define NWM_UNROLL
#endif

/// Before a loop with constant bounds: not unrolled, where that would take more registers than there are.
#if defined(__CUDA_ARCH__)
#define NWM_ROLLED _Pragma("unroll 1")
#else
#define NWM_ROLLED
#endif

/// Before a loop that must stay one: unrolled, its body would fill the instruction cache.
#if defined(__CUDA_ARCH__)
#define NWM_KEEP_LOOP _Pragma("unroll 1")
#else
#define NWM_KEEP_LOOP
#endif

namespace nwm::device {

/// The smaller number, by value: std::min takes the address of a constant, which a device has not (nvcc 13.0
/// then compiles a trap, without a word).
constexpr std::size_t smaller(std::size_t a, std::size_t b) { return a < b ? a : b; }

/// all[part] without an address that depends on a number: a kernel's arguments then stay where they are.
template <class T, std::size_t n>
constexpr T pick(const std::array<T, n>& all, std::size_t part) {
  T picked = all[0];
  NWM_UNROLL
  for (std::size_t k = 1; k < n; ++k)
    if (part == k) picked = all[k];
  return picked;
}

}  // namespace nwm::device
