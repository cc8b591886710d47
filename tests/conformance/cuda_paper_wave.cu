#include "nwm/backend/device/cuda.cuh"
#include "paper_wave.hpp"

static const bool added = (conformance::add_paper_waves<nwm::device::Cuda<1>, float>(),
                           conformance::add_paper_waves<nwm::device::Cuda<1>, double>(), true);
