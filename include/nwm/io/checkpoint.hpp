// Weights, and the state of a training, on disk.
#pragma once

#include "nwm/io/training.hpp"
#include "nwm/io/weights.hpp"
