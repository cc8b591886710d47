#include "small_baselines.hpp"

static const bool added = (conformance::add_small_baselines<nwm::cpu::Simd<>, double>(), true);
