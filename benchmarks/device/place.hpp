// The place where nwm_device_benchmark runs: the GPU when nvcc compiles it. Otherwise the same backend runs
// on the processor, in tiny sizes, to test the program itself.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#if defined(__CUDACC__)
#include <cublas_v2.h>
#include <cuda_runtime.h>

#include "nwm/backend/device/cuda.cuh"
#else
#include "nwm/backend/device/host.hpp"
#endif
#include "figure.hpp"
#include "nwm/grid/shape.hpp"

namespace device_bench {

#if defined(__CUDACC__)

struct Place {
  static constexpr bool gpu = true;
  static constexpr std::size_t batch = 64;  ///< images a pass
  template <std::size_t images, class Precision>
  using Backend = nwm::device::Cuda<images, Precision>;

  /// A configuration in its own size.
  static constexpr nwm::Shape sized(nwm::Shape shape) { return shape; }

  /// The device, its driver and libraries, for the results. Throws nwm::Error when no device can be used.
  static Entry describe() {
    nwm::device::CudaContext::current();
    int device = 0, driver = 0, runtime = 0, blas = 0;
    NWM_CUDA(cudaGetDevice(&device));
    cudaDeviceProp p{};
    NWM_CUDA(cudaGetDeviceProperties(&p, device));
    NWM_CUDA(cudaDriverGetVersion(&driver));
    NWM_CUDA(cudaRuntimeGetVersion(&runtime));
    NWM_CUDA(cublasGetVersion(nwm::device::CudaContext::current().blas(), &blas));
    return Entry()
        .set("name", std::string(p.name))
        .set("compute_capability", std::to_string(p.major) + "." + std::to_string(p.minor))
        .set("multiprocessors", static_cast<double>(p.multiProcessorCount))
        .set("l2_bytes", static_cast<double>(p.l2CacheSize))
        .set("memory_bytes", static_cast<double>(p.totalGlobalMem))
        .set("driver_cuda", static_cast<double>(driver))
        .set("runtime_cuda", static_cast<double>(runtime))
        .set("cublas", static_cast<double>(blas));
  }

  /// Free bytes of the device's memory.
  static double free_bytes() {
    std::size_t free = 0, all = 0;
    NWM_CUDA(cudaMemGetInfo(&free, &all));
    return static_cast<double>(free);
  }

  /// Milliseconds, by the device's clock, from before f() to the end of the operations it requested.
  class Watch {
   public:
    Watch() {
      NWM_CUDA(cudaEventCreate(&begin_));
      NWM_CUDA(cudaEventCreate(&end_));
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch() {
      cudaEventDestroy(begin_);
      cudaEventDestroy(end_);
    }
    template <class F>
    double time(const F& f) {
      const cudaStream_t stream = nwm::device::CudaContext::current().stream();
      NWM_CUDA(cudaEventRecord(begin_, stream));
      f();
      NWM_CUDA(cudaEventRecord(end_, stream));
      NWM_CUDA(cudaEventSynchronize(end_));
      float milliseconds = 0;
      NWM_CUDA(cudaEventElapsedTime(&milliseconds, begin_, end_));
      return static_cast<double>(milliseconds);
    }

   private:
    cudaEvent_t begin_ = nullptr, end_ = nullptr;
  };
};

#else

struct Place {
  static constexpr bool gpu = false;
  static constexpr std::size_t batch = 2;
  template <std::size_t images, class Precision>
  using Backend = nwm::device::Host<nwm::device::Sequential, images, Precision>;

  static constexpr nwm::Shape sized(nwm::Shape shape) {
    shape.height = shape.width = 16;
    shape.steps = 20;
    return shape;
  }
  static Entry describe() { return Entry().set("name", std::string("processor, tiny sizes")); }
  static double free_bytes() { return 0; }

  class Watch {
   public:
    template <class F>
    double time(const F& f) {
      const auto begin = std::chrono::steady_clock::now();
      f();
      return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    }
  };
};

#endif

}  // namespace device_bench
