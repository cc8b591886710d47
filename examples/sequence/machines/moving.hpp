// Machines that tell the next frame of moving shapes, at every step.
#pragma once

#include "../train_run.hpp"
#include "nwm/loss/mean_squares.hpp"
#include "nwm/model/sequence_machine.hpp"

namespace sequence {

/// lattice: the hidden states lie on the frame's torus, and inputs are frames; otherwise vectors.
constexpr nwm::SequenceShape moving_shape(bool lattice, std::size_t oscillators, std::size_t lanes) {
  return {.inputs = lattice ? 1 : Moving::sites,
          .steps = Moving::steps,
          .height = lattice ? Moving::side : 1,
          .width = lattice ? Moving::side : 1,
          .oscillators = oscillators,
          .outputs = Moving::sites,
          .lanes = lanes,
          .frames = lattice};
}

template <class Machine>
bool add_mover(const char* model, double rate) {
  return add<Machine, nwm::loss::MeanSquares>(
      {.task = "moving",
       .model = model,
       .defaults = {.epochs = 40, .train = 2048, .batch = 32, .test = 256, .rate = rate, .clip = 1},
       .defaults_of = "this program"});
}

}  // namespace sequence
