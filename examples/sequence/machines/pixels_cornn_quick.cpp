// coRNN for a training of half an hour on two cores: half of the published units, a longer time step with
// less damping, and a drive that is strong from the start. With PyTorch's initial values a pixel moves a unit
// by a sixteenth at most, and epochs go by before the states say anything about the digit.
#include <cstddef>

#include "cornn_start.hpp"
#include "nwm/cell/co_rnn.hpp"
#include "pixels.hpp"

constexpr std::size_t units = 128;
using Machine = sequence::Reader<nwm::cell::CoRnn, 1, units, 16>;

static void begin(Machine& machine) {
  sequence::CoRnnStart<1, units>{.drive = {24}, .bias = 6, .state = 1.5}.apply(machine);
}

static const bool added = sequence::add_quick<Machine, nwm::loss::ImageCrossEntropy>(
                              "smnist", "cornn", sequence::quick_reading(14, 32, 6e-3, 0.1, 1), 0.9935,
                              {.dt = 0.1, .gamma = 1, .epsilon = 2}, begin) &&
                          sequence::add_quick<Machine, nwm::loss::ImageCrossEntropy>(
                              "psmnist", "cornn", sequence::quick_reading(8, 32, 6e-3, 0.1, 1), 0.9734,
                              {.dt = 0.1, .gamma = 0.5, .epsilon = 3}, begin);
