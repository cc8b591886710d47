#include "nwm/backend/device/cuda.cuh"
#include "paper_baselines.hpp"

static const bool added = (conformance::add_paper_baselines<nwm::device::Cuda<1>, float>(),
                           conformance::add_paper_baselines<nwm::device::Cuda<1>, double>(), true);
