#include "nwm/backend/device/host.hpp"
#include "small_wave.hpp"

static const bool added = (conformance::add_small_waves<nwm::device::Host<>, float>(),
                           conformance::add_small_waves<nwm::device::Host<>, double>(), true);
