#include "run_sequence_case.hpp"

static const bool added = (conformance::add_sequences<nwm::cpu::Scalar, float>(), true);
