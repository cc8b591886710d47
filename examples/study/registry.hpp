// The machines of nwm_study. Each source file, one for a model and a data set, registers its machines here.
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

/// A run to be trained and evaluated.
struct Job {
  Run run;
  const Options& options;
  const nwm::data::Split& data;
  std::filesystem::path folder;  ///< of the run's files; exists already
  /// Called with the training state: once when a run resumes from a saved state, then at every step.
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
