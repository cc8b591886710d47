// What nwm_sequence can train. Each source file, one for a task and a model, adds its machine here.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "options.hpp"
#include "tasks.hpp"

namespace sequence {

/// Numbers of a training that the command line may replace.
struct Settings {
  std::size_t epochs = 20, train = 6400, batch = 128, test = 1000;
  double rate = 1e-3, clip = 0;
  double drop_at = 0;  ///< share of all steps after which the rate is a tenth; 0: never
  /// Share of all steps in which the rate rises, before it falls as half a cosine to a hundredth; 0: it
  /// stays.
  double warmup = 0;
};

/// What came of a training, on the test set, with the weights of the best validation loss.
struct Outcome {
  std::size_t epochs = 0;  ///< completed
  double seconds = 0;      ///< of training
  double loss = 0;
  double accuracy = 0;  ///< share of labels told; NaN for numbers
};

/// A training to be done.
struct Job {
  const Options& options;
  const Settings& settings;
  const Data& data;
  std::filesystem::path folder;  ///< of the run's files; exists already
  std::string name;              ///< of the run
};

struct Entry {
  std::string task, model;
  std::size_t delay = 0;  ///< of the copy task
  bool quick = false;     ///< --recipe quick: found here for a short training
  Settings defaults;
  std::string defaults_of = {};  ///< whose they are
  double published = 0;          ///< accuracy; 0: none
  std::size_t parameters = 0;
  bool frames = false;  ///< inputs are frames, not vectors
  std::function<Outcome(const Job&)> run = {};

  /// "copy20-wave_rnn", "smnist-cornn-quick".
  std::string name() const {
    return task + (delay > 0 ? std::to_string(delay) : "") + "-" + model + (quick ? "-quick" : "");
  }
};

inline std::vector<Entry>& registry() {
  static std::vector<Entry> entries;
  return entries;
}

/// The entry that the options name. Throws nwm::Error naming the option, what is possible, and what was
/// found.
const Entry& entry_of(const Options& options);

/// Every entry with its parameters and defaults, a line each.
std::string entries_text();

/// The entry's defaults, but for what the options say. Throws nwm::Error naming an option that does not fit
/// the task.
Settings settings_of(const Entry& entry, const Options& options);

}  // namespace sequence
