// Trains one machine, from its last saved state to the end.
#pragma once

#include <filesystem>
#include <limits>
#include <memory>
#include <utility>

#include "../disk.hpp"
#include "journal.hpp"
#include "measures.hpp"
#include "nwm/layer/encoder_start.hpp"
#include "nwm/loss/cross_entropy.hpp"
#include "nwm/loss/sampled_cross_entropy.hpp"
#include "nwm/model/weights.hpp"
#include "nwm/train/evaluate.hpp"
#include "nwm/train/predict.hpp"
#include "nwm/train/saved_training.hpp"
#include "nwm/train/trainer.hpp"

namespace study {

/// A machine at its start; `dt` is the time step of its waves, where it has such.
template <class Machine>
Machine made(double dt, std::uint64_t seed = 0) {
  Machine machine({.seed = seed});
  if constexpr (requires { machine.cell.dt; }) machine.cell.dt = dt;
  return machine;
}

/// The same as a run begins with it.
template <class Machine>
Machine begun(const Job& job) {
  typename Machine::Options options{.seed = job.run.seed};
  const auto& omega = job.options.omega_start;
  if constexpr (requires { Machine::Cell::omega; })
    if (!omega.empty())
      options.encoder_starts = {
          {.field = Machine::Cell::omega,
           .bias = nwm::layer::linear_spread(Machine::channels, omega.at(0), omega.at(1))}};
  Machine machine(options);
  if constexpr (requires { machine.cell.dt; }) machine.cell.dt = job.options.dt;
  return machine;
}

/// Trains and evaluates; leaves weights, curve and result in the job's folder. After a kill at any moment,
/// the same call continues from the last saved state and ends with the same files.
template <class Machine, class Loss>
Result train_by(const Loss& loss, const Job& job) {
  const Files files(job.folder);
  nwm::Trainer<Machine, Loss> trainer(trainer_options(job.options, job.run.seed), begun<Machine>(job), loss,
                                      {.beta2 = job.options.beta2});
  if (disk::exists(files.state)) {
    nwm::load_training(trainer, files.state);
    job.resumed(trainer.state());
  }
  Curve curve(files.curve, trainer.state().epoch);
  Every saving(job.options.save_every);

  Result result{.run = job.run, .metrics = {}};
  try {
    trainer.fit(job.data.train, job.data.validation, [&](const nwm::Progress& p) {
      // The curve is written before the state: it may be ahead of the state, but never behind.
      if (p.epoch_end) curve.add(p);
      if (p.epoch_end || saving.due()) nwm::save_training(trainer, files.state);
      job.progress(p);
    });
  } catch (const nwm::Unstable& error) {
    result.verdict = verdict(error);
  }
  try {
    nwm::require_fit<Machine>(job.data.test);
    result.metrics = as_asked(
        job.options, trainer.evaluate(job.data.test), job.data.test,
        [&](const auto& part) { return nwm::predict(trainer.best(), part, job.options.threads).scores; });
    if (result.verdict.empty() && collapsed(result.metrics)) result.verdict = "collapsed";
  } catch (const nwm::Unstable& error) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    result.metrics = {nan, nan, nan, nan, nan, nan};
    if (result.verdict.empty()) result.verdict = verdict(error);
  }
  nwm::save(trainer.best(), files.weights);
  curve.draw(files.picture, job.run.name());
  write_result(files.result, result);  // written last: it marks the run as done
  std::filesystem::remove(files.state);
  return result;
}

/// The same by the loss that the options ask for. The head of a machine of waves costs more than all before
/// it, so that leaving pixels out pays; other models see them all.
template <class Machine>
Result train_run(const Job& job) {
  if constexpr (requires { Machine::series_size; })
    if (job.options.ground_share < 1)
      return train_by<Machine>(nwm::loss::SampledCrossEntropy{.share = job.options.ground_share}, job);
  return train_by<Machine>(nwm::loss::CrossEntropy{}, job);
}

/// Whether the file's tensors are the machine's, and nothing it says of its model is otherwise.
template <class Machine>
bool owns(const nwm::io::Safetensors& file, double dt) {
  try {
    Machine machine = made<Machine>(dt);
    nwm::io::check_description(file, machine);
    nwm::io::take_model(file, machine);
  } catch (const nwm::Error&) {
    return false;
  }
  for (const auto& [name, tensor] : file.tensors)
    if (!nwm::io::detail::knows<Machine>(name)) return false;
  return true;
}

template <class Machine>
nwm::SegmentationMetrics evaluate_file(const std::filesystem::path& path, const nwm::data::Dataset& set,
                                       std::size_t threads, double dt) {
  Machine machine = made<Machine>(dt);
  nwm::load(machine, path.string());
  return nwm::evaluate(machine, set, threads);
}

template <class Machine>
Network open_network(const std::filesystem::path& path, double dt) {
  const auto machine = std::make_shared<Machine>(made<Machine>(dt));
  nwm::load(*machine, path.string());
  Network out;
  out.scores = [machine](const nwm::data::Dataset& set) { return nwm::predict(*machine, set).scores; };
  if constexpr (requires { Machine::series_size; })
    out.series = [machine](const nwm::data::Dataset& set) { return nwm::record(*machine, set); };
  return out;
}

}  // namespace study
