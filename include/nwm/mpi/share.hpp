// What a rank makes of a batch, and how the ranks' gradients become one.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "nwm/backend/backend.hpp"
#include "nwm/error.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/mpi/communicator.hpp"
#include "nwm/mpi/exchange.hpp"
#include "nwm/mpi/together.hpp"
#include "nwm/train/shards.hpp"

namespace nwm::mpi {

/// How the ranks' gradients are added.
enum class Sum {
  exact,  ///< shard after shard, in the order of one process: its bits, for any number of ranks
  fast    ///< by MPI_Allreduce (NCCL on GPUs): rounded otherwise, in the order that it chooses
};

namespace detail {

/// Sets `to` of every rank to the sum of the parts of all ranks, added in order: those of rank 0, then those
/// of rank 1, and so on. A rank adds its parts to what the one before it sends, piece by piece, so that all
/// links work at the same time; the last rank has the sum, and broadcasts it.
template <class Real>
void ordered_sum(const Communicator& ranks, std::span<const Buffer<Real>> parts, std::span<Real> to) {
  constexpr std::size_t piece = (std::size_t{64} << 10) / sizeof(Real);
  const int next = ranks.rank() + 1 < ranks.size() ? ranks.rank() + 1 : MPI_PROC_NULL;
  Exchange sent(ranks);
  for (std::size_t begin = 0; begin < to.size(); begin += piece) {
    const std::span<Real> some = to.subspan(begin, std::min(piece, to.size() - begin));
    if (!ranks.is_first()) ranks.receive(some, ranks.rank() - 1);
    else if (parts.empty()) std::fill(some.begin(), some.end(), Real(0));
    else std::copy_n(parts[0].data() + begin, some.size(), some.data());
    for (std::size_t s = ranks.is_first() ? 1 : 0; s < parts.size(); ++s)
      for (std::size_t i = 0; i < some.size(); ++i) some[i] += parts[s][begin + i];
    sent.send(std::span<const Real>(some), next);
  }
  sent.wait();
  ranks.broadcast(to, ranks.size() - 1);
}

}  // namespace detail

/// A rank's share of a batch that is made in shards, on a host: as many neighbouring ones as every other
/// rank, up to one. Ranks beyond the number of shards have none. Without ranks it is the whole batch.
class RankShards {
 public:
  /// From here on this is one of several ranks, whose gradients are added by `sum`.
  void over(std::shared_ptr<const Communicator> ranks, Sum sum) {
    ranks_ = std::move(ranks);
    sum_ = sum;
  }

  /// The shards of this rank. Rank 0 always has some.
  ShardRange shards(std::size_t count) const {
    if (!ranks_) return WholeBatch::shards(count);
    const auto all = static_cast<std::size_t>(ranks_->size()),
               rank = static_cast<std::size_t>(ranks_->rank());
    const auto begin = [&](std::size_t r) { return (r * count + all - 1) / all; };
    return {begin(rank), begin(rank + 1)};
  }
  /// Does the work. What it throws waits for `sum`, so that all ranks come there.
  template <class F>
  void attempt(const F& work) {
    if (ranks_) failure_.attempt(work);
    else work();
  }
  /// As WholeBatch::sum, over the ranks. Throws on all ranks what the work of one has thrown.
  template <class Backend, class Real>
  double sum(std::span<const Buffer<Real>> gradients, std::span<const double> losses, std::span<Real> to) {
    if (!ranks_) return WholeBatch::sum<Backend, Real>(gradients, losses, to);
    const Failure failure = std::exchange(failure_, Failure{});
    if (failure) losses = {}, gradients = {};
    return sum_ == Sum::exact ? sum_exactly(failure, gradients, losses, to)
                              : sum_fast<Backend>(failure, gradients, losses, to);
  }

 private:
  /// What goes from rank to rank beside the gradient.
  enum : std::size_t { loss, failed };

  template <class Real>
  double sum_exactly(const Failure& failure, std::span<const Buffer<Real>> gradients,
                     std::span<const double> losses, std::span<Real> to) {
    // The rank that failed first, from 1 on, as a double beside the loss.
    std::array<double, 2> beside{0, 0};
    const std::span<double> message(beside);
    const int rank = ranks_->rank(), last = ranks_->size() - 1;
    if (rank > 0) ranks_->receive(message, rank - 1, 1);
    if (failure && beside[failed] == 0) beside[failed] = rank + 1;
    for (const double each : losses) beside[loss] += each;
    if (rank < last) ranks_->send(std::span<const double>(message), rank + 1, 1);
    // The sum goes on its way all the same: a rank that has failed is rare, and asking first would take as
    // long as a small gradient.
    detail::ordered_sum(*ranks_, gradients, to);
    ranks_->broadcast(message, last);
    if (beside[failed] > 0) failure.tell_of(*ranks_, static_cast<int>(beside[failed]) - 1);
    return beside[loss];
  }

