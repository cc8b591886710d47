#include "nwm/backend/device/host.hpp"
#include "run_unet_case.hpp"

// The small case's two images in one pass, too.
using Two = nwm::device::Host<nwm::device::Sequential, 2>;
static const bool added =
    (conformance::add_unets<nwm::device::Host<>, float>(),
     conformance::add_unets<nwm::device::Host<>, double>(),
     conformance::add_unet<nwm::UNet<conformance::small_unet, 2, Two, float>>("narrow"),
     conformance::add_unet<nwm::UNet<conformance::small_unet, 2, Two, double>>("narrow"), true);
