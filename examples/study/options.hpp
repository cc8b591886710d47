// The command line of nwm_study.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "plan.hpp"

namespace study {

/// The defaults are the study's protocol (arXiv 2502.06034).
struct Options {
  Selection selection;
  std::string backend = "cpu";        ///< or "device"
  std::string precision = "float32";  ///< of a device's products; or "tf32", "bf16"
  std::size_t epochs = 300, batch = 64, patience = 302;
  std::string recipe = "published";  ///< or "quick": what the options below are where they are not given
  double learning_rate = 1e-3, clip = 0;
  std::string schedule = "constant";
  double beta2 = 0.999, improvement = 1e-3;
  double ground_share = 1;            ///< of the background's pixels, in the loss of recurrent models
  std::vector<double> omega_start{};  ///< first and last channel's natural frequency; empty: as drawn
  std::size_t train_images = 0, validation_images = 0,
              test_images = 0;  ///< 0: all, or as many as in the study
  std::filesystem::path data_dir, out = "study";
  std::size_t threads = 0;              ///< 0: all
  std::size_t parallel = 1;             ///< runs beside each other; each has its share of the threads
  std::string mnist_split = "last";     ///< or "authors": which training digits validate
  std::filesystem::path write_data;     ///< only write the data sets there
  std::vector<std::string> evaluate{};  ///< only measure these weights
  std::vector<std::string> figures{};   ///< only draw these runs
  double save_every = 30;               ///< seconds between saved states; each epoch saves one as well
  /// Of NWM's waves, and how two figures of a test set are computed (measures.hpp).
  double dt = 0.1;
  std::string foreground_loss = "image";  ///< or "batch", "set"
  std::string iou = "one-hot";            ///< or "class-bits"
  bool alone = false;                     ///< whether one run at a time has the terminal, for its progress

  /// Where and in which precision machines run, as registry.hpp names it.
  std::string place() const { return precision == "float32" ? backend : backend + "-" + precision; }
};

/// Sets `options` from the command line. Returns −1, or an exit status when the program should end (--help,
/// an unknown option). Throws nwm::Error naming an option with an invalid value.
int parse(int argc, char** argv, Options& options);

/// Names and values of all options that decide a run's numbers, except configuration, seed and data.
std::vector<std::pair<std::string, std::string>> decisive(const Options& options);

}  // namespace study
