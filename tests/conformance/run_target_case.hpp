// Runs a reference case of another target than a class a pixel, on a wave machine: through a data set, the
// executor and the loss, as training does.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <numeric>
#include <span>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "nwm/cell/driven_wave.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/loss/cross_entropy.hpp"
#include "nwm/loss/image_cross_entropy.hpp"
#include "nwm/loss/mean_squares.hpp"
#include "nwm/train/evaluate.hpp"
#include "run_case.hpp"

namespace conformance {

/// The machines of the reference cases `target-*`, and of the driven one.
template <class B, class Real, class Cell, std::size_t image_channels>
using TargetWave = nwm::WaveMachine<nwm::Shape{.height = 8,
                                               .width = 8,
                                               .image_channels = image_channels,
                                               .oscillators = 2,
                                               .steps = 9,
                                               .classes = 5,
                                               .encoder_width = 4},
                                    nwm::readout::Linear, nwm::head::Narrow, Cell, B, Real>;

/// A case's pictures with its targets, as loss L wants them.
template <class Machine, class L>
nwm::data::Dataset data_of(const nwm::io::Safetensors& file) {
  using nwm::data::Targets;
  const std::vector<float> pictures = file.values<float>("input");
  const auto extent = nwm::input_extent<Machine>(pictures.size() / Machine::image_size);
  if constexpr (std::is_same_v<L, nwm::loss::MeanSquares>) {
    return {extent, pictures, Targets::numbers(Machine::outputs, file.values<float>("target")), "case"};
  } else {
    Targets::Bytes classes;
    for (const std::int64_t c : file.values<std::int64_t>("target"))
      classes.push_back(static_cast<std::uint8_t>(c));
    if constexpr (L::pooled) return {extent, pictures, Targets::labels(classes), "case"};
    else return {extent, pictures, classes, "case"};
  }
}

template <class Machine, class L>
Result run_target(const nwm::io::Safetensors& file, const L& loss) {
  using Real = typename Machine::Real;
  Machine machine;
  machine.cell.dt = 0.1;  // the study's; the file's `dt` is that of other systems
  set_parameters(file, machine, "param.");
  const auto set = data_of<Machine, L>(file);
  nwm::require_fit<Machine>(set, loss);
  std::vector<std::size_t> all(set.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  nwm::ExecutorOf<Machine, L> executor(2, 2, loss);
  Gradient<Machine> gradient;
  const double mean = executor.gradient(machine, set, all, gradient.there());
  std::vector<Real> scores(set.size() * Machine::score_size);
  executor.predict(machine, set, [&](std::size_t i, std::span<const Real> s) {
    std::ranges::copy(s, scores.begin() + static_cast<std::ptrdiff_t>(i * Machine::score_size));
  });
  Result result;
  result.logits_error = worst(relative<double>(std::vector{mean}, file.values<double>("loss")),
                              relative<Real>(scores, file.values<double>("output")));
  if constexpr (Machine::images == 1) {
    std::vector<Real> states(set.size() * Machine::series_size);
    auto work = std::make_unique<typename Machine::Workspace>();
    const Batch<Machine> batch(file, false);
    for (std::size_t i = 0; i < set.size(); ++i)
      machine.record(batch.image(i),
                     std::span<Real, Machine::series_size>(states.data() + i * Machine::series_size,
                                                           Machine::series_size),
                     *work);
    result.logits_error = worst(relative<Real>(states, file.values<double>("states")), result.logits_error);
  }
  result.gradient_error = gradient_error<Machine>(file, gradient.here());
  return result;
}

template <class Machine>
Result run_target_case(const nwm::io::Safetensors& file) {
  const std::string& kind = file.metadata.at("loss");
  if (kind == "squares") return run_target<Machine>(file, nwm::loss::MeanSquares{});
  if (kind == "pooled") return run_target<Machine>(file, nwm::loss::ImageCrossEntropy{});
  if (file.metadata.at("weights") == "None") return run_target<Machine>(file, nwm::loss::CrossEntropy{});
  nwm::loss::WeightedCrossEntropy<Machine::outputs> loss{.ignore_index = 255};
  std::string weights = file.metadata.at("weights");  // "[0.2, 1.0, …]"
  std::ranges::replace_if(weights, [](char c) { return c == '[' || c == ']' || c == ','; }, ' ');
  std::istringstream numbers(weights);
  for (double& w : loss.weights) numbers >> w;
  if (!numbers) throw nwm::Error(file.source, "weights", "one number a class", file.metadata.at("weights"));
  return run_target<Machine>(file, loss);
}

template <class Machine>
void add_target(const char* system, std::initializer_list<const char*> losses) {
  const auto number = [](std::size_t n) { return std::to_string(n); };
  constexpr auto shape = Machine::shape;
  for (const char* loss : losses)
    add_machine<Machine>(configuration({{"system", system},
                                        {"loss", loss},
                                        {"c_in", number(shape.image_channels)},
                                        {"steps", number(shape.steps)},
                                        {"height", number(shape.height)},
                                        {"width", number(shape.width)},
                                        {"channels", number(shape.oscillators)},
                                        {"out", number(Machine::outputs)}}),
                         run_target_case<Machine>);
}

template <class B, class Real>
void add_targets() {
  add_target<TargetWave<B, Real, nwm::cell::Wave, 3>>("plain_nwm", {"pixel", "pooled", "squares"});
  add_target<TargetWave<B, Real, nwm::cell::DrivenWave, 1>>("driven_nwm", {"pixel"});
}

}  // namespace conformance
