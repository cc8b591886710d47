// The machines that nwm_study has: each source file of a model and a data set registers its own, the rest
// finds them.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "nwm/data/dataset.hpp"
#include "nwm/train/trainer.hpp"
#include "options.hpp"
#include "results.hpp"

namespace study {

/// One run to be done.
struct Job {
  Run run;
  const Options& options;
  const nwm::data::Split& data;
  std::filesystem::path folder;  ///< of its files; there
  /// Told where training stands when it goes on from a saved state, then of every step.
  std::function<void(const nwm::TrainerState&)> resumed;
  std::function<void(const nwm::Progress&)> progress;
};

struct Entry {
  Configuration configuration;
  std::string backend;  ///< "cpu" or "device"
  std::size_t parameters;
  std::function<Result(const Job&)> run;
};

inline std::vector<Entry>& registry() {
  static std::vector<Entry> entries;
  return entries;
}

}  // namespace study
