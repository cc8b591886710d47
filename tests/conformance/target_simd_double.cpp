#include "run_target_case.hpp"

static const bool added = (conformance::add_targets<nwm::cpu::Simd<>, double>(), true);
