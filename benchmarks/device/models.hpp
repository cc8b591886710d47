// Whole models as users train them: times of nwm::Trainer::step and of a batch's scores. Checks that two
// trainings from one seed have the same bits, and measures the error of reduced precision.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstring>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "../inputs.hpp"
#include "../work.hpp"
#include "nwm/backend/device/precision.hpp"
#include "nwm/train/trainer.hpp"
#include "timing.hpp"

namespace device_bench {

/// Two batches of images used in turn: the next is prepared while the device works, as in Trainer::fit.
template <class Machine>
class Batches {
 public:
  static constexpr std::size_t size = Place::batch;
  Batches() { std::iota(indices_.begin(), indices_.end(), std::size_t{0}); }
  const nwm::data::Dataset& images() const { return images_; }
  std::span<const std::size_t> half(std::size_t which) const {
    return std::span<const std::size_t>(indices_).subspan(which * size, size);
  }
  /// One training step on the next batch.
  void step(nwm::Trainer<Machine>& trainer) {
    if constexpr (requires { trainer.executor().expect(half(0)); })
      trainer.executor().expect(half(1 - turn_));
    trainer.step(images_, half(turn_), 1);
    turn_ = 1 - turn_;
  }

 private:
  nwm::data::Dataset images_ = bench::random_images<Machine>(2 * size);
  std::vector<std::size_t> indices_ = std::vector<std::size_t>(2 * size);
  std::size_t turn_ = 0;
};

template <class Machine>
nwm::Trainer<Machine> new_trainer(double learning_rate) {
  return nwm::Trainer<Machine>({.learning_rate = learning_rate, .batch = Place::batch, .threads = 1});
}

/// Bytes of backend memory for one pass of a machine; 0 when the machine does not tell.
template <class Machine>
double workspace_bytes() {
  if constexpr (requires { Machine::Workspace::bytes(); })
    return static_cast<double>(Machine::Workspace::bytes());
  else return 0;
}

/// Times a training step. Its floor: read each picture and mask once, read and write parameters and moments.
template <class Machine>
void train_step(Entry& entry, const Options& options) {
  constexpr auto count = static_cast<double>(Place::batch);
  constexpr auto pixels = static_cast<double>(Machine::image_size + Machine::sites);
  constexpr bench::Work work{
      .items = count,
      .flops = count * bench::flops<Machine>().training,
      .bytes = sizeof(float) * (count * pixels + 6.0 * static_cast<double>(Machine::parameter_count))};
  const MemoryUse memory;
  Batches<Machine> batches;
  // A learning rate so small that the steps stay stable, however often this runs.
  auto trainer = new_trainer<Machine>(1e-6);
  measure(entry, options, work, [&] { batches.step(trainer); });
  memory.report(entry);
  entry.set("workspace_bytes", workspace_bytes<Machine>());
}

/// Times inference, from pictures in host memory to scores in the backend's memory. Whole-batch models also
/// copy the scores to the host.
template <class Machine>
void infer(Entry& entry, const Options& options) {
  using B = typename Machine::Backend;
  constexpr auto count = static_cast<double>(Place::batch);
  constexpr bench::Work work{
      .items = count,
      .flops = count * bench::flops<Machine>().forward,
      .bytes = sizeof(float) * count * static_cast<double>(Machine::image_size + Machine::score_size)};
  const MemoryUse memory;
  const auto images = bench::random_images<Machine>(Place::batch);
  Machine machine;
  if constexpr (requires(typename Machine::Workspace& w) { machine.ask_scores(w); }) {
    const auto space = std::make_unique<typename Machine::Workspace>();
    nwm::StagedInput<Machine, nwm::loss::CrossEntropy> input;
    std::vector<std::size_t> all(Place::batch);
    std::iota(all.begin(), all.end(), std::size_t{0});
    input.stage_pictures(images, all);
    machine.set_input(input.pictures(), *space);
    const auto scores = as_one<B>([&] { machine.ask_scores(*space); });
    measure(entry, options, work, [&] {
      machine.set_input(input.pictures(), *space);
      scores();
    });
    B::wait();
    memory.report(entry);
  } else {
    nwm::ExecutorOf<Machine> executor(1, 1);
    double kept = 0;
    measure(entry, options, work, [&] {
      executor.predict(machine, images,
                       [&](std::size_t, auto scores) { kept += static_cast<double>(scores[0]); });
    });
    memory.report(entry);
    entry.set("scores_on_host", true);
    if (!std::isfinite(kept)) throw nwm::Error("infer", "scores", "finite numbers", "others");
  }
}

/// The parameters after some steps from seed 0, and the losses on the way.
template <class Machine>
std::pair<std::vector<float>, std::vector<double>> trained() {
  Batches<Machine> batches;
  auto trainer = new_trainer<Machine>(1e-3);
  std::vector<double> losses;
  for (int i = 0; i < 5; ++i) {  // plain, captured and replayed
    batches.step(trainer);
    losses.push_back(trainer.last_loss());
  }
  Machine::Backend::wait();
  const auto parameters = trainer.current().parameters();
  return {{parameters.begin(), parameters.end()}, losses};
}

template <class T>
bool equal_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// Checks that two trainings from one seed have the same bits.
template <class Machine>
void same_bits(Entry& entry, const Options&) {
  const auto first = trained<Machine>(), second = trained<Machine>();
  entry.set("steps", static_cast<double>(first.second.size())).set("last_loss", first.second.back());
  entry.set("passed", equal_bits(first.first, second.first) && equal_bits(first.second, second.second));
}

/// The gradient on the first batch, at the parameters `from`, or at seed 0's when `from` is empty.
template <class Machine>
std::vector<double> gradient(std::span<const float> from = {}) {
  using B = typename Machine::Backend;
  using Real = typename Machine::Real;
  Batches<Machine> batches;
  Machine machine;
  for (std::size_t i = 0; i < from.size(); ++i) machine.parameters()[i] = static_cast<Real>(from[i]);
  nwm::ExecutorOf<Machine> executor(1, 1);
  typename B::template Memory<Real> there(Machine::parameter_count);
  executor.gradient(machine, batches.images(), batches.half(0),
                    std::span<Real, Machine::parameter_count>(there.data(), Machine::parameter_count));
  std::vector<Real> here(Machine::parameter_count);
  B::download(here.size(), static_cast<const Real*>(there.data()), here.data());
  return {here.begin(), here.end()};
}

/// ‖a − b‖ / ‖b‖.
inline double relative(const std::vector<double>& a, const std::vector<double>& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    norm += b[i] * b[i];
  }
  return std::sqrt(difference / norm);
}

