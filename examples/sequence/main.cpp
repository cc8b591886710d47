// nwm_sequence: driven oscillator networks on tasks that need memory. OUT/RUN/ gets the state of training,
// weights, learning curve and pictures of a run, OUT/results.csv a line of each.
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include "../command_line.hpp"
#include "journal.hpp"
#include "nwm/backend/threads.hpp"
#include "options.hpp"
#include "registry.hpp"
#include "tasks.hpp"

namespace sequence {
namespace {

Data load(const Entry& entry, const DataOptions& options) {
  if (entry.task == "copy") return copy_data(entry.delay, options);
  if (entry.task == "adding") return adding_data(options);
  if (entry.task == "moving") return moving_data(entry.frames, options);
  return mnist_data(entry.task == "psmnist", options);
}

int run(const Options& o) {
  const Entry& entry = entry_of(o);
  const Settings settings = settings_of(entry, o);
  const std::string name = entry.name() + "-seed" + std::to_string(o.seed);
  const std::filesystem::path folder = o.out / name;
  const Data data = load(entry, {settings.train, settings.test, o.seed, o.data});
  open_folder(Files(folder), entry, settings, o);
  std::printf(
      "%s: %zu parameters, %zu threads; %zu epochs of %zu sequences, batches of %zu, rate %g, clip %g\n",
      name.c_str(), entry.parameters, nwm::thread_count(o.threads), settings.epochs,
      settings.train > 0 ? settings.train : data.train(0)->size(), settings.batch, settings.rate,
      settings.clip);
  std::fflush(stdout);
  const Outcome outcome = entry.run({o, settings, data, folder, name});
  const std::string beside = add_result(o.out / "results.csv", name, entry, data, outcome);
  std::printf("test, %zu sequences: loss %.5f", data.test.size(), outcome.loss);
  if (!std::isnan(outcome.accuracy)) std::printf("  accuracy %.2f %%", 100 * outcome.accuracy);
  std::printf("  (%s) after %zu epochs, %.0f s\n", beside.c_str(), outcome.epochs, outcome.seconds);
  if (outcome.epochs < settings.epochs)
    std::printf("stopped before the end: the same command with --resume goes on\n");
  std::printf("weights, curve and pictures are in %s, all runs in %s\n", folder.string().c_str(),
              (o.out / "results.csv").string().c_str());
  return 0;
}

}  // namespace
}  // namespace sequence

int main(int argc, char** argv) {
  try {
    sequence::Options options;
    if (const int status = sequence::parse(argc, argv, options); status >= 0) return status;
    return sequence::run(options);
  } catch (const std::exception& error) {
    return command_line::failed("nwm_sequence", error);
  }
}
