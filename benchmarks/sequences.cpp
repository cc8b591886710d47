// Networks that are driven at every step: training steps as a user of the library runs them.
#include "nwm/data/sequences.hpp"

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "measure.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/cell/co_rnn.hpp"
#include "nwm/cell/lin_oss.hpp"
#include "nwm/cell/wave_rnn.hpp"
#include "nwm/checkpointing/policies.hpp"
#include "nwm/loss/image_cross_entropy.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/model/sequence_machine.hpp"
#include "nwm/random.hpp"
#include "nwm/time/linear_scan.hpp"
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

/// One step of all columns, from the states before it.
struct StepByStep {
  nwm::model::LinearStep<float> step;
  const float *force, *x_before, *z_before;
  float *x, *z;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const auto a = lane.load(x_before), b = lane.load(z_before), f = lane.load(force);
    const auto& m = step.matrix;
    lane.store(x, lane.load(m[0]) * a + lane.load(m[1]) * b + lane.load(step.gain[0]) * f);
    lane.store(z, lane.load(m[2]) * a + lane.load(m[3]) * b + lane.load(step.gain[1]) * f);
  }
};

/// How the linear recurrence of a LinOSS is run: step after step over all columns, as a machine does; each
/// column's states in registers; or in chunks of time, on one thread or all.
enum class Way { steps, columns, chunks_one_thread, chunks };

/// Of `units` complex units over one sequence of T = 16,384 steps; with `back`, the adjoint.
bool add_scan(const std::string& name, std::size_t units, Way way, bool back) {
  bench::add("part/scan/" + name, [=](benchmark::State& state) {
    using B = nwm::cpu::Simd<>;
    constexpr std::size_t steps = 16384;
    const std::size_t n = 2 * units;
    using nwm::Buffer;
    Buffer<float> block(6 * n), force(steps * n), x(steps * n), z(steps * n), start(2 * n), weight(steps * n),
        force_gradient(steps * n), start_gradient(2 * n), step_gradient(6 * n);
    nwm::Random random(1);
    for (float& v : force.span()) v = static_cast<float>(random.uniform(-1, 1));
    for (float& v : weight.span()) v = static_cast<float>(random.uniform(-1, 1));
    for (std::size_t c = 0; c < n; ++c) {
      const auto all = nwm::cell::LinOss<>::linear_step(static_cast<float>(random.uniform(0, 1)),
                                                        static_cast<float>(random.uniform(0, 1)));
      for (std::size_t j = 0; j < 6; ++j) block[j * n + c] = all[j];
    }
    const float* m = block.data();
    const nwm::model::LinearStep<float> step{n, {m, m + n, m + 2 * n, m + 3 * n}, {m + 4 * n, m + 5 * n}};
    const nwm::model::LinearScan<B, float> scan{step, steps, way == Way::columns ? 1u : 128u,
                                                way == Way::chunks ? bench::threads() : 1};
    Buffer<float> scratch(scan.scratch());
    const auto run = [&] {
      if (way != Way::steps) {
        scan.run(force.data(), start.data(), x.data(), z.data(), scratch.data());
        return;
      }
      for (std::size_t at = 0; at < steps * n; at += n)
        B::map<float>(
            n, StepByStep{step, force.data() + at, at > 0 ? x.data() + at - n : start.data(),
                          at > 0 ? z.data() + at - n : start.data() + n, x.data() + at, z.data() + at});
    };
    run();
    const auto count = static_cast<double>(steps * n);
    bench::measure(state, {.items = steps, .flops = count * (back ? 22 : 10)}, [&] {
      if (back)
        scan.run_back(force.data(), start.data(), x.data(), z.data(), weight.data(), nullptr,
                      force_gradient.data(), start_gradient.data(), step_gradient.data(), scratch.data());
      else run();
      benchmark::ClobberMemory();
    });
  });
  return true;
}
const bool scans = [] {
  for (const std::size_t units : {4u, 8u, 32u, 128u})
    for (const bool back : {false, true}) {
      const std::string name = "units_" + std::to_string(units) + (back ? "/back/" : "/forward/");
      if (!back) add_scan(name + "step_by_step", units, Way::steps, back);
      add_scan(name + "columns", units, Way::columns, back);
      add_scan(name + "chunks_one_thread", units, Way::chunks_one_thread, back);
      add_scan(name + "chunks", units, Way::chunks, back);
    }
  return true;
}();

using Label = nwm::loss::ImageCrossEntropy;
const bool cornn = add_sequences<CoRnn<nwm::checkpointing::StoreAll>, Label>("cornn/smnist", 128, 256 * 513);
const bool cornn_spare =
    add_sequences<CoRnn<nwm::checkpointing::Every<28>>, Label>("cornn/smnist_every_28", 128, 256 * 513);
const bool copy =
    add_sequences<Copy, nwm::loss::CrossEntropy>("wave_rnn/copy", 128, 600 * 10 + 100 * 6 * 18 + 600 * 9);

}  // namespace
