#include "paper_wave.hpp"

static const bool added = (conformance::add_paper_waves<nwm::cpu::Simd<>, float>(), true);
