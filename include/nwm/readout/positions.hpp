// At which steps of a sequence a model gives scores, and of what.
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>

namespace nwm::readout {

/// Scores of the recorded state after the last step.
struct AtEnd {
  static constexpr std::string_view name = "at_end";
  /// Whether there are scores at every step; whether they are of the mean.
  static constexpr bool every_step = false, mean = false;
};
/// Scores of the recorded state after each step, by the same head.
struct EveryStep {
  static constexpr std::string_view name = "every_step";
  /// Whether there are scores at every step; whether they are of the mean.
  static constexpr bool every_step = true, mean = false;
};
/// Scores of the recorded state's mean over all steps.
struct MeanOfSteps {
  static constexpr std::string_view name = "mean_of_steps";
  /// Whether there are scores at every step; whether they are of the mean.
  static constexpr bool every_step = false, mean = true;
};

/// One of these.
template <class P>
concept Positions = requires {
  { P::name } -> std::convertible_to<std::string_view>;
  { P::every_step } -> std::convertible_to<bool>;
  { P::mean } -> std::convertible_to<bool>;
};

}  // namespace nwm::readout
