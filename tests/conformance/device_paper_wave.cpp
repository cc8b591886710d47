#include "nwm/backend/device/host.hpp"
#include "paper_wave.hpp"

static const bool added = (conformance::add_paper_waves<nwm::device::Host<>, float>(),
                           conformance::add_paper_waves<nwm::device::Host<>, double>(), true);
