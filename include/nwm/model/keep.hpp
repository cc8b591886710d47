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

/// The states at every k-th step; the steps between are run again on the way back. The tape holds k steps,
/// the checkpoints T/k states: least memory for k near sqrt(T).
template <std::size_t k>
struct Every {
  template <std::size_t steps>
  static constexpr std::size_t length = k;
};

/// A number of steps between checkpoints, as a type: compilers then show it in their messages.
template <std::size_t steps>
struct Interval {
  static constexpr std::size_t value = steps;
};

/// Checkpoints lie equally far apart, all the way.
template <class Interval, class Steps>
concept CheckpointsDivideSteps = (Interval::value > 0) && (Steps::value % Interval::value == 0);

/// A policy of this header that can keep a run of Steps::value steps.
template <class K, class Steps>
concept KeepFor = CheckpointsDivideSteps<Interval<K::template length<Steps::value>>, Steps>;

}  // namespace nwm::keep
