#include "nwm/backend/device/cuda.cuh"
#include "run_sequence_case.hpp"

static const bool added = (conformance::add_sequences<nwm::device::Cuda<1>, float>(),
                           conformance::add_sequences<nwm::device::Cuda<1>, double>(), true);
