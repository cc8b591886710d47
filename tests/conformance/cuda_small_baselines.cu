#include "nwm/backend/device/cuda.cuh"
#include "small_baselines.hpp"

static const bool added = (conformance::add_small_baselines<nwm::device::Cuda<1>, float>(),
                           conformance::add_small_baselines<nwm::device::Cuda<1>, double>(), true);
