// The device backend on an NVIDIA GPU: the operations of operations.hpp by Thrust, cuBLAS and own kernels.
// For .cu files only, compiled with --expt-relaxed-constexpr.
#pragma once

#include <cublas_v2.h>

#include <cstddef>
#include <string_view>
#include <type_traits>

#include "nwm/backend/device/cuda_context.cuh"
#include "nwm/backend/device/cuda_memory.cuh"
#include "nwm/backend/device/factor.hpp"
#include "nwm/backend/device/launch.cuh"
#include "nwm/backend/device/operations.hpp"

namespace nwm::device {

namespace detail {
template <class Precision>
struct ComputeType;
template <>
struct ComputeType<precision::Full> {
  static constexpr cublasComputeType_t value = CUBLAS_COMPUTE_32F;
};
template <>
struct ComputeType<precision::Tf32> {
  static constexpr cublasComputeType_t value = CUBLAS_COMPUTE_32F_FAST_TF32;
};
template <>
struct ComputeType<precision::Bf16> {
  static constexpr cublasComputeType_t value = CUBLAS_COMPUTE_32F_FAST_16BF;
};
}  // namespace detail

/// Runs on the calling thread's current device (cuda_context.cuh).
struct CudaSystem {
  static constexpr std::string_view name = "cuda";
  static constexpr std::size_t scratch_bytes = CudaContext::scratch_bytes;
  // With these sizes the head's layers of 64 images, 256 rows wide, fit in 50 MB of cache; series are read
  // once.
  /// Columns of a tile of the head, and of a tile of the series.
  static constexpr std::size_t tile = 512, series_tile = std::size_t{1} << 24;
  /// Columns of a head in one launch: with 64 images it has 1024 blocks, and the launches for the gradient of
  /// the weights are few.
  static constexpr std::size_t head_tile = 2048;
  using Memories = CudaMemories;

  template <class F>
  static void for_each(std::size_t count, const F& f) {
    CudaMemories::for_each(count, f);
  }

  template <class Body>
  static void run(const Body& body) {
    launch(body, CudaContext::current().stream());
  }

  static std::size_t shared_memory() { return CudaContext::current().shared_memory(); }

  /// Those of the present device.
  static std::size_t multiprocessors() { return CudaContext::current().multiprocessors(); }

  /// Clusters of a Body that the present device runs at once; 0 where it has none.
  template <class Body>
  static std::size_t clusters() {
    // One device a thread (cuda_context.cuh).
    thread_local const std::size_t active = active_clusters<Body>(shared_memory());
    return active;
  }

  template <class T>
  static T* scratch() {
    return static_cast<T*>(CudaContext::current().scratch());
  }

  /// cuBLAS is column-major. There a row-major matrix is its transpose, so y = a x becomes yᵀ = xᵀ aᵀ.
  template <class Precision, class Real>
  static void product(std::size_t M, std::size_t K, std::size_t N, Factor<Real> a, Factor<Real> x, Real* y,
                      std::size_t ldy, bool add) {
    constexpr bool single = std::is_same_v<Real, float>;
    constexpr cudaDataType type = single ? CUDA_R_32F : CUDA_R_64F;
    constexpr cublasComputeType_t compute =
        single ? detail::ComputeType<Precision>::value : CUBLAS_COMPUTE_64F;
    const Real one(1), beta(add ? 1 : 0);
    const auto op = [](bool transposed) { return transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
    const auto integer = [](std::size_t n) { return static_cast<int>(n); };
    NWM_CUDA(cublasGemmEx(CudaContext::current().blas(), op(x.transposed), op(a.transposed), integer(N),
                          integer(M), integer(K), &one, x.data, type, integer(x.stride), a.data, type,
                          integer(a.stride), &beta, y, type, integer(ldy), compute, CUBLAS_GEMM_DEFAULT));
  }
};

/// The GPU backend: nwm::Trainer<Machine::with<nwm::device::Cuda<64>>> trains with 64 images per pass.
/// Operations are queued and run later. CUDA manages the memory that host and device share (parameters,
/// moments).
template <std::size_t images = 64, class Precision = precision::Full>
using Cuda = Operations<CudaSystem, images, Precision>;

}  // namespace nwm::device
