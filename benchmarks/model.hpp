// Whole models: a training step and inference, as a user of the library runs them.
#pragma once

#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "inputs.hpp"
#include "measure.hpp"
#include "nwm/train/trainer.hpp"
#include "work.hpp"

namespace bench {

/// Times forward, loss, backward and Adam for a batch.
template <class Machine>
void train_step(benchmark::State& state, std::size_t batch) {
  const auto images = random_images<Machine>(batch);
  nwm::Trainer<Machine> trainer({.batch = batch, .threads = threads()});
  std::vector<std::size_t> indices(batch);
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  const auto count = static_cast<double>(batch);
  measure(state, {.items = count, .flops = count * flops<Machine>().training},
          [&] { benchmark::DoNotOptimize(trainer.step(images, indices, 1)); });
}

/// Times the scores of a batch.
template <class Machine>
void infer(benchmark::State& state, std::size_t batch) {
  const auto images = random_images<Machine>(batch);
  const Machine machine;
  nwm::ExecutorOf<Machine> executor(threads(), threads());
  const auto count = static_cast<double>(batch);
  measure(state, {.items = count, .flops = count * flops<Machine>().forward}, [&] {
    executor.predict(machine, images, [](std::size_t, std::span<const typename Machine::Real> scores) {
      benchmark::DoNotOptimize(scores.data());
    });
  });
}

/// Registers train_step/<name> and infer/<name>: one line a configuration. For scaling.py --threads,
/// threads/<name>/<n>, too, a training step on each number of images of `few`.
template <class Machine>
bool add_model(const std::string& name, std::size_t batch, const std::vector<std::size_t>& few = {}) {
  add("train_step/" + name, [batch](benchmark::State& state) { train_step<Machine>(state, batch); });
  add("infer/" + name, [batch](benchmark::State& state) { infer<Machine>(state, batch); });
  for (const std::size_t n : few)
    add("threads/" + name + "/" + std::to_string(n),
        [n](benchmark::State& state) { train_step<Machine>(state, n); });
  return true;
}

}  // namespace bench
