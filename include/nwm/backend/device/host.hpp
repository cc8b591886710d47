// The device backend on a processor: the kernels' own text and Thrust's host systems, so that both are tested
// where no GPU is.
#pragma once

#include <cstddef>

#include "nwm/backend/device/operations.hpp"
#include "nwm/backend/device/systems.hpp"

namespace nwm::device {

/// System_: Sequential or OpenMp.
template <System System_ = Sequential, std::size_t images = 1, class Precision = precision::Full>
using Host = Operations<System_, images, Precision>;

}  // namespace nwm::device
