// Initial values of coRNN for a short training.
#pragma once

#include <array>
#include <cstddef>

namespace sequence {

/// What PyTorch's initial values of W [u; z; y] + b become, in a network of `units` with `inputs` numbers a
/// step and a linear readout: the column of each input, b, and the columns of z and y are multiplied; then a
/// number is added to W's diagonals for z and y, where a unit acts on itself. That for y rises from 0 at the
/// first unit to `spread` after the last: while tanh is linear, unit i has the natural frequency sqrt(gamma −
/// spread i/n), so that some units are slow. `head` multiplies the readout's weights.
template <std::size_t inputs, std::size_t units>
struct CoRnnStart {
  std::array<float, inputs> drive;
  float bias = 1, state = 1, self = 0, spread = 0, head = 1;

  template <class Machine>
  void apply(Machine& machine) const {
    constexpr std::size_t row = inputs + 2 * units, weights = row * units, readout = weights + units;
    const auto p = machine.parameters();
    for (std::size_t i = 0; i < units; ++i) {
      const std::size_t begin = i * row;
      for (std::size_t j = 0; j < row; ++j) p[begin + j] *= j < inputs ? drive[j] : state;
      p[weights + i] *= bias;
      p[begin + inputs + i] += self;
      p[begin + inputs + units + i] += spread * static_cast<float>(i) / static_cast<float>(units);
    }
    for (std::size_t k = 0; k < Machine::outputs * units; ++k) p[readout + k] *= head;
  }
};

}  // namespace sequence
