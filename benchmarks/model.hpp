// Whole models: a training step and inference, as a user of the library runs them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "measure.hpp"
#include "nwm/grid/shape.hpp"
#include "nwm/train/trainer.hpp"
#include "work.hpp"

namespace bench {

/// The study's configurations (arXiv 2502.06034).
inline constexpr nwm::Shape tetrominoes{
    .height = 64, .width = 64, .image_channels = 3, .oscillators = 2, .steps = 100, .classes = 6};
inline constexpr nwm::Shape mnist{
    .height = 56, .width = 56, .image_channels = 1, .oscillators = 2, .steps = 100, .classes = 11};
inline constexpr nwm::Shape multi_mnist{
    .height = 128, .width = 128, .image_channels = 1, .oscillators = 16, .steps = 100, .classes = 11};

/// `count` images of random pixels in [0, 1) with random classes: the cost of a step does not depend on them.
template <class Machine>
nwm::data::Dataset random_images(std::size_t count) {
  constexpr nwm::Shape shape = Machine::shape;
  const nwm::data::Extent extent{count, shape.image_channels, shape.height, shape.width};
  nwm::Random random(1);
  std::vector<float> pictures(count * extent.values());
  for (float& v : pictures) v = static_cast<float>(random.uniform());
  std::vector<std::uint8_t> masks(count * extent.pixels());
  for (auto& v : masks) v = static_cast<std::uint8_t>(random.below(shape.classes));
  return nwm::data::Dataset(extent, std::move(pictures), std::move(masks), "random images");
}

/// Forward, loss, backward and Adam for a batch.
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

/// The scores of a batch.
template <class Machine>
void infer(benchmark::State& state, std::size_t batch) {
  const auto images = random_images<Machine>(batch);
  const Machine machine;
  nwm::EngineOf<Machine> engine(threads(), threads());
  const auto count = static_cast<double>(batch);
  measure(state, {.items = count, .flops = count * flops<Machine>().forward}, [&] {
    engine.predict(machine, images, [](std::size_t, std::span<const typename Machine::Real> scores) {
      benchmark::DoNotOptimize(scores.data());
    });
  });
}

/// Registers train_step/<name> and infer/<name>: one line a configuration.
template <class Machine>
bool add_model(const std::string& name, std::size_t batch) {
  add("train_step/" + name, [batch](benchmark::State& state) { train_step<Machine>(state, batch); });
  add("infer/" + name, [batch](benchmark::State& state) { infer<Machine>(state, batch); });
  return true;
}

}  // namespace bench
