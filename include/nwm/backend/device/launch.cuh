// Launches a body on a GPU. For .cu files only, compiled with --expt-relaxed-constexpr.
#pragma once

#include "nwm/push_macros.inc"

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "nwm/backend/device/block.hpp"
#include "nwm/backend/device/cluster.hpp"
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

/// Blocks of a GPU that work together. Every thread runs each phase once, with a barrier of the cluster after
/// it. Reaches as far as the compiler's target has clusters: compute capability 9.0.
template <class Body>
class CudaCluster {
 public:
  /// A block as a phase sees it.
  struct Block {
    std::size_t index;
    unsigned rank;
    typename Body::Shared& shared;
    __device__ typename Body::Shared& of(unsigned other) const {
      std::uint64_t at;
      asm("mapa.u64 %0, %1, %2;" : "=l"(at) : "l"(&shared), "r"(other));
      return *reinterpret_cast<typename Body::Shared*>(at);
    }
  };

  __device__ explicit CudaCluster(typename Body::Shared& shared)
      : block_{blockIdx.x, blockIdx.x % static_cast<unsigned>(Body::cluster), shared} {}

  template <class F>
  __device__ void each(const F& f) {
    f(block_, std::size_t{threadIdx.x}, local_);
    wait();
  }
  template <class F>
  __device__ void each_own(const F& f) {
    f(block_, std::size_t{threadIdx.x}, local_);
    // Without .relaxed all that the threads have stored must have reached memory before they go on.
#if __CUDACC_VER_MAJOR__ * 100 + __CUDACC_VER_MINOR__ >= 1208
    asm volatile("fence.release.sync_restrict::shared::cta.cluster;" ::: "memory");
    asm volatile("barrier.cluster.arrive.relaxed.aligned;" ::: "memory");
    asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
#else
    wait();
#endif
  }
  template <class F>
  __device__ void warps(const F& f) {
    f(block_, warp(), warp_local_);
    wait();
  }
  template <class F>
  __device__ bool same(const F& f) {
    return f(block_, warp(), warp_local_);
  }

 private:
  __device__ static CudaWarp warp() { return {__shfl_sync(0xffffffffU, threadIdx.x / CudaWarp::lanes, 0)}; }
  __device__ static void wait() {
    asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
    asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
  }

  Block block_;
  typename Body::Local local_{};
  typename detail::WarpLocalOf<Body, CudaWarp>::type warp_local_{};
};

/// The kernel that runs a Body of clusters; of no work where the target has none, as active_clusters says.
template <class Body>
__global__ void __launch_bounds__(Body::threads, 1) run_cluster(Body body) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  extern __shared__ __align__(16) unsigned char memory[];
  CudaCluster<Body> cluster(*reinterpret_cast<typename Body::Shared*>(memory));
  body(cluster);
#endif
}

namespace detail {

/// How a Body of clusters is launched; it lies in `attribute`, too.
template <class Body>
cudaLaunchConfig_t cluster_launch(cudaLaunchAttribute& attribute, cudaStream_t stream) {
  constexpr std::size_t bytes = sizeof(typename Body::Shared);
  static_assert(Body::blocks % Body::cluster == 0 && Body::cluster <= 16);
  const auto kernel = run_cluster<Body>;
  NWM_CUDA(
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)));
  if constexpr (Body::cluster > 8)
    NWM_CUDA(cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1));
  attribute.id = cudaLaunchAttributeClusterDimension;
  attribute.val.clusterDim.x = static_cast<unsigned>(Body::cluster);
  attribute.val.clusterDim.y = attribute.val.clusterDim.z = 1;
  cudaLaunchConfig_t launch{};
  launch.gridDim = dim3(static_cast<unsigned>(Body::blocks));
  launch.blockDim = dim3(static_cast<unsigned>(Body::threads));
  launch.dynamicSmemBytes = bytes;
  launch.stream = stream;
  launch.attrs = &attribute;
  launch.numAttrs = 1;
  return launch;
}

}  // namespace detail

/// How many clusters of Body run at once on the present device, whose blocks can have `available` bytes; 0
/// where it cannot run, for it has no clusters, none so large, or less shared memory.
template <class Body>
std::size_t active_clusters(std::size_t available) {
  int device = 0, have = 0, active = 0;
  NWM_CUDA(cudaGetDevice(&device));
  NWM_CUDA(cudaDeviceGetAttribute(&have, cudaDevAttrClusterLaunch, device));
  if (have == 0 || sizeof(typename Body::Shared) > available) return 0;
  // The code may be of a target before 9.0, which a later card compiles for itself: it has no work in it.
  cudaFuncAttributes code{};
  NWM_CUDA(cudaFuncGetAttributes(&code, run_cluster<Body>));
  if (code.ptxVersion < 90) return 0;
  cudaLaunchAttribute attribute{};
  const cudaLaunchConfig_t launch = detail::cluster_launch<Body>(attribute, nullptr);
  if (cudaOccupancyMaxActiveClusters(&active, run_cluster<Body>, &launch) != cudaSuccess) {
    cudaGetLastError();  // no error of what follows
    return 0;
  }
  return static_cast<std::size_t>(active);
}

/// Starts a body on `stream` and returns before it ends. Throws Error when the launch is refused. Whether the
/// device has the shared memory is asked before (Operations::run), so that the error can say so.
template <class Body>
void launch(const Body& body, cudaStream_t stream) {
  constexpr std::size_t bytes = sizeof(typename Body::Shared);
  static_assert(alignof(typename Body::Shared) <= 16);
  if constexpr (ClusterBody<Body>) {
    cudaLaunchAttribute attribute{};
    const cudaLaunchConfig_t config = detail::cluster_launch<Body>(attribute, stream);
    NWM_CUDA(cudaLaunchKernelEx(&config, run_cluster<Body>, body));
    return;
  } else {
    // Beyond 48 KiB, shared memory must be requested on every device. The call is cheap beside such a kernel.
    if constexpr (bytes > 48 * 1024)
      NWM_CUDA(cudaFuncSetAttribute(run_block<Body>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    static_cast<int>(bytes)));
    run_block<<<static_cast<unsigned>(body.blocks), static_cast<unsigned>(Body::threads), bytes, stream>>>(
        body);
    NWM_CUDA(cudaGetLastError());
  }
}

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
