// A host thread's tools on its GPU: a stream, cuBLAS, and memory for results in transit.
#pragma once

#include "nwm/push_macros.inc"

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <cstddef>

#include "nwm/backend/device/cuda_check.cuh"

namespace nwm::device {

/// Created when a thread first uses the backend, on the device that is then current. Operations of one thread
/// run in the order of the calls. Before another thread uses their results, the first must wait for them.
class CudaContext {
 public:
  static constexpr std::size_t scratch_bytes = std::size_t{1} << 20;

  /// The calling thread's context. Throws Error when there is no device, the driver is too old, or the device
  /// cannot share managed memory with the host while both run.
  static CudaContext& current() {
    thread_local CudaContext context;
    return context;
  }

  cudaStream_t stream() const { return stream_; }
  cublasHandle_t blas() const { return blas_; }
  void* scratch() const { return scratch_; }
  /// Bytes of shared memory that a block of the device can ask for.
  std::size_t shared_memory() const { return static_cast<std::size_t>(shared_memory_); }
  /// Multiprocessors of the device.
  std::size_t multiprocessors() const { return static_cast<std::size_t>(multiprocessors_); }

  CudaContext(const CudaContext&) = delete;
  CudaContext& operator=(const CudaContext&) = delete;

 private:
  // cuBLAS gets a work space of its own and of fixed size, so that products have the same bits on every run
  // and can be captured in graphs.
  static constexpr std::size_t blas_bytes = std::size_t{32} << 20;

  CudaContext() {
    int count = 0, device = 0, shares = 0;
    NWM_CUDA(cudaGetDeviceCount(&count));
    if (count == 0) NWM_CUDA(cudaErrorNoDevice);
    NWM_CUDA(cudaGetDevice(&device));
    NWM_CUDA(cudaDeviceGetAttribute(&shares, cudaDevAttrConcurrentManagedAccess, device));
    if (shares == 0)
      throw Error("nwm::device::Cuda", "device " + std::to_string(device),
                  "managed memory that host and device use at the same time", "none");
    NWM_CUDA(cudaDeviceGetAttribute(&shared_memory_, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
    NWM_CUDA(cudaDeviceGetAttribute(&multiprocessors_, cudaDevAttrMultiProcessorCount, device));
    NWM_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    NWM_CUDA(cudaMalloc(&scratch_, scratch_bytes));
    NWM_CUDA(cudaMalloc(&blas_room_, blas_bytes));
    NWM_CUDA(cublasCreate(&blas_));
    NWM_CUDA(cublasSetStream(blas_, stream_));
    NWM_CUDA(cublasSetWorkspace(blas_, blas_room_, blas_bytes));
    NWM_CUDA(cublasSetAtomicsMode(blas_, CUBLAS_ATOMICS_NOT_ALLOWED));
  }
  // At program exit CUDA may already be gone; error codes then mean nothing.
  ~CudaContext() {
    if (blas_) cublasDestroy(blas_);
    if (blas_room_) cudaFree(blas_room_);
    if (scratch_) cudaFree(scratch_);
    if (stream_) cudaStreamDestroy(stream_);
  }

  int shared_memory_ = 0, multiprocessors_ = 0;
  cudaStream_t stream_ = nullptr;
  cublasHandle_t blas_ = nullptr;
  void *scratch_ = nullptr, *blas_room_ = nullptr;
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
