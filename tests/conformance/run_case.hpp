// Runs a reference case on a recurrent machine: logits, loss, states and every gradient; or twenty optimiser
// steps.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/optimizer/adam.hpp"
#include "nwm/optimizer/sgd.hpp"
#include "nwm/train/saved_training.hpp"
#include "nwm/train/schedule.hpp"
#include "registry.hpp"

namespace conformance {

/// |a − b| / |b|; for b = 0 any difference is infinite.
template <class A>
double relative(std::span<const A> a, std::span<const double> b) {
  if (a.size() != b.size()) return HUGE_VAL;
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - b[i];
    difference += d * d;
    norm += b[i] * b[i];
  }
  return difference == 0 ? 0 : std::sqrt(difference / norm);
}

inline double worst(double a, double b) { return a >= b ? a : b; }  // NaN in either stays: NaN >= x is false

/// Sets the machine's parameters from "<prefix><name>".
template <class Machine>
void set_parameters(const nwm::io::Safetensors& file, Machine& machine, const std::string& prefix) {
  nwm::io::take_parameters(file, machine, prefix);
}

template <class Machine>
void machine_options(const nwm::io::Safetensors& file, Machine& machine) {
  if constexpr (requires { machine.cell.dt; }) machine.cell.dt = std::stod(file.metadata.at("dt"));
}

/// The gradient of a machine's parameters, zero at first, in memory that its backend and the host reach.
template <class Machine>
class Gradient {
 public:
  using Real = typename Machine::Real;
  /// For the backend.
  std::span<Real, Machine::parameter_count> there() {
    return std::span<Real, Machine::parameter_count>(values_.data(), values_.size());
  }
  /// For the host.
  std::span<const Real> here() {
    Machine::Backend::wait();
    return {values_.data(), values_.size()};
  }
  void clear() { Machine::Backend::fill(values_.size(), Real(0), values_.data()); }

 private:
  typename Machine::Backend::template Managed<Real> values_{Machine::parameter_count};
};

/// A case's `input` and `target` as the machine's numbers; `count` images.
template <class Machine>
struct Batch {
  explicit Batch(const nwm::io::Safetensors& file, bool with_targets = true) {
    for (const float v : file.values<float>("input"))
      images.push_back(static_cast<typename Machine::Real>(v));
    if (with_targets)
      for (const std::int64_t v : file.values<std::int64_t>("target"))
        targets.push_back(static_cast<std::uint8_t>(v));
    count = images.size() / Machine::image_size;
  }
  auto image(std::size_t i) const {
    return std::span<const typename Machine::Real, Machine::image_size>(
        images.data() + i * Machine::image_size, Machine::image_size);
  }
  auto target(std::size_t i) const {
    return std::span<const std::uint8_t>(targets).subspan(i * Machine::sites, Machine::sites);
  }
  std::vector<typename Machine::Real> images;
  std::vector<std::uint8_t> targets;
  std::size_t count = 0;
};

/// The worst error of a gradient over the parameters of a machine.
template <class Machine>
double gradient_error(const nwm::io::Safetensors& file, std::span<const typename Machine::Real> gradient) {
  double error = 0;
  for (const nwm::Slice& slice : Machine::layout.slices) {
    const std::string name = "grad." + std::string(slice.name.view());
    // A parameter the reference has no gradient for takes no part: ours must be zero.
    const std::vector<double> expected =
        file.contains(name) ? file.values<double>(name) : std::vector<double>(slice.size, 0.0);
    const auto mine = gradient.subspan(slice.offset, slice.size);
    error = worst(relative(mine, std::span<const double>(expected)), error);
  }
  return error;
}

template <class Machine>
Result run_gradient_case(const nwm::io::Safetensors& file) {
  using Real = typename Machine::Real;
  Machine machine;
  machine_options(file, machine);
  set_parameters(file, machine, "param.");
  const Batch<Machine> batch(file);
  auto work = std::make_unique<typename Machine::Workspace>();
  Gradient<Machine> gradient;
  std::vector<Real> scores(batch.count * Machine::score_size);
  const double scale = 1.0 / static_cast<double>(batch.count * Machine::sites);
  double loss = 0;
  for (std::size_t i = 0; i < batch.count; ++i) {
    machine.scores(
        batch.image(i),
        std::span<Real, Machine::score_size>(scores.data() + i * Machine::score_size, Machine::score_size),
        *work);
    loss += scale * machine.add_gradient(batch.image(i), batch.target(i), static_cast<Real>(scale),
                                         gradient.there(), *work);
  }
  Result result;
  result.logits_error = relative<Real>(scores, file.values<double>("logits"));
  result.logits_error =
      worst(relative<double>(std::vector{loss}, file.values<double>("loss")), result.logits_error);
  if constexpr (requires { Machine::series_size; })
    if (file.contains("states")) {
      std::vector<Real> series(batch.count * Machine::series_size);
      for (std::size_t i = 0; i < batch.count; ++i)
        machine.record(batch.image(i),
                       std::span<Real, Machine::series_size>(series.data() + i * Machine::series_size,
                                                             Machine::series_size),
                       *work);
      result.logits_error = worst(relative<Real>(series, file.values<double>("states")), result.logits_error);
    }
  result.gradient_error = gradient_error<Machine>(file, gradient.here());
  return result;
}