using nwm::device::precision::Bf16;
using nwm::device::precision::Full;
using nwm::device::precision::Tf32;

/// A configuration's machine in a precision on the place's backend. A configuration is a type with a `name`
/// and a template `Machine` on the backend. (nvcc 13.0 cannot name a machine, whose shape is a value, outside
/// of a template.)
template <class Configuration, class Precision>
using On = typename Configuration::template Machine<Place::Backend<Place::batch, Precision>>;

/// The errors of the gradient in tf32 and bf16, relative to that in float32.
template <class Configuration>
void precision_cost(Entry& entry, const Options&) {
  const auto full = gradient<On<Configuration, Full>>();
  entry.set("tf32", relative(gradient<On<Configuration, Tf32>>(), full));
  entry.set("bf16", relative(gradient<On<Configuration, Bf16>>(), full));
}

template <class Configuration, class Precision>
void add_in() {
  using M = On<Configuration, Precision>;
  const std::string end = std::string(Configuration::name) + "/" + std::string(Precision::name);
  add("train_step/" + end, train_step<M>);
  add("infer/" + end, infer<M>);
}

/// train_step/<name>/<precision>, infer/<name>/<precision>, check/same_bits/<name>, check/precision/<name>.
template <class Configuration>
bool add_model() {
  // U-Nets with an image count run on backends that process a batch as one pass.
  if constexpr (requires { On<Configuration, Full>::images; }) {
    add_in<Configuration, Full>();
    add_in<Configuration, Tf32>();
    add_in<Configuration, Bf16>();
    add("check/same_bits/" + std::string(Configuration::name), same_bits<On<Configuration, Full>>);
    add("check/precision/" + std::string(Configuration::name), precision_cost<Configuration>);
    return true;
  }
  return false;
}

}  // namespace device_bench
