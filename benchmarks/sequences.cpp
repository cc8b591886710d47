// Networks that are driven at every step: training steps as a user of the library runs them.
#include "nwm/data/sequences.hpp"

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "measure.hpp"
#include "nwm/cell/co_rnn.hpp"
#include "nwm/cell/wave_rnn.hpp"
#include "nwm/checkpointing/policies.hpp"
#include "nwm/loss/image_cross_entropy.hpp"
#include "nwm/model/sequence_machine.hpp"
#include "nwm/random.hpp"
#include "nwm/train/trainer.hpp"
#include "work.hpp"

namespace {

using nwm::SequenceShape;

/// `count` sequences of random numbers in [0, 1) with random labels, one each or one a step.
template <class Machine>
nwm::data::Dataset random_sequences(std::size_t count) {
  nwm::Random random(1);
  std::vector<float> x(count * Machine::image_size);
  for (float& v : x) v = static_cast<float>(random.uniform());
  std::vector<std::uint8_t> labels(count * Machine::sites);
  for (std::uint8_t& c : labels) c = static_cast<std::uint8_t>(random.below(Machine::outputs));
  const auto extent = nwm::input_extent<Machine>(count);
  if constexpr (Machine::sites == 1) return nwm::data::label_each(extent, std::move(x), std::move(labels));
  else return nwm::data::label_steps(extent, std::move(x), std::move(labels));
}

/// Times forward, loss, backward and Adam for a batch; `weights`: those that a sequence meets at a step.
template <class Machine, class Loss>
bool add_sequences(const std::string& name, std::size_t batch, double weights) {
  bench::add("train_step/seq/" + name, [=](benchmark::State& state) {
    const auto set = random_sequences<Machine>(batch);
    nwm::Trainer<Machine, Loss> trainer({.batch = batch, .threads = bench::threads()});
    std::vector<std::size_t> indices(batch);
    std::iota(indices.begin(), indices.end(), std::size_t{0});
    const auto count = static_cast<double>(batch);
    const double flops = count * 3 * 2 * weights * static_cast<double>(Machine::steps);
    bench::measure(state, {.items = count, .flops = flops},
                   [&] { benchmark::DoNotOptimize(trainer.step(set, indices, 1)); });
  });
  return true;
}

/// coRNN of 256 units on the pixels of MNIST, one after the other.
template <class Checkpointing>
using CoRnn = nwm::SequenceMachine<
    SequenceShape{.inputs = 1, .steps = 784, .oscillators = 256, .outputs = 10, .lanes = 64},
    nwm::cell::CoRnn, nwm::readout::AtEnd, nwm::head::Hidden<>, nwm::DefaultBackend, float, Checkpointing>;
/// The wave RNN of the copy task, T = 100.
using Copy = nwm::SequenceMachine<
    SequenceShape{.inputs = 10, .steps = 110, .width = 100, .oscillators = 6, .outputs = 9, .lanes = 16},
    nwm::cell::WaveRnn<>, nwm::readout::EveryStep>;

using Label = nwm::loss::ImageCrossEntropy;
const bool cornn = add_sequences<CoRnn<nwm::checkpointing::StoreAll>, Label>("cornn/smnist", 128, 256 * 513);
const bool cornn_spare =
    add_sequences<CoRnn<nwm::checkpointing::Every<28>>, Label>("cornn/smnist_every_28", 128, 256 * 513);
const bool copy =
    add_sequences<Copy, nwm::loss::CrossEntropy>("wave_rnn/copy", 128, 600 * 10 + 100 * 6 * 18 + 600 * 9);

}  // namespace
