// The core: what a program needs that trains a wave machine, predicts with it, or lets waves run. All
// readouts, losses and optimisers are in here, and io::write_npy. Not in here, as it needs other libraries or
// is large:
//   the compared networks   cell/lstm.hpp, cell/gru.hpp, cell/rnn.hpp, model/cnn.hpp, model/unet.hpp
//   sequences               model/sequence_machine.hpp, the driven cells, data/sequences.hpp, data/tasks.hpp
//   other backends          backend/cpu/simd_bf16.hpp, backend/device/host.hpp, backend/device/cuda.cuh
//   checks of gradients     check/check_cell.hpp, check/check_gradient.hpp
//   files through zlib      data/mnist.hpp, data/multi_mnist.hpp, data/npy.hpp
//   components              analysis.hpp, drum.hpp, plot.hpp, report.hpp, sound.hpp
#pragma once

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/data/polygons.hpp"
#include "nwm/data/tetrominoes.hpp"
#include "nwm/grid/field_view.hpp"
#include "nwm/io/npy.hpp"
#include "nwm/loss/cross_entropy.hpp"
#include "nwm/loss/image_cross_entropy.hpp"
#include "nwm/loss/mean_squares.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/optimizer/adam.hpp"
#include "nwm/optimizer/sgd.hpp"
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
