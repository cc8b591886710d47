// Training over ranks: the trainer of one process, each of whose steps all ranks make together.
#pragma once

#include "nwm/push_macros.inc"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/loss/cross_entropy.hpp"
#include "nwm/model/description.hpp"
#include "nwm/mpi/agreement.hpp"
#include "nwm/mpi/communicator.hpp"
#include "nwm/mpi/executor.hpp"
#include "nwm/mpi/share.hpp"
#include "nwm/mpi/together.hpp"
#include "nwm/optimizer/adam.hpp"
#include "nwm/train/saved_training.hpp"
#include "nwm/train/trainer.hpp"
#include "nwm/version.hpp"

namespace nwm::mpi {

/// nwm::Trainer over the ranks of a communicator: every rank has the model and the sets, makes its share of
/// each batch and of validation, and takes the same step. All ranks make one and call fit, step and evaluate
/// at the same time. Files are those of nwm::Trainer: a training goes on with any number of ranks, or
/// without. `Sum::exact` has the bits of one process.
template <class Model_, loss::Loss Loss_ = loss::CrossEntropy,
          optimizer::Optimizer Optimizer_ = optimizer::Adam, class Adder = AllReduceOnHost>
class Trainer : public nwm::Trainer<Model_, Loss_, Optimizer_, RankExecutor<Model_, Loss_, Adder>> {
  using Base = nwm::Trainer<Model_, Loss_, Optimizer_, RankExecutor<Model_, Loss_, Adder>>;

 public:
  using typename Base::Progress, typename Base::Real;
  /// How gradients are added where nothing is said.
  static constexpr Sum usual_sum = Base::Executor::usual_sum;

  /// As nwm::Trainer; sum: how gradients are added, exactly where the model's executor can. Throws Error,
  /// too, where it cannot and should (a model that runs in passes, on several ranks).
  explicit Trainer(const Communicator& ranks, const TrainerOptions& options = {}, Model_ model = Model_{},
                   const Loss_& loss = {}, const Optimizer_& optimizer = {}, Sum sum = usual_sum)
      : Base(options, std::move(model), loss, optimizer),
        ranks_(std::make_shared<const Communicator>(ranks.get())),
        sum_(sum) {
    this->executor().over(ranks_, sum_);
  }
  /// The same, with the sum named first.
  Trainer(const Communicator& ranks, Sum sum, const TrainerOptions& options = {}, Model_ model = Model_{},
          const Loss_& loss = {}, const Optimizer_& optimizer = {})
      : Trainer(ranks, options, std::move(model), loss, optimizer, sum) {}

  /// As nwm::Trainer::fit. First the sets, the options, the machine and the version of every rank are held
  /// against those of rank 0, and rank 0's training becomes that of all: weights, best weights, the
  /// optimiser's state and counters. So rank 0 alone need load a file. The callback is called on rank 0
  /// alone: what it saves, prints and answers holds for all; what it throws, all throw. Throws Error, too,
  /// naming the rank, where one is not as rank 0, or, at the end of an epoch, has got other weights.
  template <class Callback>
  void fit(const data::Dataset& train, const data::Dataset& validation, Callback&& callback) {
    require_same(*ranks_, facts(train, validation));
    take_over();
    Base::fit(train, validation, [&](const Progress& progress) {
      if (progress.epoch_end)
        require_same(*ranks_, {{"weights after epoch " + std::to_string(progress.epoch), weights_fact()}});
      return answer_of_first(callback, progress);
    });
  }
  /// The same without a callback.
  void fit(const data::Dataset& train, const data::Dataset& validation) {
    fit(train, validation, [](const Progress&) {});
  }

  /// The ranks, apart from the messages of the communicator that was given.
  const Communicator& ranks() const { return *ranks_; }
  /// How gradients are added.
  Sum sum() const { return sum_; }

 private:
  /// Whether rank 0's callback wants to go on.
  template <class Callback>
  bool answer_of_first(Callback& callback, const Progress& progress) {
    enum : int { stop, go_on, failed };
    int answer = stop;
    Failure failure;
    if (ranks_->is_first()) {
      failure.attempt([&] { answer = Base::goes_on(callback, progress) ? go_on : stop; });
      if (failure) answer = failed;
    }
    ranks_->broadcast(answer);
    if (answer == failed) failure.tell_of(*ranks_, 0);
    return answer == go_on;
  }

  Facts facts(const data::Dataset& train, const data::Dataset& validation) const {
    Facts all{{"version of nwm", std::string(version)},
              {"machine", fact_of_machine()},
              {"backend", std::string(Model_::Backend::name)},
              {"bytes of a number", std::to_string(sizeof(Real))},
              {"sum", sum_ == Sum::exact ? "exact" : "fast"}};
    const auto add = [&](std::string name, std::string text) {
      all.emplace_back(std::move(name), std::move(text));
    };
    describe(this->current(),
             [&](const std::string& key, const std::string& value) { add("model's " + key, value); });
    for (const auto& [name, value] : io::detail::policies<Base>()) add(name, value);
    for (const auto& [name, value] : io::detail::decisive(*this)) add("option " + name, shown_exactly(value));
    const TrainerOptions& o = this->options();
    add("option epochs", std::to_string(o.epochs));
    add("option patience", std::to_string(o.patience));
    add("option seed", std::to_string(o.seed));
    add("training set", fact_of(train));
    add("validation set", fact_of(validation));
    return all;
  }

  std::string weights_fact() const {
    Fingerprint all;
    all.add(std::span<const Real>(this->current().parameters()));
    return "those with fingerprint " + all.text();
  }

  /// Makes rank 0's training that of all.
  void take_over() {
    Model_ current = this->current(), best = this->best();
    ranks_->broadcast(std::span<Real>(current.parameters()));
    ranks_->broadcast(std::span<Real>(best.parameters()));
    for (std::size_t i = 0; i < Optimizer_::state.size(); ++i)
      ranks_->broadcast(std::span<Real>(this->optimizer().state(i)));
    std::uint64_t steps = this->optimizer().steps();
    ranks_->broadcast(steps);
    this->optimizer().set_steps(steps);
    TrainerState state = this->state();
    ranks_->broadcast(std::as_writable_bytes(std::span(&state, 1)));
    double last_loss = this->last_loss();
    ranks_->broadcast(last_loss);
    this->restore(current, best, state, last_loss);
  }

  std::shared_ptr<const Communicator> ranks_;
  Sum sum_;
};

}  // namespace nwm::mpi

#include "nwm/pop_macros.inc"