  template <class Backend, class Real>
  double sum_fast(const Failure& failure, std::span<const Buffer<Real>> gradients,
                  std::span<const double> losses, std::span<Real> to) {
    std::array<double, 2> beside{0, failure ? 1.0 : 0.0};
    for (const double each : losses) beside[loss] += each;
    ranks_->all_reduce(std::span<double>(beside));
    if (beside[failed] > 0) failure.tell(*ranks_);
    if (gradients.empty()) Backend::fill(to.size(), Real(0), to.data());
    else WholeBatch::sum<Backend, Real>(gradients, {}, to);
    ranks_->all_reduce(to);
    return beside[loss];
  }

  std::shared_ptr<const Communicator> ranks_;
  Sum sum_ = Sum::exact;
  Failure failure_;
};

/// Adds gradients by MPI where they lie in the host's memory.
class AllReduceOnHost {
 public:
  /// Adds while the caller waits.
  static constexpr bool queued = false;
  /// `ranks` must stay.
  explicit AllReduceOnHost(const Communicator& ranks) : ranks_(&ranks) {}
  /// Sets `values` of every rank to their sum over the ranks.
  template <class Real>
  void ask(std::span<Real> values) const {
    ranks_->all_reduce(values);
  }

 private:
  const Communicator* ranks_;
};

/// A rank's share of a batch that is run in passes, on a backend with threads of its own: as many
/// neighbouring images as every other rank, up to one. Adder is made of a communicator; ask(values) asks for
/// the sum over the ranks in the order of the backend's operations, and may be recorded with them; `queued`:
/// whether it is for backends that work while the host goes on, or for the others. Without ranks the share is
/// the whole batch.
template <class Adder>
class RankPasses {
 public:
  /// Throws Error where there are several ranks and the sum is to be exact: a pass adds its images'
  /// gradients to those of the passes before.
  void over(std::shared_ptr<const Communicator> ranks, Sum sum) {
    if (sum == Sum::exact && ranks->size() > 1)
      throw Error("nwm::mpi::Trainer", "sum of a model that runs in passes", "Sum::fast", "Sum::exact");
    adder_ = std::make_shared<Adder>(*ranks);
    ranks_ = std::move(ranks);
  }

  /// Throws Error where the batch has fewer images than there are ranks.
  std::span<const std::size_t> images(std::span<const std::size_t> batch) const {
    if (!ranks_ || batch.empty()) return batch;
    const auto all = static_cast<std::size_t>(ranks_->size()),
               rank = static_cast<std::size_t>(ranks_->rank());
    if (batch.size() < all)
      throw Error("nwm::mpi::Trainer", "images of a batch", "at least one a rank, " + std::to_string(all),
                  std::to_string(batch.size()));
    const std::size_t begin = rank * batch.size() / all, end = (rank + 1) * batch.size() / all;
    return batch.subspan(begin, end - begin);
  }
  /// Runs a pass. Where it fails the next one is run all the same: the others wait for the sum.
  template <class F>
  void attempt(const F& work) {
    if (ranks_) failure_.attempt(work);
    else work();
  }
  /// Asks for the sum of all ranks' gradients.
  template <class Real>
  void ask_sum(std::span<Real> gradient) const {
    if (adder_) adder_->ask(gradient);
  }
  /// Says that it was asked for, or replayed.
  void sum_is_asked() { asked_ = true; }

  /// The sum of all ranks' losses. Throws on all ranks what a pass of one has thrown. Where a rank of GPUs
  /// could not even ask for its last pass it throws alone, as the others' recordings wait for its own
  /// (nwm::mpi::run then ends them).
  template <class Real>
  double sum(double own_loss, std::span<Real> gradient) {
    if (!ranks_) return own_loss;
    const Failure failure = std::exchange(failure_, Failure{});
    if (!std::exchange(asked_, false)) {
      if constexpr (Adder::queued) failure.rethrow();
      else ask_sum(gradient);
    }
    std::array<double, 2> beside{own_loss, failure ? 1.0 : 0.0};
    ranks_->all_reduce(std::span<double>(beside));
    if (beside[1] > 0) failure.tell(*ranks_);
    return beside[0];
  }

 private:
  std::shared_ptr<const Communicator> ranks_;
  std::shared_ptr<Adder> adder_;
  Failure failure_;
  bool asked_ = false;
};

}  // namespace nwm::mpi

#include "nwm/pop_macros.inc"
