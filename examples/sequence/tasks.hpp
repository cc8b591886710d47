// The tasks' data: sizes, and sets drawn from a seed or read from MNIST's files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "nwm/data/dataset.hpp"

namespace sequence {

inline constexpr std::size_t adding_steps = 500, pixel_steps = 784;

/// Sequences of moving shapes: `steps` frames, each to be answered with the next one.
struct Moving {
  static constexpr std::size_t steps = 20, side = 12, sites = side * side;
  static constexpr std::size_t seen = 12;  ///< frames after which a film goes on by itself
};

/// What a training needs of a task.
struct Data {
  /// The training set of an epoch, from 0: new sequences in each where they are drawn.
  std::function<std::shared_ptr<const nwm::data::Dataset>(std::size_t epoch)> train;
  nwm::data::Dataset validation, test;
  double guess = 0;             ///< loss of who knows the task but remembers nothing; 0: not known
  std::string guess_name = {};  ///< what that is
};

/// How much of what data a run takes.
struct DataOptions {
  std::size_t train = 0, test = 0;  ///< sequences; MNIST: the first so many, 0: all
  std::uint64_t seed = 0;
  std::filesystem::path folder = {};  ///< of MNIST's files
};

Data copy_data(std::size_t delay, const DataOptions& options);
Data adding_data(const DataOptions& options);
/// Throws nwm::Error as load_mnist, and where there are fewer digits.
Data mnist_data(bool permuted, const DataOptions& options);
/// frames: (1, side, side) at every step, otherwise vectors of side² numbers.
Data moving_data(bool frames, const DataOptions& options);

}  // namespace sequence
