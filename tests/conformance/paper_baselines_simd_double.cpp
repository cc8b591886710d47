#include "paper_baselines.hpp"

static const bool added = (conformance::add_paper_baselines<nwm::cpu::Simd<>, double>(), true);
