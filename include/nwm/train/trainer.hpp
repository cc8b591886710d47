// Training as the study does it: shuffled batches, steps of an optimiser, validation each epoch, the best
// weights kept, early stop; stoppable and resumable at any step without changing a bit of the result.
#pragma once

#include "nwm/push_macros.inc"

#include <time.h>  // <chrono> would be a tenth of what including the library costs

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "nwm/backend/kernels.hpp"
#include "nwm/error.hpp"
#include "nwm/loss/cross_entropy.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/optimizer/adam.hpp"
#include "nwm/train/evaluate.hpp"
#include "nwm/train/progress.hpp"
#include "nwm/train/trainer_options.hpp"

namespace nwm {

/// Where training stands, besides weights and moments.
struct TrainerState {
  std::uint64_t epoch = 0, step = 0;  ///< completed epochs, completed steps of the one under way
  std::uint64_t stale = 0;            ///< epochs since the last improvement
  std::uint64_t images = 0;           ///< seen since training began
  double loss_sum = 0;                ///< over the steps of the epoch under way
  double best_loss = std::numeric_limits<double>::infinity();  ///< validation loss of the best weights
  double seconds = 0;                                          ///< in fit so far
  std::uint64_t set_images = 0;  ///< of the training set; 0 before the first fit
};

namespace detail {
/// `Given`, or for void the executor that a model has by itself.
template <class Given, class Model, class L>
struct ExecutorOr {
  using type = Given;
};
template <class Model, class L>
struct ExecutorOr<void, Model, L> {
  using type = ExecutorOf<Model, L>;
};
}  // namespace detail

/// Trains a model by a loss (loss/loss.hpp) and an optimiser (optimizer/optimizer.hpp). Executor_: the one
/// that runs the model (executor.hpp); void: ExecutorOf.
template <class Model_, loss::Loss Loss_ = loss::CrossEntropy,
          optimizer::Optimizer Optimizer_ = optimizer::Adam, class Executor_ = void>
requires ModelFor<Model_, Loss_>
class Trainer {
 public:
  using Model = Model_;
  using Loss = Loss_;
  using Optimizer = Optimizer_;
  using Real = typename Model::Real;
  /// What runs the model over batches.
  using Executor = typename detail::ExecutorOr<Executor_, Model, Loss>::type;
  static_assert(nwm::Executor<Executor, Model, Loss>);
  /// What the loss judges a model by.
  using Metrics = typename Loss::Metrics;
  /// What the callback of `fit` is given.
  using Progress = ProgressOf<Metrics>;
  /// Where a training stands.
  using State = TrainerState;
  static constexpr std::size_t parameter_count = Model::parameter_count;  ///< numbers of the model

  /// All memory of training is allocated here, in the first step and in the first validation. Training goes
  /// on from the weights of `model`. Throws Error, naming the option, where an option of trainer, loss or
  /// optimiser makes no sense or would be 0 or infinite as a Real, and as cell::require_numbers and
  /// model::require_recoverable for the model's cell.
  explicit Trainer(const TrainerOptions& options = {}, Model model = Model{}, const Loss& loss = {},
                   const Optimizer& optimizer = {})
      : options_((require_trainer_options<Real>(options), options)),
        loss_((loss::require_options<Real>(loss), loss)),
        model_((detail::require_trained_cell(model), std::move(model))),
        best_(model_),
        optimizer_(optimizer),
        executor_(options.threads, options.shards, loss) {}

