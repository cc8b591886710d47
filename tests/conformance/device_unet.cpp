#include "nwm/backend/device/host.hpp"
#include "run_unet_case.hpp"

static const bool added = (conformance::add_unets<nwm::device::Host<>, float>(),
                           conformance::add_unets<nwm::device::Host<>, double>(), true);
