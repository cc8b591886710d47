// What a run leaves in its folder besides the weights: the learning curve, and how training is told and
// saved. Nothing here depends on the machine.
#pragma once

#include <chrono>
#include <filesystem>
#include <vector>

#include "nwm/train/progress.hpp"
#include "nwm/train/trainer.hpp"
#include "registry.hpp"

namespace study {

/// The learning curve, one row an epoch.
class Curve {
 public:
  /// The first `epochs` rows of the file; it may hold more, of epochs whose state was not saved any more.
  /// Throws nwm::Error naming the file when it has fewer, or is damaged.
  Curve(std::filesystem::path path, std::size_t epochs);

  /// Adds an epoch and writes the file, whole or not at all.
  void add(const nwm::Progress& progress);
  /// Draws training and validation loss, when there is an epoch to draw.
  void draw(const std::filesystem::path& picture, const std::string& title) const;

 private:
  struct Epoch {
    double loss;
    nwm::Metrics validation;
  };
  std::filesystem::path path_;
  std::vector<Epoch> epochs_;
};

/// The names in a run's folder.
struct Files {
  explicit Files(const std::filesystem::path& folder)
      : state(folder / "training.safetensors"),
        weights(folder / "weights.safetensors"),
        curve(folder / "curve.csv"),
        picture(folder / "curve.png"),
        result(folder / "result.csv") {}
  std::filesystem::path state, weights, curve, picture, result;
};

/// Removes what a killed program left half-written.
void remove_leftovers(const Files& files);

/// True every so many seconds.
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

/// The trainer's options for a run.
nwm::TrainerOptions trainer_options(const Options& options, std::uint64_t seed);

/// "diverged at epoch 3 step 5 (loss nan)": fit for a field of a CSV file.
std::string verdict(const nwm::Unstable& error);

}  // namespace study
