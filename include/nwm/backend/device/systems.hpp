// The host systems on which Thrust carries out the device backend: what runs where no GPU is.
#pragma once

#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/system/cpp/execution_policy.h>
#if defined(_OPENMP)
#include <thrust/system/omp/execution_policy.h>
#endif

#include <cstddef>
#include <string_view>

namespace nwm::device {

/// One thread.
struct Sequential {
  static constexpr std::string_view name = "device";

  /// f(i) for i = 0..count-1.
  template <class F>
  static void for_each(std::size_t count, const F& f) {
    const thrust::counting_iterator<std::size_t> first(0);
    thrust::for_each(thrust::cpp::par, first, first + static_cast<std::ptrdiff_t>(count), f);
  }
};

#if defined(_OPENMP)
/// OpenMP's threads; one thread within a parallel region.
struct OpenMp {
  static constexpr std::string_view name = "device-openmp";

  /// f(i) for i = 0..count-1, in any order.
  template <class F>
  static void for_each(std::size_t count, const F& f) {
    const thrust::counting_iterator<std::size_t> first(0);
    thrust::for_each(thrust::omp::par, first, first + static_cast<std::ptrdiff_t>(count), f);
  }
};
#endif

}  // namespace nwm::device
