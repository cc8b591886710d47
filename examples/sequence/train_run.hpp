// Trains one machine, from its last saved state to the end, and draws what it learned.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "../disk.hpp"
#include "journal.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/error.hpp"
#include "nwm/loss/label_metrics.hpp"
#include "nwm/loss/mean_squares.hpp"
#include "nwm/loss/segmentation_metrics.hpp"
#include "nwm/model/weights.hpp"
#include "nwm/train/predict.hpp"
#include "nwm/train/progress.hpp"
#include "nwm/train/saved_training.hpp"
#include "nwm/train/trainer.hpp"
#include "pictures.hpp"
#include "registry.hpp"

namespace sequence {

/// The share of labels told. Of the copy task's, the symbols alone: blanks are easy.
inline double accuracy(const nwm::SegmentationMetrics& m) { return m.acc_foreground; }
inline double accuracy(const nwm::LabelMetrics& m) { return m.acc; }
inline double accuracy(const nwm::RegressionMetrics&) { return std::numeric_limits<double>::quiet_NaN(); }

/// The states over one sequence of a set, drawn.
template <class Machine>
void draw_waves(const Machine& machine, const nwm::data::Dataset& test, const Job& job) {
  constexpr auto shape = Machine::shape;
  const auto one = test.first(1);
  const auto series = nwm::record(machine, one);
  std::vector<float> inputs(one.extent().values());
  one.picture(0, std::span(inputs));
  // The units of a dense network are its channels: drawn as the sites of one.
  constexpr std::size_t sites = shape.sites() > 1 ? shape.sites() : Machine::series_size / shape.steps;
  draw_states(Files(job.folder).waves, job.name,
              {shape.steps, Machine::series_size / shape.steps / sites, sites, series.values}, inputs);
}

/// Predictions of the next frames of one sequence: with the true frames at first, with its own predictions
/// from step `seen` on.
template <class Machine>
void draw_film(const Machine& machine, const nwm::data::Dataset& test, const Job& job) {
  constexpr std::size_t steps = Moving::steps, sites = Moving::sites, seen = Moving::seen;
  const auto one = test.first(1);
  std::vector<float> frames(steps * sites), truth(frames.size());
  one.picture(0, std::span(frames));
  const auto next = one.numbers(0);  // (sites, steps)
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t p = 0; p < sites; ++p) truth[t * sites + p] = next[p * steps + t];
  auto predicted = nwm::predict(machine, std::span<const float>(frames)).scores;  // (1, steps, sites)
  for (std::size_t t = seen; t < steps; ++t) {
    // A step depends on no later one, so that the frames behind t may be anything.
    for (std::size_t p = 0; p < sites; ++p)
      frames[t * sites + p] = std::clamp(predicted[0][(t - 1) * sites + p], 0.0f, 1.0f);
    predicted = nwm::predict(machine, std::span<const float>(frames)).scores;
  }
  std::vector<float> waves;
  if constexpr (Machine::shape.sites() == sites)
    waves = nwm::record(machine, std::span<const float>(frames)).values;
  write_prediction_film(Files(job.folder).film, Moving::side, seen, truth, predicted[0],
                        {steps, waves.size() / (steps * sites), sites, waves});
}

/// Trains and evaluates; leaves state, weights, curve and pictures in the job's folder. After a kill at any
/// moment, the same call goes on from the last saved state and ends with the same weights.
template <class Machine, class Loss>
Outcome train_run(const Job& job, const typename Machine::Cell& cell, void (*begin)(Machine&)) {
  using Clock = std::chrono::steady_clock;
  const Files files(job.folder);
  const Settings& s = job.settings;
  nwm::Schedule schedule;
  if (s.warmup > 0) schedule = nwm::schedule::cosine(0.01, s.warmup);
  else if (s.drop_at > 0) schedule = [at = s.drop_at](double done) { return done < at ? 1.0 : 0.1; };
  Machine machine({.cell = cell, .seed = job.options.seed});
  if (begin) begin(machine);
  nwm::Trainer<Machine, Loss> trainer({.learning_rate = s.rate,
                                       .batch = s.batch,
                                       .epochs = s.epochs,
                                       .schedule = std::move(schedule),
                                       .clip_norm = s.clip,
                                       .patience = std::numeric_limits<std::size_t>::max(),
                                       .improvement = 0,
                                       .seed = job.options.seed,
                                       .threads = job.options.threads},
                                      machine);
  const auto& state = trainer.state();
  if (disk::exists(files.state)) {
    nwm::load_training(trainer, files.state.string());
    if (state.epoch < s.epochs)
      std::printf("%s: goes on in epoch %zu after %zu steps\n", job.name.c_str(),
                  static_cast<std::size_t>(state.epoch + 1), static_cast<std::size_t>(state.step));
    else std::printf("%s: all epochs are done\n", job.name.c_str());
    std::fflush(stdout);
  }
  Curve curve(files.curve, state.epoch);
  const auto start = Clock::now();
  bool stopped = false;
  auto bar = nwm::progress_bar(stdout, true);
  while (state.epoch < s.epochs && !stopped) {
    const auto set = job.data.train(state.epoch);  // of its own for every epoch
    trainer.fit(*set, job.data.validation, [&](const auto& p) {
      // The curve is written before the state: it may be ahead of the state, but never behind.
      if (p.epoch_end) curve.add({p.loss, p.validation.loss, accuracy(p.validation)});
      const double minutes = std::chrono::duration<double, std::ratio<60>>(Clock::now() - start).count();
      stopped = job.options.minutes > 0 && minutes > job.options.minutes;
      if (p.epoch_end || stopped) nwm::save_training(trainer, files.state.string());
      bar(p);
      return !p.epoch_end && !stopped;
    });
  }
  nwm::save(trainer.best(), files.weights.string());
  curve.draw(files.picture, job.name, job.data.guess);
  if constexpr (std::is_same_v<Loss, nwm::loss::MeanSquares> && Machine::Positions::every_step)
    draw_film(trainer.best(), job.data.test, job);
  else draw_waves(trainer.best(), job.data.test, job);
  const auto metrics = trainer.executor().evaluate(trainer.best(), job.data.test);
  return {state.epoch, state.seconds, metrics.loss, accuracy(metrics)};
}

/// Adds a machine with its cell's numbers to what the program has; `begin` may change its initial values.
/// True, for a static object to start with.
template <class Machine, class Loss>
bool add(Entry entry, const typename Machine::Cell& cell = {}, void (*begin)(Machine&) = nullptr) {
  entry.parameters = Machine::parameter_count;
  entry.frames = Machine::shape.frames;
  entry.run = [cell, begin](const Job& job) { return train_run<Machine, Loss>(job, cell, begin); };
  registry().push_back(std::move(entry));
  return true;
}

/// The same for a recipe found here, for a short training.
template <class Machine, class Loss>
bool add_quick(const char* task, const char* model, const Settings& defaults, double published,
               const typename Machine::Cell& cell, void (*begin)(Machine&)) {
  return add<Machine, Loss>({.task = task,
                             .model = model,
                             .quick = true,
                             .defaults = defaults,
                             .defaults_of = "this program",
                             .published = published},
                            cell, begin);
}

}  // namespace sequence