  /// Trains until `epochs`, early stop, or a callback that returns false. callback(const Progress&) is called
  /// after each step and at the end of each epoch. Goes on where the last call (or the state loaded) stopped.
  /// Throws Error when a set does not fit the model or is smaller than a batch, when nothing in the
  /// validation set counts, or when a training goes on with another number of images than it began with
  /// (start_from begins anew); Unstable, naming epoch, step and quantity, when the loss, the gradient or, at
  /// the end of an epoch, a running statistic is not finite or a wave step is unstable: best() then still is
  /// the best so far.
  template <class Callback>
  void fit(const data::Dataset& train, const data::Dataset& validation, Callback&& callback) {
    require_fit<Model>(train, loss_);
    require_fit<Model>(validation, loss_);
    const std::size_t steps = train.size() / options_.batch;
    if (steps == 0)
      throw Error(train.name(), "images", "at least one batch of " + std::to_string(options_.batch),
                  std::to_string(train.size()));
    require_judged<Model>(validation, loss_);
    if (state_.set_images != 0 && state_.set_images != train.size())
      throw Error(train.name(), "images", std::to_string(state_.set_images) + ", as this training began with",
                  std::to_string(train.size()));
    state_.set_images = train.size();
    const double begin = now();
    const double before = state_.seconds;
    std::vector<std::size_t> order(train.size());
    Progress progress{.epochs = options_.epochs, .steps = steps};
    const auto note = [&] {
      state_.seconds = before + (now() - begin);
      progress.epoch = state_.epoch + 1;
      progress.step = state_.step;
      progress.images = state_.images;
      progress.seconds = state_.seconds;
      progress.loss = state_.loss_sum / static_cast<double>(std::max<std::uint64_t>(state_.step, 1));
    };
    const auto report = [&] { return goes_on(callback, std::as_const(progress)); };
    while (state_.epoch < options_.epochs && state_.stale < options_.patience) {
      std::iota(order.begin(), order.end(), std::size_t{0});
      Random(options_.seed, state_.epoch).shuffle(std::span(order));
      progress.epoch_end = false;
      while (state_.step < steps) {
        const auto batch_at = [&](std::size_t step) {
          return std::span<const std::size_t>(order).subspan(step * options_.batch, options_.batch);
        };
        const auto batch = batch_at(state_.step);
        if constexpr (requires { executor_.expect(batch); })
          executor_.expect(state_.step + 1 < steps ? batch_at(state_.step + 1) : batch.first(0));
        progress.gradient_norm = step(train, batch, steps);
        note();
        if (!report()) return;
      }
      const auto epoch = [&] { return "epoch " + std::to_string(state_.epoch + 1) + ", validation"; };
      progress.validation = located(epoch, [&] { return executor_.evaluate(model_, validation); });
      require_finite(epoch, "loss", progress.validation.loss);
      require_finite_buffers(epoch);
      progress.improved = progress.validation.loss < state_.best_loss - options_.improvement;
      if (progress.improved) {
        state_.best_loss = progress.validation.loss;
        state_.stale = 0;
        best_ = model_;
      } else {
        ++state_.stale;
      }
      progress.epoch_end = true;
      note();
      // Before the callback: a state it saves is that of an epoch done, which is not validated again.
      ++state_.epoch;
      state_.step = 0;
      state_.loss_sum = 0;
      if (!report()) return;
    }
  }
  /// The same without a callback.
  void fit(const data::Dataset& train, const data::Dataset& validation) {
    fit(train, validation, [](const Progress&) {});
  }

  /// One optimiser step on the images `batch` of `set`; returns the norm of the gradient. `steps` is the
  /// number of steps of an epoch, for the schedule. Throws as `fit`, and Error when the batch is empty or
  /// names an image that is not there.
  double step(const data::Dataset& set, std::span<const std::size_t> batch, std::size_t steps) {
    if (steps == 0) throw Error("Trainer::step", "steps of an epoch", "at least 1", "0");
    const auto where = [&] {
      return "epoch " + std::to_string(state_.epoch + 1) + ", step " + std::to_string(state_.step + 1);
    };
    const std::span<Real, parameter_count> gradient(gradient_.data(), parameter_count);
    const double loss = located(where, [&] { return executor_.gradient(model_, set, batch, gradient); });
    require_finite(where, "loss", loss);
    const double norm = std::sqrt(
        Model::Backend::template sum<Real>(parameter_count, kernel::Square<Real>{gradient_.data()}));
    require_finite(where, "gradient norm", norm);
    const double clip = options_.clip_norm > 0 ? std::min(1.0, options_.clip_norm / (norm + 1e-6)) : 1.0;
    const auto done = static_cast<double>(state_.epoch * steps + state_.step);
    const double factor =
        options_.schedule ? options_.schedule(done / static_cast<double>(options_.epochs * steps)) : 1.0;
    if (!(factor >= 0) || !std::isfinite(factor))
      throw Error(where(), "schedule", "0 or a positive number", shown(factor));
    optimizer_.step(model_.parameters(), gradient, options_.learning_rate * factor, clip);
    last_loss_ = loss;
    state_.loss_sum += loss;
    state_.images += batch.size();
    ++state_.step;
    return norm;
  }

