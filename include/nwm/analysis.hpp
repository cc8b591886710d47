// The component nwm::analysis: receptive fields, travelling waves and spectra of what a network recorded.
#pragma once

#include "nwm/analysis/draw.hpp"
#include "nwm/analysis/one_way_flow.hpp"
#include "nwm/analysis/oscillation.hpp"
#include "nwm/analysis/phase_waves.hpp"
#include "nwm/analysis/reach.hpp"
#include "nwm/analysis/receptive_field.hpp"
#include "nwm/analysis/series.hpp"
#include "nwm/analysis/space_time_spectrum.hpp"
#include "nwm/analysis/swing.hpp"
#include "nwm/analysis/travelling_waves.hpp"
#include "nwm/analysis/wave_figures.hpp"
