// The device backend as a place (machines.hpp): the GPU when nvcc compiles this, else Thrust's host systems.
#pragma once

#include <cstddef>

#include "machines.hpp"

#if defined(__CUDACC__)
#include "nwm/backend/device/cuda.cuh"
#else
#include "nwm/backend/device/host.hpp"
#endif

namespace study {

#if defined(__CUDACC__)
template <std::size_t images, class Precision>
using DeviceBackend = nwm::device::Cuda<images, Precision>;
#elif defined(_OPENMP)
template <std::size_t images, class Precision>
using DeviceBackend = nwm::device::Host<nwm::device::OpenMp, images, Precision>;
#else
template <std::size_t images, class Precision>
using DeviceBackend = nwm::device::Host<nwm::device::Sequential, images, Precision>;
#endif

namespace precision = nwm::device::precision;

/// The device with products in Precision. Its name is what Options::place makes of the options.
template <class Precision = precision::Full>
struct Device {
  static constexpr const char* name = Precision::name == precision::Full::name   ? "device"
                                      : Precision::name == precision::Tf32::name ? "device-tf32"
                                                                                 : "device-bf16";
  template <class Data>
#if defined(__CUDACC__)
  using Backend = DeviceBackend<Data::pass, Precision>;
#else  // every pass works through all of its images, and a test has few
  using Backend = DeviceBackend<8, Precision>;
#endif
  template <class Data>
  using WholeBackend = DeviceBackend<whole_batch, Precision>;
};

}  // namespace study
