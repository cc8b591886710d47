// The learning curve of a run, and the progress reports and saved states of its training. Nothing here
// depends on the machine.
#pragma once

#include <chrono>
#include <filesystem>
#include <vector>

#include "nwm/train/progress.hpp"
#include "nwm/train/trainer.hpp"
#include "registry.hpp"

namespace study {

/// The learning curve, one row per epoch.
class Curve {
 public:
  static constexpr std::size_t all = static_cast<std::size_t>(-1);

  /// Reads the first `epochs` rows of the file, or all. The file may have more rows, for epochs whose state
  /// was not saved. Throws nwm::Error naming the file when it has fewer rows or is damaged.
  Curve(std::filesystem::path path, std::size_t epochs);

  /// Adds an epoch and writes the file, whole or not at all.
  void add(const nwm::Progress& progress);
  /// Draws training and validation loss, if there is at least one epoch.
  void draw(const std::filesystem::path& picture, const std::string& title) const;
  /// The validation loss of each epoch.
  std::vector<double> validation_losses() const;

 private:
  struct Epoch {
    double loss;
    nwm::SegmentationMetrics validation;
  };
  std::filesystem::path path_;
  std::vector<Epoch> epochs_;
};

/// The files in a run's folder.
struct Files {
  explicit Files(const std::filesystem::path& folder)
      : state(folder / "training.safetensors"),
        weights(folder / "weights.safetensors"),
        curve(folder / "curve.csv"),
        picture(folder / "curve.png"),
        background(folder / "background.csv"),
        result(folder / "result.csv") {}
  std::filesystem::path state, weights, curve, picture, background, result;
};

/// Removes half-written files of a killed program.
void remove_leftovers(const Files& files);

/// True once every given number of seconds.
class Every {
 public:
  explicit Every(double seconds) : seconds_(seconds) {}
  bool due() {
    const auto now = std::chrono::steady_clock::now();
    if (std::chrono::duration<double>(now - last_).count() < seconds_) return false;
    last_ = now;
    return true;
  }

 private:
  double seconds_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

/// The time step that a file of weights says its waves have, else `otherwise`.
double time_step(const nwm::io::Safetensors& file, double otherwise);

/// The trainer's options for a run.
nwm::TrainerOptions trainer_options(const Options& options, std::uint64_t seed);

/// "diverged at epoch 3 step 5 (loss nan)", usable as a CSV field.
std::string verdict(const nwm::Unstable& error);

}  // namespace study
