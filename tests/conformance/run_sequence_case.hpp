// Runs a reference case of a driven system on a sequence machine: through a data set, the executor and the
// loss, as training does, two sequences side by side.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "nwm/cell/co_rnn.hpp"
#include "nwm/cell/horn.hpp"
#include "nwm/cell/lin_oss.hpp"
#include "nwm/cell/nwm23.hpp"
#include "nwm/cell/unicornn.hpp"
#include "nwm/cell/wave_rnn.hpp"
#include "nwm/data/sequences.hpp"
#include "nwm/loss/image_cross_entropy.hpp"
#include "nwm/loss/mean_squares.hpp"
#include "nwm/model/sequence_machine.hpp"
#include "nwm/train/evaluate.hpp"
#include "nwm/train/predict.hpp"
#include "run_case.hpp"

namespace conformance {

/// The data of a case, with targets as loss L wants them.
template <class Machine, class L>
nwm::data::Dataset sequences_of(const nwm::io::Safetensors& file) {
  const std::vector<float> inputs = file.values<float>("input");
  const auto extent = nwm::input_extent<Machine>(inputs.size() / Machine::image_size);
  if constexpr (std::is_same_v<L, nwm::loss::MeanSquares>) {
    const std::vector<float> target = file.values<float>("target");
    if (Machine::sites == 1) return nwm::data::numbers_each(extent, inputs, Machine::outputs, target);
    return nwm::data::numbers_steps(extent, inputs, Machine::outputs, target);
  } else {
    nwm::data::Targets::Bytes labels;
    for (const std::int64_t c : file.values<std::int64_t>("target"))
      labels.push_back(static_cast<std::uint8_t>(c));
    if constexpr (L::pooled) return nwm::data::label_each(extent, inputs, labels);
    else return nwm::data::label_steps(extent, inputs, labels);
  }
}

/// The recorded series as the case has it: complex states have their parts as the last index.
template <class Machine>
std::vector<typename Machine::Real> states_of(const Machine& machine, const nwm::data::Dataset& set) {
  const auto series = nwm::record(machine, set);
  constexpr std::size_t parts = Machine::recorded;
  if constexpr (parts == 1) return series.values;
  std::vector<typename Machine::Real> all(series.values.size());
  constexpr std::size_t n = Machine::channels * Machine::shape.sites();
  for (std::size_t row = 0; row < all.size() / (parts * n); ++row)
    for (std::size_t r = 0; r < parts; ++r)
      for (std::size_t c = 0; c < n; ++c)
        all[row * parts * n + c * parts + r] = series.values[(row * parts + r) * n + c];
  return all;
}

template <class Machine, class L>
Result run_sequences(const nwm::io::Safetensors& file) {
  using Real = typename Machine::Real;
  Machine machine;
  // The numbers of a cell have the names of the case's metadata.
  std::apply(
      [&](const auto&... number) {
        ((machine.cell.*(number.member) = std::stod(file.metadata.at(number.name))), ...);
      },
      [] {
        if constexpr (requires { Machine::Cell::numbers; }) return Machine::Cell::numbers;
        else return std::tuple<>{};
      }());
  set_parameters(file, machine, "param.");
  const L loss;
  const auto set = sequences_of<Machine, L>(file);
  nwm::require_fit<Machine>(set, loss);
  std::vector<std::size_t> all(set.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  nwm::ExecutorOf<Machine, L> executor(2, 2, loss);
  Gradient<Machine> gradient;
  const double mean = executor.gradient(machine, set, all, gradient.there());
  const auto scores = nwm::predict(machine, set).scores;
  Result result;
  result.logits_error = worst(relative<double>(std::vector{mean}, file.values<double>("loss")),
                              relative<Real>(scores.values, file.values<double>("output")));
  result.logits_error =
      worst(relative<Real>(states_of(machine, set), file.values<double>("states")), result.logits_error);
  result.gradient_error = gradient_error<Machine>(file, gradient.here());
  return result;
}

template <class Machine>
Result run_sequence_case(const nwm::io::Safetensors& file) {
  const std::string& kind = file.metadata.at("loss");
  if (kind == "squares") return run_sequences<Machine, nwm::loss::MeanSquares>(file);
  if constexpr (Machine::sites == 1) return run_sequences<Machine, nwm::loss::ImageCrossEntropy>(file);
  else return run_sequences<Machine, nwm::loss::CrossEntropy>(file);
}

/// What differs between the machines of the cases beside their cell.
struct SequenceCase {
  const char *system, *loss, *act = "relu", *scheme = "imex";
  std::size_t kernel = 3, channels = 2;
};

template <class Machine>
void add_sequence(const SequenceCase& c) {
  const auto number = [](std::size_t n) { return std::to_string(n); };
  constexpr auto shape = Machine::shape;
  const bool frames = shape.frames;
  add_machine<Machine>(configuration({{"system", c.system},
                                      {"loss", c.loss},
                                      {"act", c.act},
                                      {"scheme", c.scheme},
                                      {"kernel", number(c.kernel)},
                                      {"channels", number(c.channels)},
                                      {"n_in", number(frames ? 0 : shape.inputs)},
                                      {"steps", number(shape.steps)},
                                      {"each", Machine::sites > 1 && !frames ? "True" : "False"}}),
                       run_sequence_case<Machine>);
}

template <class B, class Real>
void add_sequences() {
  using nwm::SequenceShape;
  using namespace nwm::readout;
  namespace cell = nwm::cell;
  constexpr SequenceShape dense{.inputs = 4, .steps = 9, .oscillators = 12, .outputs = 5, .lanes = 2};
  constexpr SequenceShape two{.inputs = 4, .steps = 9, .oscillators = 12, .outputs = 2, .lanes = 2};
  constexpr SequenceShape ring{
      .inputs = 4, .steps = 9, .width = 12, .oscillators = 2, .outputs = 5, .lanes = 2};
  constexpr SequenceShape ring3{
      .inputs = 4, .steps = 9, .width = 12, .oscillators = 3, .outputs = 5, .lanes = 2};
  constexpr SequenceShape torus{.inputs = 1,
                                .steps = 7,
                                .height = 6,
                                .width = 5,
                                .oscillators = 2,
                                .outputs = 30,
                                .lanes = 2,
                                .frames = true};
  using None = nwm::head::Hidden<>;
  using Spare = nwm::checkpointing::Every<3>;
  using Tanh = cell::WaveRnn<nwm::Activation::tanh, 5>;
  using Im = cell::LinOss<cell::Scheme::implicit>;
  add_sequence<nwm::SequenceMachine<ring, cell::WaveRnn<>, AtEnd, None, B, Real>>({"wave_rnn", "label"});
  add_sequence<nwm::SequenceMachine<ring, cell::WaveRnn<>, EveryStep, None, B, Real, Spare>>(
      {"wave_rnn", "each"});
  add_sequence<nwm::SequenceMachine<ring3, Tanh, AtEnd, None, B, Real, Spare>>(
      {.system = "wave_rnn", .loss = "label", .act = "tanh", .kernel = 5, .channels = 3});
  add_sequence<nwm::SequenceMachine<dense, cell::CoRnn, AtEnd, None, B, Real>>({"cornn", "label"});
  add_sequence<nwm::SequenceMachine<two, cell::CoRnn, AtEnd, None, B, Real, Spare>>({"cornn", "squares"});
  add_sequence<nwm::SequenceMachine<dense, cell::Unicornn, AtEnd, None, B, Real>>({"unicornn", "label"});
  add_sequence<nwm::SequenceMachine<dense, cell::Horn<12>, AtEnd, None, B, Real>>({"horn", "label"});
  add_sequence<nwm::SequenceMachine<dense, cell::Horn<12>, EveryStep, None, B, Real>>({"horn", "each"});
  add_sequence<nwm::SequenceMachine<torus, cell::Nwm23, EveryStep, None, B, Real>>({"nwm23", "squares"});
  add_sequence<nwm::SequenceMachine<dense, cell::LinOss<>, MeanOfSteps, None, B, Real>>({"linoss", "label"});
  add_sequence<nwm::SequenceMachine<dense, Im, MeanOfSteps, None, B, Real, Spare>>(
      {.system = "linoss", .loss = "label", .scheme = "im"});
}

}  // namespace conformance
