// The whole library but for its optional edges, which need other libraries or are large: files through zlib
// (data/npy.hpp), pictures (plot/), sound files (sound/), modes of drums (drum/modes.hpp), reports (report/).
#pragma once

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/data/polygons.hpp"
#include "nwm/data/tetrominoes.hpp"
#include "nwm/drum/drum.hpp"
#include "nwm/drum/hear.hpp"
#include "nwm/grid/field.hpp"
#include "nwm/io/checkpoint.hpp"
#include "nwm/model/simulation.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/readout/fft.hpp"
#include "nwm/readout/last.hpp"
#include "nwm/readout/linear.hpp"
#include "nwm/readout/max_time.hpp"
#include "nwm/readout/mean_time.hpp"
#include "nwm/train/trainer.hpp"
