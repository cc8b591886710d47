// The backend a model gets when it names none.
#pragma once

#include "nwm/backend/cpu/simd.hpp"

namespace nwm {

/// SIMD for the processor this file is compiled for.
using DefaultBackend = cpu::Simd<>;

}  // namespace nwm
