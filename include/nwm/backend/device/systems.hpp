// The host systems on which Thrust carries out the device backend: what runs where no GPU is.
// What a system is: system.hpp.
#pragma once

#include "nwm/push_macros.inc"

#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/system/cpp/execution_policy.h>
#if defined(_OPENMP)
#include <thrust/system/omp/execution_policy.h>
#endif

#include <cstddef>
#include <string_view>
#include <vector>

#include "nwm/backend/device/block.hpp"
#include "nwm/backend/device/cluster.hpp"
#include "nwm/backend/device/product.hpp"
#include "nwm/backend/device/system.hpp"
#include "nwm/backend/host_memory.hpp"

namespace nwm::device {

/// What all host systems do alike.
template <class Self>
struct HostSystem : HostProducts {
  using Memories = HostMemory;
  static constexpr std::size_t scratch_bytes = std::size_t{1} << 20;
  static constexpr std::size_t tile = 256, series_tile = 4096;

  template <class Body>
  static void run(const Body& body) {
    if constexpr (ClusterBody<Body>) Self::for_each(body.blocks / body.cluster, RunClusterOnHost<Body>{body});
    else Self::for_each(body.blocks, RunOnHost<Body>{body});
  }

  template <class T>
  static T* scratch() {
    static_assert(alignof(T) <= alignof(double));
    thread_local std::vector<double> room(scratch_bytes / sizeof(double));
    return reinterpret_cast<T*>(room.data());
  }
};

/// One thread.
struct Sequential : HostSystem<Sequential> {
  static constexpr std::string_view name = "device";

  template <class F>
  static void for_each(std::size_t count, const F& f) {
    const thrust::counting_iterator<std::size_t> first(0);
    thrust::for_each(thrust::cpp::par, first, first + static_cast<std::ptrdiff_t>(count), f);
  }
};

#if defined(_OPENMP)
/// OpenMP's threads; one thread within a parallel region.
struct OpenMp : HostSystem<OpenMp> {
  static constexpr std::string_view name = "device-openmp";

  template <class F>
  static void for_each(std::size_t count, const F& f) {
    const thrust::counting_iterator<std::size_t> first(0);
    thrust::for_each(thrust::omp::par, first, first + static_cast<std::ptrdiff_t>(count), f);
  }
};
#endif

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
