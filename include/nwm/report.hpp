// The component nwm::report: pages with pictures and sounds inside, of drums and of networks. Needs what
// nwm::plot and nwm::modes need.
#pragma once

#include "nwm/report/chart.hpp"
#include "nwm/report/comparison.hpp"
#include "nwm/report/drum.hpp"
#include "nwm/report/drum_laboratory.hpp"
#include "nwm/report/drum_sound.hpp"
#include "nwm/report/html.hpp"
#include "nwm/report/machine.hpp"
#include "nwm/report/nearest_spectrum.hpp"
#include "nwm/report/network.hpp"
#include "nwm/report/network_spectra.hpp"
#include "nwm/report/network_waves.hpp"
#include "nwm/report/network_weights.hpp"
#include "nwm/report/page.hpp"
#include "nwm/report/style.hpp"
#include "nwm/report/training.hpp"
