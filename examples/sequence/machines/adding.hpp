// The adding task's machines: a number at the end, from a plain linear readout.
#pragma once

#include "../train_run.hpp"
#include "nwm/loss/mean_squares.hpp"
#include "nwm/model/sequence_machine.hpp"

namespace sequence {

constexpr nwm::SequenceShape adding_shape(std::size_t width, std::size_t oscillators, std::size_t lanes) {
  return {.inputs = 2,
          .steps = adding_steps,
          .width = width,
          .oscillators = oscillators,
          .outputs = 1,
          .lanes = lanes};
}

template <class Cell, std::size_t width, std::size_t oscillators, std::size_t lanes,
          class Checkpointing = nwm::checkpointing::StoreAll>
using Adder = nwm::SequenceMachine<adding_shape(width, oscillators, lanes), Cell, nwm::readout::AtEnd,
                                   nwm::head::Hidden<>, nwm::DefaultBackend, float, Checkpointing>;

template <class Machine>
bool add_adder(const char* model, const Settings& defaults, const char* defaults_of,
               const typename Machine::Cell& cell = {}) {
  return add<Machine, nwm::loss::MeanSquares>(
      {.task = "adding", .model = model, .defaults = defaults, .defaults_of = defaults_of}, cell);
}

}  // namespace sequence
