#include "run_target_case.hpp"

static const bool added = (conformance::add_targets<nwm::cpu::Scalar, double>(), true);
