// The one compile-time value that fixes every size of a model over sequences.
#pragma once

#include <cstddef>

namespace nwm {

/// Sizes of a model over sequences. A template argument:
/// `SequenceMachine<SequenceShape{.inputs = 1, .steps = 784, .oscillators = 256}, cell::CoRnn>`.
struct SequenceShape {
  std::size_t inputs = 1;         ///< numbers of an input vector, or channels of an input frame
  std::size_t steps = 100;        ///< T, inputs of a sequence
  std::size_t height = 1;         ///< rows of the lattice
  std::size_t width = 1;          ///< its columns: the sites of a ring
  std::size_t oscillators = 128;  ///< C, oscillator channels at every site; the units of a dense network
  std::size_t outputs = 10;       ///< scores at every position that has some
  std::size_t lanes = 32;         ///< sequences of a pass, run side by side
  bool frames = false;            ///< inputs are frames (inputs, height, width), not vectors (inputs)

  /// Sites of the lattice.
  constexpr std::size_t sites() const { return height * width; }
  /// Sites, and numbers, of the input of a step.
  constexpr std::size_t input_sites() const { return frames ? sites() : 1; }
  /// Numbers of the input of one step.
  constexpr std::size_t input_size() const { return inputs * input_sites(); }
  bool operator==(const SequenceShape&) const = default;
};

/// Sizes that a model can have. For others, the compiler prints the comparison that fails.
template <SequenceShape shape>
concept ValidSequenceShape =
    (shape.inputs > 0) && (shape.steps > 0) && (shape.height > 0) && (shape.width > 0) &&
    (shape.oscillators > 0) && (shape.outputs > 0) && (shape.lanes > 0);

}  // namespace nwm
