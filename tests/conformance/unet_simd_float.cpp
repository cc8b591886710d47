#include "run_unet_case.hpp"

static const bool added = (conformance::add_unets<nwm::cpu::Simd<>, float>(), true);
