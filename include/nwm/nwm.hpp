// The core: what a program needs that trains a wave machine, or lets waves run. Not in here, as it needs
// other libraries or is large:
//   the compared networks   cell/lstm.hpp, cell/gru.hpp, cell/rnn.hpp, model/cnn.hpp, model/unet.hpp
//   checking a cell         check/check_cell.hpp
//   files through zlib      data/mnist.hpp, data/npy.hpp
//   components              analysis.hpp, drum.hpp, plot.hpp, report.hpp, sound.hpp
#pragma once

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/data/polygons.hpp"
#include "nwm/data/tetrominoes.hpp"
#include "nwm/grid/field_view.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/readout/fft.hpp"
#include "nwm/readout/last.hpp"
#include "nwm/readout/linear.hpp"
#include "nwm/readout/max_time.hpp"
#include "nwm/readout/mean_time.hpp"
#include "nwm/simulation/simulation.hpp"
#include "nwm/train/predict.hpp"
#include "nwm/train/saved_training.hpp"
#include "nwm/train/trainer.hpp"
#include "nwm/version.hpp"
