#include "options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "../command_line.hpp"
#include "numbers.hpp"
#include "nwm/error.hpp"

namespace study {
namespace {

/// "0.5,1.5"; "drawn" where there is none.
std::string shown(const std::vector<double>& numbers) {
  std::string out;
  for (const double n : numbers) out += (out.empty() ? "" : ",") + text(n);
  return out.empty() ? "drawn" : out;
}

/// The inverse. Throws nwm::Error unless it is "drawn" or two numbers.
std::vector<double> omega_start(const std::string& text) {
  if (text == "drawn") return {};
  const std::size_t comma = std::min(text.find(','), text.size());
  const auto first = number(std::string_view(text).substr(0, comma)),
             last = number(std::string_view(text).substr(std::min(comma + 1, text.size())));
  if (comma == text.size() || !first || !last || !std::isfinite(*first) || !std::isfinite(*last))
    throw nwm::Error("nwm_study", "--omega-start", "two numbers, as 0.5,1.5, or drawn", "'" + text + "'");
  return {*first, *last};
}

void check(const Options& o) {
  const auto require = [](bool fine, const char* option, const char* expected, const std::string& found) {
    if (!fine) throw nwm::Error("nwm_study", option, expected, found);
  };
  require(o.backend == "cpu" || o.backend == "device", "--backend", "cpu or device", "'" + o.backend + "'");
  require(o.precision == "float32" || o.precision == "tf32" || o.precision == "bf16", "--precision",
          "float32, tf32 or bf16", "'" + o.precision + "'");
  require(o.precision == "float32" || o.backend == "device", "--precision", "--backend device with it",
          "'" + o.precision + "' on the cpu");
  require(o.epochs > 0, "--epochs", "at least 1", "0");
  require(o.batch > 0, "--batch", "at least 1", "0");
  require(o.patience > 0, "--patience", "at least 1", "0");
  require(o.learning_rate > 0 && std::isfinite(o.learning_rate), "--lr", "a positive number",
          text(o.learning_rate));
  require(o.clip >= 0, "--clip", "a positive number, or 0 for none", text(o.clip));
  require(o.save_every >= 0, "--save-every", "0 or a positive number of seconds", text(o.save_every));
  require(o.schedule == "constant" || o.schedule == "cosine", "--schedule", "constant or cosine",
          "'" + o.schedule + "'");
  require(o.dt > 0 && std::isfinite(o.dt), "--dt", "a positive number", text(o.dt));
  require(!o.out.empty(), "--out", "a folder", "an empty name");
  require(o.beta2 >= 0 && o.beta2 < 1, "--beta2", "a number from 0 to below 1", text(o.beta2));
  require(o.improvement >= 0 && std::isfinite(o.improvement), "--improvement", "0 or a positive number",
          text(o.improvement));
  require(o.ground_share > 0 && o.ground_share <= 1, "--ground-share", "a number above 0 and at most 1",
          text(o.ground_share));
}

/// Gives what the command line leaves open its value in the quick recipe (docs/reproducing-the-study.md tells
/// how it was found).
void take_quick(const CLI::App& app, Options& o) {
  const auto take = [&app](const char* option, auto& to, const auto& value) {
    if (app.count(option) == 0) to = value;
  };
  take("--epochs", o.epochs, 8u);
  take("--batch", o.batch, 8u);
  take("--lr", o.learning_rate, 2e-3);
  take("--schedule", o.schedule, "cosine");
  take("--clip", o.clip, 1.0);
  take("--beta2", o.beta2, 0.99);
  take("--improvement", o.improvement, 0.0);
  take("--ground-share", o.ground_share, 0.125);
  take("--omega-start", o.omega_start, std::vector{0.5, 1.5});
}

}  // namespace

int parse(int argc, char** argv, Options& o) {
  CLI::App app(
      "Trains and evaluates the systems of \"Traveling Waves Integrate Spatial Information Through Time\" "
      "and sets the results beside the published ones.\nLists have commas, numbers may be ranges (0-9). "
      "Stopped at any moment, the same command goes on where it was.\nDefaults are the study's protocol.");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("--data", o.selection.data,
                 "polygons, tetrominoes, mnist, multi-mnist, or one that was built in beside")
      ->capture_default_str();
  app.add_option("--model", o.selection.model,
                 "nwm, lstm, gru, rnn, cnn, unet; with variants of its own: lstm:linear+last,cnn:2+8")
      ->capture_default_str();
  app.add_option("--readout", o.selection.readout, "Of recurrent models")->capture_default_str();
  app.add_option("--layers", o.selection.layers, "Of the CNN")->capture_default_str();
  app.add_option("--width", o.selection.width, "Of the U-Net")->capture_default_str();
  app.add_option("--seeds", o.selection.seeds, "Of initial values and shuffling: a run each")
      ->capture_default_str();
  app.add_option("--backend", o.backend,
                 "cpu; device: the GPU, or its stand-in on the processor, where that was built")
      ->capture_default_str();
  app.add_option("--precision", o.precision,
                 "Of the products on a device: float32; tf32, with 10 bits of each factor; bf16, with 7. "
                 "Those that were built")
      ->capture_default_str();
  app.add_option("--recipe", o.recipe,
                 "published: the study's protocol; quick: one found here that needs less than an hour of two "
                 "cores on Tetrominoes. Other options stand above it")
      ->capture_default_str()
      ->check(CLI::IsMember(std::vector<std::string>{"published", "quick"}));
  app.add_option("--epochs", o.epochs, "At most")->capture_default_str()->check(command_line::natural);
  app.add_option("--batch", o.batch)->capture_default_str()->check(command_line::natural);
  app.add_option("--lr", o.learning_rate, "Adam's rate")->capture_default_str();
  app.add_option("--patience", o.patience, "Epochs without improvement before a run stops")
      ->capture_default_str()
      ->check(command_line::natural);
  app.add_option("--schedule", o.schedule,
                 "constant; cosine: up over a tenth of the steps, down to a fiftieth")
      ->capture_default_str();
  app.add_option("--clip", o.clip, "Longest gradient; 0: any")->capture_default_str();
  app.add_option("--beta2", o.beta2, "Adam's, of squared gradients")->capture_default_str();
  app.add_option("--improvement", o.improvement,
                 "How much lower a validation loss must be for weights to be the best")
      ->capture_default_str();
  app.add_option("--ground-share", o.ground_share,
                 "Of the background's pixels, in the training loss of recurrent models; 1: all. Each weighs "
                 "the more")
      ->capture_default_str();
  app.add_option_function<std::string>(
      "--omega-start", [&o](const std::string& text) { o.omega_start = omega_start(text); },
      "Natural frequencies of the NWM's first and last channel before training, as the last biases of their "
      "encoder: 0.5,1.5. Or drawn, as the study has it");
  app.add_option("--dt", o.dt, "Time step of NWM's waves; of --evaluate where the weights do not say theirs")
      ->capture_default_str();
  app.add_option(
         "--foreground-loss", o.foreground_loss,
         "Of a test set. image: mean of the images' means; batch: of all foreground pixels of 64 images "
         "in a row, as the authors' program; set: of all those of the set")
      ->capture_default_str()
      ->check(CLI::IsMember(std::vector<std::string>{"image", "batch", "set"}));
  app.add_option(
         "--iou", o.iou,
         "Of all pixels of a test set. one-hot: of a map a class; class-bits: of the class numbers as bits, "
         "as the first version of the authors' program")
      ->capture_default_str()
      ->check(CLI::IsMember(std::vector<std::string>{"one-hot", "class-bits"}));
  app.add_option("--train-images", o.train_images, "The first so many; 0: all")
      ->capture_default_str()
      ->check(command_line::natural);
  app.add_option("--val-images", o.validation_images, "The first so many; 0: all")
      ->capture_default_str()
      ->check(command_line::natural);
  app.add_option("--test-images", o.test_images, "The first so many; 0: all")
      ->capture_default_str()
      ->check(command_line::natural);
  app.add_option(
      "--data-dir", o.data_dir,
      "Folder of MNIST's four files, or of tetrominoes_*.npy.gz, multi_mnist_*.npy.gz; without these, "
      "Tetrominoes are drawn and Multi-MNIST is composed of MNIST");
  app.add_option("--out", o.out, "Folder of the results; one for each set of options")->capture_default_str();
  app.add_option("--threads", o.threads, "0: all there are; no number depends on it")
      ->capture_default_str()
      ->check(command_line::natural);
  app.add_option("--save-every", o.save_every, "Seconds after which the state of training is saved")
      ->capture_default_str();
  app.add_option("--parallel", o.parallel,
                 "Runs beside each other, each with its share of the threads, or all on one device")
      ->capture_default_str()
      ->check(command_line::count);
  app.add_option("--mnist-split", o.mnist_split,
                 "Which digits validate. last: the last 15 %; authors: those of their random_split, seed 42")
      ->capture_default_str()
      ->check(CLI::IsMember(std::vector<std::string>{"last", "authors"}));
  app.add_option("--write-data", o.write_data,
                 "Only write the data sets of --data into this folder, as .npy for numpy and --data-dir");
  app.add_option(
         "--evaluate", o.evaluate,
         "Only measure these weights (ours or the authors', as .safetensors) on the test set of their data "
         "set: a row of results.csv each. Weights that do not say whose they are need --model")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--figures", o.figures,
                 "Only draw figures from these folders of finished runs, or of a study, into OUT/figures")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e);
  }
  if (o.recipe == "quick") take_quick(app, o);
  check(o);
  return -1;
}

std::vector<std::pair<std::string, std::string>> decisive(const Options& o) {
  const auto images = [](std::size_t n) { return n == 0 ? std::string("all") : std::to_string(n); };
  return {{"backend", o.place()},
          {"epochs", std::to_string(o.epochs)},
          {"batch", std::to_string(o.batch)},
          {"lr", text(o.learning_rate)},
          {"patience", std::to_string(o.patience)},
          {"schedule", o.schedule},
          {"clip", text(o.clip)},
          {"beta2", text(o.beta2)},
          {"improvement", text(o.improvement)},
          {"ground-share", text(o.ground_share)},
          {"omega-start", shown(o.omega_start)},
          {"train-images", images(o.train_images)},
          {"val-images", images(o.validation_images)},
          {"test-images", images(o.test_images)},
          {"dt", text(o.dt)},
          {"foreground-loss", o.foreground_loss},
          {"iou", o.iou}};
}

}  // namespace study
