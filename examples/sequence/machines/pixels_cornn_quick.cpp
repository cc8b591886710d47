// coRNN for a training of half an hour on two cores: half of the published units, a longer time step with less
// damping, and a drive that is strong from the start. With PyTorch's initial values a pixel moves a unit by a
// sixteenth at most, and the first epochs go by before the states say anything about the digit.
#include <cstddef>

#include "nwm/cell/co_rnn.hpp"
#include "pixels.hpp"

namespace {

constexpr std::size_t units = 128;
using Machine = sequence::Reader<nwm::cell::CoRnn, 1, units, 16>;

/// A row of the weights is [u; z; y]: the column of u and the bias start `drive` and `bias` times as large.
void begin(Machine& machine) {
  constexpr std::size_t row = 1 + 2 * units;
  constexpr float drive = 24, state = 1.5, bias = 6;
  const auto p = machine.parameters();
  for (std::size_t i = 0; i < units; ++i) {
    for (std::size_t j = 0; j < row; ++j) p[i * row + j] *= j == 0 ? drive : state;
    p[units * row + i] *= bias;
  }
}

}  // namespace

static const bool added =
    sequence::add_quick_reader<Machine>("smnist", "cornn", sequence::quick_reading(14, 32, 6e-3, 0.1, 1),
                                        0.9935, {.dt = 0.1, .gamma = 1, .epsilon = 2}, begin);
