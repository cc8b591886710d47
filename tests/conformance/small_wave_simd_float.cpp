#include "small_wave.hpp"

static const bool added = (conformance::add_small_waves<nwm::cpu::Simd<>, float>(), true);