  /// Begins anew from the weights of `model`: they are current and best, state and optimiser start at zero.
  /// The call for fine-tuning: `nwm::load(model, path); trainer.start_from(model);` With its weights the
  /// trainer takes the numbers of the model's cell, its dt too. Throws Error as cell::require_numbers;
  /// nothing has changed then.
  void start_from(const Model& model) {
    detail::require_trained_cell(model);
    model_ = model;
    best_ = model;
    state_ = {};
    optimizer_ = optimizer::Stepper<Model, Optimizer>(optimizer_.policy());
    last_loss_ = 0;
  }

  /// The weights of the last epoch whose validation loss was lower than the best before it by more than
  /// `options().improvement` (the initial ones before the first epoch ends). With the study's 1e-3 a later
  /// epoch may have a loss a little lower: `improvement = 0` keeps the lowest.
  const Model& best() const { return best_; }
  /// Metrics of best() on a set, by the trainer's own loss and on its threads; nothing of the training
  /// changes. Throws Error when the set is empty, does not fit or has nothing that counts; Unstable, naming
  /// the image, when a wave step is or a score is not finite.
  Metrics evaluate(const data::Dataset& set) { return executor_.evaluate(best_, set); }
  /// The weights after the latest step: those that the next one changes.
  const Model& current() const { return model_; }
  /// The same, to be changed.
  Model& current() { return model_; }

  double last_loss() const { return last_loss_; }  ///< of the latest step; 0 before it
  /// As given to the constructor.
  const TrainerOptions& options() const { return options_; }
  /// Where the training stands.
  const TrainerState& state() const { return state_; }
  /// With its options.
  const Loss& loss() const { return loss_; }
  /// With its state.
  optimizer::Stepper<Model, Optimizer>& optimizer() { return optimizer_; }
  /// With its state.
  const optimizer::Stepper<Model, Optimizer>& optimizer() const { return optimizer_; }
  /// What runs the model over batches.
  Executor& executor() { return executor_; }

  /// Goes on from a state that was saved (train/saved_training.hpp): weights, best weights, counters and the
  /// latest loss. The optimiser's state is set by itself.
  void restore(const Model& current, const Model& best, const TrainerState& state, double last_loss) {
    model_ = current;
    best_ = best;
    state_ = state;
    last_loss_ = last_loss;
  }

 protected:
  /// What a callback answers: any type that converts to bool counts, none means to go on.
  template <class Callback>
  static bool goes_on(Callback& callback, const Progress& progress) {
    using Answer = decltype(callback(progress));
    if constexpr (std::is_void_v<Answer>) {
      callback(progress);
      return true;
    } else {
      static_assert(
          std::is_constructible_v<bool, Answer>,
          "a callback of fit answers nothing, or something that converts to bool: whether to go on");
      return static_cast<bool>(callback(progress));
    }
  }

 private:
  /// Seconds of a clock that nobody sets.
  static double now() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }
  /// Puts epoch and step before the place of an Unstable error.
  template <class Where, class F>
  static auto located(const Where& where, const F& f) {
    try {
      return f();
    } catch (const Unstable& e) {
      throw Unstable(where() + ", " + e.where(), e.field(), e.expected(), e.found());
    }
  }
  template <class Where>
  void require_finite(const Where& where, std::string_view quantity, double value) const {
    if (!std::isfinite(value)) throw Unstable(where(), quantity, detail::finite_number(model_), shown(value));
  }
  /// The running statistics of a model that has some: an input of 1e20 makes a variance infinite, by which
  /// all that is normalised becomes 0, and the loss a plain number.
  template <class Where>
  void require_finite_buffers(const Where& where) const {
    if constexpr (requires { Model::buffer_layout; }) {
      const auto values = model_.buffers();
      for (const Slice& slice : Model::buffer_layout.slices)
        for (const Real v : values.subspan(slice.offset, slice.size))
          require_finite(where, slice.name.view(), static_cast<double>(v));
    }
  }

  TrainerOptions options_;
  Loss loss_;
  Model model_, best_;
  optimizer::Stepper<Model, Optimizer> optimizer_;
  Executor executor_;
  typename Model::Backend::template Memory<Real> gradient_{parameter_count};
  TrainerState state_;
  double last_loss_ = 0;
};

}  // namespace nwm

#include "nwm/pop_macros.inc"