/// Twenty steps of an optimiser: logits_error is that of the losses, gradient_error that of the end point.
template <class Machine, class Optimizer>
Result run_trajectory(const nwm::io::Safetensors& file, const Optimizer& optimizer) {
  using Real = typename Machine::Real;
  Machine machine;
  machine_options(file, machine);
  set_parameters(file, machine, "param.");
  const Batch<Machine> batch(file);
  nwm::optimizer::Stepper<Machine, Optimizer> stepper(optimizer);
  const auto clipped = file.metadata.find("clip_norm"), scheduled = file.metadata.find("schedule");
  const double clip_norm = clipped == file.metadata.end() ? 0 : std::stod(clipped->second);
  const bool cosine = scheduled != file.metadata.end() && scheduled->second == "cosine";
  const nwm::Schedule schedule = cosine ? nwm::schedule::cosine() : nwm::schedule::constant();
  auto work = std::make_unique<typename Machine::Workspace>();
  const std::vector<double> expected = file.values<double>("losses");
  const std::size_t images = batch.count / expected.size();
  std::vector<double> losses;
  Gradient<Machine> gradient;
  const double scale = 1.0 / static_cast<double>(images * Machine::sites);
  for (std::size_t step = 0; step < expected.size(); ++step) {
    gradient.clear();
    double loss = 0;
    for (std::size_t i = step * images; i < (step + 1) * images; ++i)
      loss += scale * machine.add_gradient(batch.image(i), batch.target(i), static_cast<Real>(scale),
                                           gradient.there(), *work);
    losses.push_back(loss);
    double clip = 1;
    if (clip_norm > 0) {
      double squares = 0;
      for (const Real g : gradient.here()) squares += static_cast<double>(g) * static_cast<double>(g);
      clip = std::min(1.0, clip_norm / (std::sqrt(squares) + 1e-6));
    }
    const double factor = schedule(static_cast<double>(step) / static_cast<double>(expected.size()));
    stepper.step(machine.parameters(), gradient.there(), std::stod(file.metadata.at("lr")) * factor, clip);
  }
  Result result;
  result.logits_error = relative<double>(losses, expected);
  // The end point is one point: all parameters together. Twenty steps of AdamW from random weights are
  // chaotic: a pre-activation within float's rounding of zero decides which way a single bias goes.
  std::vector<double> end;
  for (const nwm::Slice& slice : Machine::layout.slices) {
    const auto values = file.values<double>("final." + std::string(slice.name.view()));
    end.insert(end.end(), values.begin(), values.end());
  }
  result.gradient_error = relative(std::span<const Real>(machine.parameters()), std::span<const double>(end));
  return result;
}

/// The same with the optimiser a file names, and its options.
template <class Machine>
Result run_trajectory(const nwm::io::Safetensors& file) {
  namespace optimizer = nwm::optimizer;
  const auto number = [&](const char* key, double otherwise) {
    const auto found = file.metadata.find(key);
    return found == file.metadata.end() ? otherwise : std::stod(found->second);
  };
  const auto word = [&](const char* key, const char* otherwise) {
    const auto found = file.metadata.find(key);
    return found == file.metadata.end() ? std::string(otherwise) : found->second;
  };
  const std::string name = word("optimizer", "");
  // The study's own case names a decay that its Adam did not take.
  const double decay =
      word("decay", name == "adam" ? "none" : "decoupled") == "none" ? 0 : number("weight_decay", 0);
  const double beta1 = number("beta1", 0.9), beta2 = number("beta2", 0.999),
               epsilon = number("epsilon", 1e-8);
  if (name == "sgd")
    return run_trajectory<Machine>(
        file, optimizer::Sgd{number("momentum", 0), word("nesterov", "false") == "true", decay});
  if (name == "adam") return run_trajectory<Machine>(file, optimizer::Adam{beta1, beta2, epsilon, decay});
  if (name == "adamw") return run_trajectory<Machine>(file, optimizer::AdamW{beta1, beta2, epsilon, decay});
  throw nwm::Error(file.source, "optimizer", "sgd, adam or adamw", name);
}

/// The configuration line of a machine; `readout`, `cell` and `layers` as in the metadata.
template <class Machine>
std::string configuration_of(const std::string& model, const std::string& readout, const std::string& cell,
                             std::size_t layers = 0) {
  constexpr auto shape = Machine::shape;
  static_assert(shape.height == shape.width);
  const auto number = [](std::size_t n) { return std::to_string(n); };
  return configuration({{"model", model},
                        {"readout", readout},
                        {"cell", cell},
                        {"head", std::is_same_v<typename Machine::Head, nwm::head::Wide> ? "wide" : "narrow"},
                        {"layers", number(layers)},
                        {"n", number(shape.height)},
                        {"c_in", number(shape.image_channels)},
                        {"c_mid", number(shape.encoder_width)},
                        {"c_out", number(shape.oscillators)},
                        {"classes", number(shape.classes)},
                        {"steps", number(shape.steps)}});
}

template <class Machine>
void add_machine(const std::string& configuration_line, Result (*run)(const nwm::io::Safetensors&)) {
  registry().push_back({configuration_line, std::string(Machine::Backend::name),
                        sizeof(typename Machine::Real) == 4 ? "float" : "double", Machine::images, run});
}

/// A recurrent machine: model "nwm", or "conv_recurrent" with its cell's name.
template <class Machine>
void add_wave_machine(const std::string& model, const std::string& cell) {
  add_machine<Machine>(configuration_of<Machine>(model, std::string(Machine::Readout::name), cell),
                       [](const nwm::io::Safetensors& file) {
                         return file.contains("losses") ? run_trajectory<Machine>(file)
                                                        : run_gradient_case<Machine>(file);
                       });
}

template <class Machine>
void add_cnn() {
  add_machine<Machine>(configuration_of<Machine>("cnn", "", "", Machine::layers), run_gradient_case<Machine>);
}

}  // namespace conformance
