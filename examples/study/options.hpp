// The command line of nwm_study.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "plan.hpp"

namespace study {

/// Defaults are the study's own protocol (arXiv 2502.06034).
struct Options {
  Selection selection;
  std::string backend = "cpu";  ///< or "device"
  std::size_t epochs = 300, batch = 64, patience = 302;
  double learning_rate = 1e-3, clip = 0;
  std::string schedule = "constant";
  std::size_t train_images = 0, validation_images = 0,
              test_images = 0;  ///< 0: all, or as many as the study's
  std::filesystem::path data_dir, out = "study";
  std::size_t threads = 0;  ///< 0: all
  double save_every = 30;   ///< seconds between two saved states, besides one an epoch
};

/// Sets `options` from the command line. Returns an exit status where there is nothing more to do (--help, an
/// option that is not there), else −1. Throws nwm::Error naming an option whose value cannot be.
int parse(int argc, char** argv, Options& options);

/// Name and value of everything that decides a run's numbers but its configuration, its seed and its data.
std::vector<std::pair<std::string, std::string>> decisive(const Options& options);

}  // namespace study
