// Machines for MNIST pixel by pixel, in order (smnist) and under one permutation (psmnist). Both tasks have
// one machine a model; numbers of the cell and of the training may differ.
#pragma once

#include "../train_run.hpp"
#include "nwm/loss/image_cross_entropy.hpp"
#include "nwm/model/sequence_machine.hpp"

namespace sequence {

constexpr nwm::SequenceShape pixel_shape(std::size_t width, std::size_t oscillators, std::size_t lanes) {
  return {.inputs = 1,
          .steps = pixel_steps,
          .width = width,
          .oscillators = oscillators,
          .outputs = 10,
          .lanes = lanes};
}

template <class Cell, std::size_t width, std::size_t oscillators, std::size_t lanes,
          class Checkpointing = nwm::checkpointing::StoreAll, class Head = nwm::head::Hidden<>,
          class Positions = nwm::readout::AtEnd>
using Reader = nwm::SequenceMachine<pixel_shape(width, oscillators, lanes), Cell, Positions, Head,
                                    nwm::DefaultBackend, float, Checkpointing>;

/// Training settings of these tasks. 0 sequences: all.
constexpr Settings reading(std::size_t epochs, std::size_t batch, double rate, double clip = 0,
                           double drop_at = 0) {
  return {.epochs = epochs,
          .train = 0,
          .batch = batch,
          .test = 0,
          .rate = rate,
          .clip = clip,
          .drop_at = drop_at};
}

/// A recipe found here, for a short training: `warmup` as in Settings.
constexpr Settings quick_reading(std::size_t epochs, std::size_t batch, double rate, double warmup,
                                 double clip) {
  Settings s = reading(epochs, batch, rate, clip);
  s.warmup = warmup;
  return s;
}

template <class Machine>
bool add_reader(const char* task, const char* model, const Settings& defaults, const char* defaults_of,
                double published = 0, const typename Machine::Cell& cell = {}) {
  return add<Machine, nwm::loss::ImageCrossEntropy>({.task = task,
                                                     .model = model,
                                                     .defaults = defaults,
                                                     .defaults_of = defaults_of,
                                                     .published = published},
                                                    cell);
}
/// The same for both tasks.
template <class Machine>
bool add_reader(const char* model, const Settings& defaults, const char* defaults_of,
                const typename Machine::Cell& cell = {}) {
  return add_reader<Machine>("smnist", model, defaults, defaults_of, 0, cell) &&
         add_reader<Machine>("psmnist", model, defaults, defaults_of, 0, cell);
}

}  // namespace sequence
