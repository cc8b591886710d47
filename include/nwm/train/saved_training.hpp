// The state of a training on disk: all that is needed to go on as if it had not stopped.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/io/safetensors.hpp"
#include "nwm/model/description.hpp"
#include "nwm/model/weights.hpp"
#include "nwm/train/schedule.hpp"
#include "nwm/train/trainer.hpp"

namespace nwm {

namespace io::detail {

/// The numbers that decide those of a run, named: options of trainer, loss and optimiser, the schedule at
/// some places, and all numbers of the cell. A resumed run must have the same.
template <class Trainer>
std::vector<std::pair<std::string, double>> decisive(const Trainer& trainer) {
  const auto& o = trainer.options();
  std::vector<std::pair<std::string, double>> all;
  const auto add = [&](std::string_view name, double value) { all.emplace_back(name, value); };
  add("learning_rate", o.learning_rate);
  add("batch", static_cast<double>(o.batch));
  add("shards", static_cast<double>(o.shards));
  add("clip_norm", o.clip_norm);
  add("improvement", o.improvement);
  trainer.optimizer().policy().options(add);
  trainer.loss().options(add);
  model::for_cell_numbers(trainer.current(), add);
  // A schedule counts in shares of all planned steps: only with one do the epochs decide a number.
  add("epochs", o.schedule ? static_cast<double>(o.epochs) : 0);
  for (int i = 0; i < schedule::places; ++i) {
    const double share = schedule::place(i);
    add("schedule(" + shown(share) + ")", o.schedule ? o.schedule(share) : 1.0);
  }
  return all;
}

/// The names of its policies.
template <class Trainer>
std::vector<std::pair<std::string, std::string>> policies() {
  return {{"optimizer", std::string(Trainer::Optimizer::name)}, {"loss", std::string(Trainer::Loss::name)}};
}

template <class Trainer>
std::string state_name(std::size_t i) {
  return std::string(Trainer::Optimizer::name) + "." + std::string(Trainer::Optimizer::state[i]);
}

/// Throws Error where a number of the optimiser's state i is not finite, or a second moment negative.
template <class Trainer, class Values>
void check_state(const std::string& where, std::size_t i, const Values& values) {
  const bool square = Trainer::Optimizer::state[i] == "second_moment";
  for (const auto v : values)
    if (!std::isfinite(v) || (square && v < 0))
      throw Error(where, "'" + state_name<Trainer>(i) + "'", square ? "no negative number" : "finite numbers",
                  shown(static_cast<double>(v)));
}

/// The first of `decisive`, as load_training reads them of a file.
inline constexpr std::size_t batch_option = 1;

/// Throws Error where the state of a training cannot be one: a sum, a loss or a time that is no number, or
/// more steps of an epoch done than it has, with batches of `batch` images.
inline void check_state_of(const std::string& where, const TrainerState& state, double last_loss,
                           double batch) {
  const auto number = [&](const char* name, double value, bool fine, const char* expected) {
    if (!fine) throw Error(where, std::string(name) + " in 'trainer.numbers'", expected, shown(value));
  };
  number("loss_sum", state.loss_sum, std::isfinite(state.loss_sum), "a finite number");
  number("best_loss", state.best_loss,
         std::isfinite(state.best_loss) || state.best_loss == std::numeric_limits<double>::infinity(),
         "a finite number, or inf before the first epoch ends");
  number("seconds", state.seconds, std::isfinite(state.seconds) && state.seconds >= 0,
         "0 or a positive number");
  number("last_loss", last_loss, std::isfinite(last_loss), "a finite number");
  if (state.set_images == 0 || !(batch >= 1)) return;
  const double steps = std::floor(static_cast<double>(state.set_images) / batch);
  if (static_cast<double>(state.step) > steps)
    throw Error(
        where, "step in 'trainer.counters'",
        "at most " + shown(steps) + ", the batches of " + std::to_string(state.set_images) + " images",
        std::to_string(state.step));
}

}  // namespace io::detail

/// Writes weights, best weights, the optimiser's state, counters and options, whole or not at all. Throws
/// Error when the file cannot be written, or a weight or a number of the optimiser's state is not finite
/// (such a file could not be loaded); an old one then stays.
template <class Trainer>
void save_training(Trainer& trainer, const std::string& path) {
  using Real = typename Trainer::Real;
  io::Safetensors file;
  file.source = path;
  io::put_model(file, trainer.current());
  io::put_model(file, trainer.best(), "best.");
  io::put_description(file, trainer.current());
  const std::size_t n = Trainer::parameter_count;
  for (std::size_t i = 0; i < Trainer::Optimizer::state.size(); ++i) {
    const std::span<const Real> state = trainer.optimizer().state(i);
    io::detail::check_state<Trainer>(path, i, state);
    file.add(io::detail::state_name<Trainer>(i), {n}, state);
  }
  for (const auto& [key, value] : io::detail::policies<Trainer>())
    file.metadata["nwm.trainer." + key] = value;
  const auto& s = trainer.state();
  const std::vector<std::int64_t> counters{
      static_cast<std::int64_t>(s.epoch), static_cast<std::int64_t>(s.step),
      static_cast<std::int64_t>(s.stale), static_cast<std::int64_t>(s.images),
      static_cast<std::int64_t>(trainer.optimizer().steps())};
  file.add("trainer.counters", {counters.size()}, counters);
  file.add("trainer.seed", {1}, std::vector<std::uint64_t>{trainer.options().seed});
  file.add("trainer.numbers", {4},
           std::vector<double>{s.loss_sum, s.best_loss, s.seconds, trainer.last_loss()});
  file.add("trainer.set", {1}, std::vector<std::int64_t>{static_cast<std::int64_t>(s.set_images)});
  std::vector<double> options;
  for (const auto& [name, value] : io::detail::decisive(trainer)) options.push_back(value);
  file.add("trainer.options", {options.size()}, options);
  io::write_safetensors(path, file);
}

/// How a training goes on from a file.
enum class Resume {
  exactly,  ///< options, schedule and seed must be those of the file: the run goes on as if never stopped
  with_other_options  ///< what is given holds from here on: another run, from the same weights and state
};

/// Loads what save_training wrote. Throws Error when the file is damaged, holds weights alone, belongs to
/// another model, or was trained with other options, another loss, optimiser, schedule or cell (named); the
/// trainer then is unchanged. What the training set's size does to a run, its order and its steps an epoch,
/// is asked of the next `fit`: it refuses another number of images, but after Resume::with_other_options.
/// Files without that number (of before 0.2.0 was released) go on with any.
template <class Trainer>
void load_training(Trainer& trainer, const std::string& path, Resume how = Resume::exactly) {
  using Real = typename Trainer::Real;
  const io::Safetensors file = io::read_safetensors(path);
  const auto values = [&]<class T>(const std::string& name, std::size_t count, T) {
    auto v = file.values<T>(name);
    if (v.size() != count)
      throw Error(file.source, "length of '" + name + "'", std::to_string(count), std::to_string(v.size()));
    return v;
  };
  const auto refuse = [&](const std::string& field, const std::string& expected, const std::string& found) {
    throw Error(file.source, field, expected, found);
  };
  if (!std::any_of(file.tensors.begin(), file.tensors.end(),
                   [](const auto& t) { return t.first.starts_with("trainer."); }))
    refuse(
        "file", "a training, as nwm::save_training writes it",
        "none; nwm::load(model, path) loads the weights of a model, trainer.start_from(model) trains them");
  for (const auto& [key, value] : io::detail::policies<Trainer>()) {
    const auto found = file.metadata.find("nwm.trainer." + key);
    if (found != file.metadata.end() && found->second != value) refuse("option " + key, value, found->second);
  }
  if (how == Resume::exactly) {
    const auto wanted = io::detail::decisive(trainer);
    if (file.at("trainer.options").count() != wanted.size()) io::check_description(file, trainer.current());
    const auto options = values("trainer.options", wanted.size(), 0.0);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto& [name, value] = wanted[i];
      if (options[i] == value) continue;
      const auto schedule = [](double epochs) {
        return epochs == 0 ? std::string("none") : "one over " + shown(epochs) + " epochs";
      };
      if (name == "epochs" && (value == 0 || options[i] == 0))
        refuse("option schedule", schedule(value), schedule(options[i]));
      refuse("option " + name, shown_exactly(value), shown_exactly(options[i]));
    }
    const std::uint64_t seed = values("trainer.seed", 1, std::uint64_t{0})[0];
    if (seed != trainer.options().seed)
      refuse("option seed", std::to_string(trainer.options().seed), std::to_string(seed));
  }
  io::check_description(file, trainer.current());

