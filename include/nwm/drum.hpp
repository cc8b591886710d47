// The component nwm::drum: drums of any shape, and the ears that hear it. Not in here, as they need other
// libraries: drum/picture.hpp and drum/bars_picture.hpp (nwm::plot), and drum/modes.hpp (nwm::modes).
#pragma once

#include "nwm/drum/bars.hpp"
#include "nwm/drum/drum.hpp"
#include "nwm/drum/hear.hpp"
#include "nwm/drum/mask.hpp"
#include "nwm/drum/membrane.hpp"
#include "nwm/drum/outline.hpp"
#include "nwm/drum/recording.hpp"
#include "nwm/drum/weyl.hpp"
