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
template <std::size_t images>
using DeviceBackend = nwm::device::Cuda<images>;
#elif defined(_OPENMP)
template <std::size_t images>
using DeviceBackend = nwm::device::Host<nwm::device::OpenMp, images>;
#else
template <std::size_t images>
using DeviceBackend = nwm::device::Host<nwm::device::Sequential, images>;
#endif

struct Device {
  static constexpr const char* name = "device";
  template <class Data>
  using Backend = DeviceBackend<Data::pass>;
  template <class Data>
  using WholeBackend = DeviceBackend<whole_batch>;
};

}  // namespace study
