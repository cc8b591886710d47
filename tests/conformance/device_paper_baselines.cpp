#include "nwm/backend/device/host.hpp"
#include "paper_baselines.hpp"

static const bool added = (conformance::add_paper_baselines<nwm::device::Host<>, float>(),
                           conformance::add_paper_baselines<nwm::device::Host<>, double>(), true);
