// Every way of the library to use threads, on tiny models: one, two and three threads give the same bits. It
// is compiled without OpenMP and with ThreadSanitizer, which ends it with 66 where threads meet unordered.
// Prints a sum of the bits of each, to compare builds by.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

#include "../simulation/drifting.hpp"
#include "../train/tools.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/cell/co_rnn.hpp"
#include "nwm/cell/lin_oss.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/data/tasks.hpp"
#include "nwm/model/scan_states.hpp"
#include "nwm/model/sequence_machine.hpp"
#include "nwm/model/unet.hpp"
#include "nwm/simulation/simulation.hpp"
#include "nwm/train/carry_on.hpp"
#include "nwm/train/predict.hpp"
#include "nwm/train/trainer.hpp"

namespace {

using Numbers = std::vector<double>;

template <class Range>
void add(Numbers& all, const Range& range) {
  all.insert(all.end(), range.begin(), range.end());
}

/// Weights, losses, metrics and scores of a training of two epochs, in batches of 7.
template <class Model>
Numbers training(const nwm::data::Dataset& set, std::size_t threads) {
  nwm::Trainer<Model> trainer({.batch = 7, .epochs = 2, .threads = threads, .shards = 5});
  Numbers all;
  trainer.fit(set, set.first(4), [&](const auto&) { all.push_back(trainer.last_loss()); });
  add(all, trainer.current().parameters());
  all.push_back(nwm::evaluate(trainer.best(), set, threads).loss);
  add(all, nwm::predict(trainer.best(), set, threads).scores.values);
  return all;
}

/// Images that run by themselves.
Numbers images(std::size_t threads) {
  return training<tools::Small<nwm::cpu::Simd<>>>(tools::blocks(15, 1), threads);
}

/// A training of one epoch in which the threads share the operations of an image.
template <class Model>
Numbers shared(std::size_t threads, std::size_t batch) {
  const auto set = tools::blocks(2 * batch, 1, Model::shape.height, Model::shape.width);
  nwm::Trainer<Model> trainer({.batch = batch, .epochs = 1, .threads = threads});
  Numbers all;
  trainer.fit(set, set.first(1), [&](const auto&) { all.push_back(trainer.last_loss()); });
  add(all, trainer.current().parameters());
  return all;
}
/// One image.
Numbers one_image(std::size_t threads) {
  using Machine = nwm::WaveMachine<nwm::Shape{.height = 48,
                                              .width = 47,
                                              .image_channels = 1,
                                              .oscillators = 4,
                                              .steps = 3,
                                              .classes = 3,
                                              .encoder_width = 8},
                                   nwm::readout::Linear, nwm::head::Hidden<64>>;
  return shared<Machine>(threads, 1);
}
/// Three, of which on two threads one is left over.
Numbers left_layers(std::size_t threads) {
  return shared<nwm::UNet<nwm::Shape{.height = 64, .width = 64, .image_channels = 1, .classes = 3}, 4>>(
      threads, 3);
}

/// Images that meet in every layer.
Numbers layers(std::size_t threads) {
  using Net = nwm::UNet<nwm::Shape{.height = 32, .width = 16, .image_channels = 1, .classes = 3}, 1>;
  return training<Net>(tools::blocks(8, 1, 32, 16), threads);
}

/// Several sequences in a pass, and the same from carried states on.
Numbers sequences(std::size_t threads) {
  constexpr nwm::data::CopyTask task{.delay = 12};
  using Machine = nwm::SequenceMachine<
      nwm::SequenceShape{.inputs = 10, .steps = task.steps(), .oscillators = 5, .outputs = 9, .lanes = 4},
      nwm::cell::CoRnn, nwm::readout::EveryStep>;
  const auto set = nwm::data::copy_task(18, task, 1);
  Numbers all = training<Machine>(set, threads);
  nwm::Array<Machine::Real> states;
  for (int piece = 0; piece < 2; ++piece)
    add(all, nwm::predict(Machine(), set, states, threads).scores.values);
  add(all, states.values);
  return all;
}

/// One long sequence, its time in chunks.
Numbers scan(std::size_t threads) {
  using Machine =
      nwm::SequenceMachine<nwm::SequenceShape{.inputs = 2, .steps = 900, .oscillators = 6, .outputs = 3},
                           nwm::cell::LinOss<>, nwm::readout::AtEnd, nwm::head::Hidden<>, nwm::cpu::Simd<>>;
  std::vector<Machine::Real> input(Machine::image_size);
  nwm::Random random(3);
  for (auto& v : input) v = static_cast<Machine::Real>(random.uniform(-1, 1));
  Numbers all;
  add(all, nwm::scan_states(Machine(), std::span<const Machine::Real>(input), {}, threads).values);
  return all;
}

/// A simulation, in runs of several lengths.
template <class Cell, class G, class Start>
Numbers simulated(std::size_t threads, const Start& start) {
  using Waves = nwm::Simulation<Cell, G, 1, nwm::cpu::Simd<>>;
  Waves waves({.cell = {}, .threads = threads});
  nwm::Random random(5);
  for (std::size_t f = 0; f < Waves::field_count; ++f)
    for (float& v : waves.field(f)) v = static_cast<float>(random.uniform(0, 1));
  start(waves);
  Numbers all;
  for (const std::size_t steps : {1u, 5u, 21u}) {
    waves.run(steps);
    for (std::size_t f = 0; f < Waves::field_count; ++f) add(all, waves.field(f));
  }
  return all;
}

/// Bands of rows, stage by stage.
Numbers bands(std::size_t threads) {
  using G = nwm::Grid<83, 301, nwm::Periodic>;
  static_assert(nwm::model::InPlace<nwm::cell::Wave, G, 1, nwm::cpu::Simd<>, float>::bands > 3);
  return simulated<nwm::cell::Wave, G>(threads, [](auto&) {});
}

/// Several steps in one pass over the rows, the bands waiting for each other.
template <class Boundary>
Numbers waves(std::size_t threads) {
  using G = nwm::Grid<192, 131, Boundary>;
  using Fields = nwm::model::InPlace<tools::Drifting, G, 1, nwm::cpu::Simd<>, float>;
  static_assert(Fields::by_rows);
  if (Fields(threads).busy_threads() != threads) {
    std::printf("waves: %zu threads of %zu have work\n", Fields(threads).busy_threads(), threads);
    return {};
  }
  return simulated<tools::Drifting, G>(
      threads, [](auto& simulation) { tools::set_weights(simulation.parameters().data(), 1); });
}

bool same(const char* name, Numbers (*engine)(std::size_t)) {
  const Numbers one = engine(1);
  bool right = !one.empty() && std::ranges::any_of(one, [&](double v) { return v != one[0]; });
  for (const std::size_t threads : {2u, 3u}) right = engine(threads) == one && right;
  std::uint64_t sum = 0;
  for (const double v : one) sum = sum * 31 + std::bit_cast<std::uint64_t>(v);
  std::printf("%-12s %s %016llx\n", name, right ? "same bits" : "DIFFERS",
              static_cast<unsigned long long>(sum));
  return right;
}

}  // namespace

int main() {
  bool right = same("images", images);
  right = same("layers", layers) && right;
  right = same("one image", one_image) && right;
  right = same("left layers", left_layers) && right;
  right = same("sequences", sequences) && right;
  right = same("scan", scan) && right;
  right = same("bands", bands) && right;
  right = same("torus", waves<nwm::Periodic>) && right;
  right = same("plate", waves<nwm::Reflecting>) && right;
  return right ? 0 : 1;
}
