// The component nwm::sound: spectra, pitches and tones of series, and WAV files.
#pragma once

#include "nwm/sound/pitch.hpp"
#include "nwm/sound/spectrum.hpp"
#include "nwm/sound/tone.hpp"
#include "nwm/sound/wav.hpp"
