// What the forward pass keeps for the backward pass: memory against time. Gradients are equal under all
// policies.
#pragma once

#include <cstddef>

namespace nwm::keep {

/// Everything: the tape holds all T steps.
struct Everything {
  template <std::size_t steps>
  static constexpr std::size_t length = steps;
};

/// The number of steps between checkpoints must divide the number of steps: both stand in the error.
template <std::size_t every, std::size_t steps>
struct CheckpointsDivideSteps {
  static_assert(every > 0 && steps % every == 0, "keep::Every<k>: k must divide the number of steps");
  static constexpr std::size_t value = every;
};

/// The states at every k-th step; the steps between are run again on the way back. The tape holds k steps,
/// the checkpoints T/k states: least memory for k near sqrt(T).
template <std::size_t k>
struct Every {
  template <std::size_t steps>
  static constexpr std::size_t length = CheckpointsDivideSteps<k, steps>::value;
};

}  // namespace nwm::keep
