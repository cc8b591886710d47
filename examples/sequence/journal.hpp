// A run's files: its learning curve, its settings, and the results of all runs. Nothing here depends on the
// machine.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "registry.hpp"

namespace sequence {

/// The files in a run's folder.
struct Files {
  explicit Files(const std::filesystem::path& folder)
      : settings(folder / "settings.txt"),
        state(folder / "training.safetensors"),
        weights(folder / "weights.safetensors"),
        curve(folder / "curve.csv"),
        picture(folder / "curve.png"),
        waves(folder / "waves.png"),
        film(folder / "film.gif") {}
  std::filesystem::path settings, state, weights, curve, picture, waves, film;
};

/// The learning curve, a row an epoch.
class Curve {
 public:
  struct Row {
    double loss, validation_loss, accuracy;  ///< accuracy on the validation set; NaN for numbers
  };

  /// Reads the first `epochs` rows of the file, which may have more: of epochs whose state was not saved.
  /// Throws nwm::Error naming the file when it has fewer rows or is damaged.
  Curve(std::filesystem::path path, std::size_t epochs);
  /// Adds an epoch and writes the file, whole or not at all.
  void add(const Row& row);
  /// Draws training and validation loss, and the loss of guessing where it is above 0; nothing before the
  /// first epoch.
  void draw(const std::filesystem::path& picture, const std::string& title, double guess) const;

 private:
  std::filesystem::path path_;
  std::vector<Row> rows_;
};

/// Makes the run's folder. A folder that holds a training is gone on with, if the options say so and the data
/// is the same; otherwise throws nwm::Error saying what to do.
void open_folder(const Files& files, const Entry& entry, const Settings& settings, const Options& options);

/// Adds the outcome to `path`, a table of one line a run, and returns what is known beside it, as words.
std::string add_result(const std::filesystem::path& path, const std::string& run, const Entry& entry,
                       const Data& data, const Outcome& outcome);

}  // namespace sequence
