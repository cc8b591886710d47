#include "nwm/backend/device/host.hpp"
#include "run_sequence_case.hpp"

static const bool added = (conformance::add_sequences<nwm::device::Host<>, float>(),
                           conformance::add_sequences<nwm::device::Host<>, double>(), true);
