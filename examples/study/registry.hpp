// The machines of nwm_study. Each source file, one for a model and a data set, registers its machines here.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "nwm/data/dataset.hpp"
#include "nwm/io/safetensors.hpp"
#include "nwm/loss/segmentation_metrics.hpp"
#include "nwm/memory/array.hpp"
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

/// A trained machine, whichever: what pictures of it need.
struct Network {
  std::function<nwm::Array<float>(const nwm::data::Dataset&)> scores;  ///< (n, classes, H, W)
  std::function<nwm::Array<float>(const nwm::data::Dataset&)>
      series;  ///< (n, T, C, H, W); none without waves
};

struct Entry {
  Configuration configuration;
  std::string backend;  ///< "cpu", "device", "device-tf32" or "device-bf16": Options::place
  std::size_t parameters;
  std::function<Result(const Job&)> run;
  // The number is the time step of the waves, where the machine has such (time_step, journal.hpp).
  /// Whether a file's weights are this machine's.
  std::function<bool(const nwm::io::Safetensors&, double)> owns;
  /// Metrics of the weights of a file, on so many threads. Throws nwm::Error as nwm::load, nwm::Unstable as
  /// nwm::evaluate.
  std::function<nwm::SegmentationMetrics(const std::filesystem::path&, const nwm::data::Dataset&, std::size_t,
                                         double)>
      evaluate;
  /// From a file of weights; throws as nwm::load.
  std::function<Network(const std::filesystem::path&, double)> open;
};

inline std::vector<Entry>& registry() {
  static std::vector<Entry> entries;
  return entries;
}

}  // namespace study
