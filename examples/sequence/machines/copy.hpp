// The copy task's machines. Wave RNN as in the paper's sweep (arXiv 2309.08045): a ring of 100 sites, six
// channels, 12,123 parameters; the control has 100 units, 12,009 parameters.
#pragma once

#include "../train_run.hpp"
#include "nwm/cell/dense_rnn.hpp"
#include "nwm/cell/wave_rnn.hpp"
#include "nwm/data/tasks.hpp"
#include "nwm/loss/cross_entropy.hpp"
#include "nwm/model/sequence_machine.hpp"

namespace sequence {

template <std::size_t delay>
constexpr nwm::SequenceShape copy_shape(std::size_t width, std::size_t oscillators, std::size_t lanes) {
  constexpr nwm::data::CopyTask task{.delay = delay};
  return {.inputs = task.inputs,
          .steps = task.steps(),
          .width = width,
          .oscillators = oscillators,
          .outputs = task.classes,
          .lanes = lanes};
}

template <std::size_t delay>
using CopyWaves = nwm::SequenceMachine<copy_shape<delay>(100, 6, 16), nwm::cell::WaveRnn<>,
                                       nwm::readout::EveryStep, nwm::head::Hidden<>>;
template <std::size_t delay>
using CopyControl = nwm::SequenceMachine<copy_shape<delay>(1, 100, 32), nwm::cell::DenseRnn<>,
                                         nwm::readout::EveryStep, nwm::head::Hidden<>>;

template <class Machine>
bool add_copy(const char* model, std::size_t delay) {
  return add<Machine, nwm::loss::CrossEntropy>(
      {.task = "copy",
       .model = model,
       .delay = delay,
       .defaults = {.epochs = 20, .train = 6400, .batch = 128, .clip = 1},
       .defaults_of = "the paper's sweep"});
}

}  // namespace sequence
