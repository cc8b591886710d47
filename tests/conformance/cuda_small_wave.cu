#include "nwm/backend/device/cuda.cuh"
#include "small_wave.hpp"

static const bool added = (conformance::add_small_waves<nwm::device::Cuda<1>, float>(),
                           conformance::add_small_waves<nwm::device::Cuda<1>, double>(), true);
