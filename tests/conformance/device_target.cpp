#include "nwm/backend/device/host.hpp"
#include "run_target_case.hpp"

// Two of the three images in one pass, too: the last pass is not full then.
using Two = nwm::device::Host<nwm::device::Sequential, 2>;
static const bool added =
    (conformance::add_targets<nwm::device::Host<>, float>(),
     conformance::add_targets<nwm::device::Host<>, double>(), conformance::add_targets<Two, float>(),
     conformance::add_targets<Two, double>(), true);
