#include "nwm/backend/device/host.hpp"
#include "small_baselines.hpp"

static const bool added = (conformance::add_small_baselines<nwm::device::Host<>, float>(),
                           conformance::add_small_baselines<nwm::device::Host<>, double>(), true);
