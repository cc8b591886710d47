// The command line of nwm_sequence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace sequence {

/// What is not given takes the value of the task and the model (registry.hpp).
struct Options {
  std::string task, model;
  std::optional<std::size_t> delay;  ///< of the copy task
  std::string recipe = "published";  ///< or "quick"
  std::filesystem::path data, out = "sequence";
  std::optional<std::size_t> epochs, batch, train, test;
  std::optional<double> rate, clip;
  std::uint64_t seed = 0;
  std::size_t threads = 0;  ///< 0: all
  double minutes = 0;       ///< of training, by this call; 0: as many as it takes
  bool resume = false;
};

/// Sets `options` from the command line. Returns −1, or an exit status when the program should end (--help,
/// an unknown option). Throws nwm::Error naming an option with an invalid value.
int parse(int argc, char** argv, Options& options);

}  // namespace sequence
