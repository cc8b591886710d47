// What the forward pass keeps for the backward pass: memory against time. Gradients are equal under all
// policies, to rounding.
#pragma once

#include <cstddef>

namespace nwm::checkpointing {

/// Everything: the tape holds all T steps.
struct StoreAll {
  /// Steps that the tape holds.
  template <std::size_t steps>
  static constexpr std::size_t length = steps;
  /// Whether the steps are run backwards.
  static constexpr bool reversible = false;
};

/// The states at every k-th step; the steps between are run again on the way back. The tape holds k steps,
/// the checkpoints T/k states: least memory for k near sqrt(T).
template <std::size_t k>
struct Every {
  /// Steps that the tape holds.
  template <std::size_t steps>
  static constexpr std::size_t length = k;
  /// Whether the steps are run backwards.
  static constexpr bool reversible = false;
};

/// Nothing but the end: the steps are run backwards, for cells that state their inverse (cell::Wave). The
/// tape holds a run of steps, the longest that divides T and is at most `longest`, whatever T is. Rounding
/// errors grow on the way back as damping shrinks the waves on the way there; where they could reach
/// `model::reverse_tolerance` the gradient throws Unstable, and Every<k> is the policy to choose.
template <std::size_t longest = 16>
struct Reversible {
  static_assert(longest > 0);
  /// Steps that the tape holds.
  template <std::size_t steps>
  static constexpr std::size_t length = [] {
    std::size_t k = longest < steps ? longest : steps;
    while (steps % k != 0) --k;
    return k;
  }();
  /// Whether the steps are run backwards.
  static constexpr bool reversible = true;
};

/// A number of steps between checkpoints, as a type: compilers then show it in their messages.
template <std::size_t steps>
struct Interval {
  static constexpr std::size_t value = steps;  ///< the number of steps
};

/// Checkpoints lie equally far apart, all the way.
template <class Interval, class StepCount>
concept CheckpointsDivideSteps = (Interval::value > 0) && (StepCount::value % Interval::value == 0);

/// A policy of this header that can keep a run of StepCount::value steps.
template <class K, class StepCount>
concept PolicyFor = CheckpointsDivideSteps<Interval<K::template length<StepCount::value>>, StepCount>;

}  // namespace nwm::checkpointing
