#include "nwm/backend/device/cuda.cuh"
#include "run_unet_case.hpp"

// One image a pass, and the small case's two in one.
using One = nwm::device::Cuda<1>;
using Two = nwm::device::Cuda<2>;
static const bool added =
    (conformance::add_unets<One, float>(), conformance::add_unets<One, double>(),
     conformance::add_unet<nwm::UNet<conformance::small_unet, 2, Two, float>>("narrow"),
     conformance::add_unet<nwm::UNet<conformance::small_unet, 2, Two, double>>("narrow"), true);
