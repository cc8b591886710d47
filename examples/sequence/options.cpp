#include "options.hpp"

#include <CLI/CLI.hpp>
#include <cmath>

#include "../command_line.hpp"
#include "nwm/error.hpp"
#include "registry.hpp"

namespace sequence {
namespace {

void check(const Options& o) {
  const auto require = [](bool fine, const char* option, const char* expected, double found) {
    if (!fine) throw nwm::Error("nwm_sequence", option, expected, nwm::shown(found));
  };
  const auto require_count = [&](const std::optional<std::size_t>& count, const char* option) {
    if (count) require(*count > 0, option, "at least 1", 0);
  };
  require_count(o.epochs, "--epochs");
  require_count(o.batch, "--batch");
  require_count(o.train, "--train");
  require_count(o.test, "--test");
  if (o.rate) require(*o.rate > 0 && std::isfinite(*o.rate), "--rate", "a positive number", *o.rate);
  if (o.clip) require(*o.clip >= 0, "--clip", "a positive number, or 0 for none", *o.clip);
  require(o.minutes >= 0, "--minutes", "a positive number, or 0 for no limit", o.minutes);
  if (o.out.empty()) throw nwm::Error("nwm_sequence", "--out", "a folder", "an empty name");
}

}  // namespace

int parse(int argc, char** argv, Options& o) {
  CLI::App app(
      "Trains driven oscillator networks on tasks that need memory, and draws their waves.\n"
      "OUT/TASK-MODEL-seedN gets the state of training after every epoch, weights, learning curve and "
      "pictures; OUT/results.csv a line a run.\nWhat is not given is as the table below says.");
  app.footer(entries_text());
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("--task", o.task, "copy, adding, smnist, psmnist, moving")->required();
  app.add_option("--model", o.model, "wave_rnn, cornn, unicornn, horn, nwm23, linoss, rnn; see the table")
      ->required();
  app.add_option("--delay", o.delay,
                 "Of the copy task: steps from a symbol to its copy; 20, 100; not given: the longest")
      ->check(command_line::natural);
  app.add_option(
         "--recipe", o.recipe,
         "published: sizes and numbers of those who published the model; quick: those found here for half "
         "an hour, for some models")
      ->capture_default_str()
      ->check(CLI::IsMember({"published", "quick"}));
  app.add_option("--data", o.data,
                 "Folder of MNIST's four files, for smnist and psmnist; examples/fetch_mnist.sh brings them");
  app.add_option("--out", o.out, "Folder of the results")->capture_default_str();
  app.add_option("--epochs", o.epochs, "In all, those of earlier calls counted")
      ->check(command_line::natural);
  app.add_option("--train", o.train,
                 "Training sequences an epoch, drawn anew in each; MNIST: the first so many")
      ->check(command_line::natural);
  app.add_option("--test", o.test, "Test sequences; MNIST: the first so many")->check(command_line::natural);
  app.add_option("--batch", o.batch, "Sequences a step")->check(command_line::natural);
  app.add_option("--rate", o.rate, "Adam's rate");
  app.add_option("--clip", o.clip, "Longest gradient; 0: any");
  app.add_option("--seed", o.seed, "Of initial values, sequences and shuffling")
      ->capture_default_str()
      ->check(command_line::natural);
  app.add_option("--threads", o.threads, "0: all there are; no number depends on it")
      ->capture_default_str()
      ->check(command_line::natural);
  app.add_option("--minutes", o.minutes, "Stop after so much training, with the state saved; 0: never")
      ->capture_default_str();
  app.add_flag("--resume", o.resume, "Go on where this run stopped; begin it where it never ran");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e);
  }
  check(o);
  return -1;
}

}  // namespace sequence