  std::vector<std::vector<Real>> states;
  for (std::size_t i = 0; i < Trainer::Optimizer::state.size(); ++i) {
    states.push_back(values(io::detail::state_name<Trainer>(i), Trainer::parameter_count, Real(0)));
    io::detail::check_state<Trainer>(file.source, i, states.back());
  }
  const auto counters = values("trainer.counters", 5, std::int64_t{0});
  for (const std::int64_t c : counters)
    if (c < 0) refuse("'trainer.counters'", "no negative number", std::to_string(c));
  std::int64_t set_images = 0;
  if (file.contains("trainer.set")) set_images = values("trainer.set", 1, std::int64_t{0})[0];
  if (set_images < 0) refuse("'trainer.set'", "no negative number", std::to_string(set_images));
  const auto numbers = values("trainer.numbers", 4, 0.0);
  const auto counter = [&](std::size_t i) { return static_cast<std::uint64_t>(counters[i]); };
  typename Trainer::State state;
  state.epoch = counter(0), state.step = counter(1), state.stale = counter(2), state.images = counter(3);
  state.loss_sum = numbers[0], state.best_loss = numbers[1], state.seconds = numbers[2];
  state.set_images = static_cast<std::uint64_t>(set_images);
  const auto options = file.values<double>("trainer.options");
  const std::size_t batch = io::detail::batch_option;
  io::detail::check_state_of(file.source, state, numbers[3], batch < options.size() ? options[batch] : 0);
  if (how == Resume::with_other_options) state.set_images = 0;
  auto current = trainer.current();
  auto best = trainer.best();
  io::take_model(file, current);
  io::take_model(file, best, "best.");
  trainer.restore(current, best, state, numbers[3]);
  for (std::size_t i = 0; i < states.size(); ++i)
    std::copy(states[i].begin(), states[i].end(), trainer.optimizer().state(i).begin());
  trainer.optimizer().set_steps(counter(4));
}

}  // namespace nwm
