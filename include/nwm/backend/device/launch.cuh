// Launches a body on a GPU. For .cu files only, compiled with --expt-relaxed-constexpr.
#pragma once

#include "nwm/push_macros.inc"

#include <cuda_runtime.h>

#include <cstddef>

#include "nwm/backend/device/block.hpp"
#include "nwm/backend/device/cuda_check.cuh"

namespace nwm::device {

/// A block on a GPU. Every thread runs each phase once, with a barrier after it.
template <class Body>
struct CudaBlock {
  std::size_t index;
  typename Body::Shared& shared;
  typename Body::Local local{};
  typename detail::WarpLocalOf<Body, CudaWarp>::type warp_local{};

  template <class F>
  __device__ void each(const F& f) {
    f(std::size_t{threadIdx.x}, local);
    __syncthreads();
  }
  template <class F>
  __device__ void warps(const F& f) {
    // By a shuffle, so that the compiler knows the number to be the same for all lanes.
    f(CudaWarp{__shfl_sync(0xffffffffU, threadIdx.x / CudaWarp::lanes, 0)}, warp_local);
    __syncthreads();
  }
};

/// The kernel that runs a Body: a block of threads each.
template <class Body>
__global__ void __launch_bounds__(Body::threads) run_block(Body body) {
  extern __shared__ __align__(16) unsigned char memory[];
  CudaBlock<Body> block{blockIdx.x, *reinterpret_cast<typename Body::Shared*>(memory)};
  body(block);
}

/// Starts a body on `stream` and returns before it ends. Throws Error when the launch is refused. Whether the
/// device has the shared memory is asked before (Operations::run), so that the error can say so.
template <class Body>
void launch(const Body& body, cudaStream_t stream) {
  constexpr std::size_t bytes = sizeof(typename Body::Shared);
  static_assert(alignof(typename Body::Shared) <= 16);
  // Beyond 48 KiB, shared memory must be requested on every device. The call is cheap beside such a kernel.
  if constexpr (bytes > 48 * 1024)
    NWM_CUDA(cudaFuncSetAttribute(run_block<Body>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                  static_cast<int>(bytes)));
  run_block<<<static_cast<unsigned>(body.blocks), static_cast<unsigned>(Body::threads), bytes, stream>>>(
      body);
  NWM_CUDA(cudaGetLastError());
}

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
