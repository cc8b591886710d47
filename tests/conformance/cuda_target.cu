#include "nwm/backend/device/cuda.cuh"
#include "run_target_case.hpp"

static const bool added = (conformance::add_targets<nwm::device::Cuda<2>, float>(),
                           conformance::add_targets<nwm::device::Cuda<2>, double>(), true);
