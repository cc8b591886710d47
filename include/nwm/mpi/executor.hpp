// Runs a model over the ranks of a communicator: each makes its share of a batch, and of a set's metrics.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "nwm/backend/backend.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/loss/cross_entropy.hpp"
#include "nwm/mpi/communicator.hpp"
#include "nwm/mpi/share.hpp"
#include "nwm/mpi/together.hpp"
#include "nwm/train/evaluate.hpp"
#include "nwm/train/targets.hpp"

namespace nwm::mpi {

namespace detail {
/// Whether the model's executor makes shards on the host, or asks a backend for passes.
template <class Model, class L>
inline constexpr bool in_shards = !std::is_same_v<ExecutorOf<Model, L>, MicroBatchExecutor<Model, L>>;
}  // namespace detail

/// An executor (train/executor.hpp) that works over ranks once it was told so by over(). Then all ranks call
/// gradient and evaluate at the same time, with the same model, set and indices, and have the same results.
/// predict is each rank's own: all images of the set. Adder: how gradients in passes are added (share.hpp).
template <class Model, loss::Loss L = loss::CrossEntropy, class Adder = AllReduceOnHost>
class RankExecutor {
  static_assert(
      !model::couples_images<Model>,
      "the images of a batch depend on each other here (batch normalisation): ranks cannot share it");
  static constexpr bool in_shards = detail::in_shards<Model, L>;
  static_assert(in_shards || queued<typename Model::Backend> == Adder::queued,
                "the gradient of a backend that works while the host goes on is added in its own order: take "
                "nwm::nccl::Trainer for GPUs, and nwm::mpi::Trainer for hosts");

 public:
  using Real = typename Model::Real;
  /// The part of a batch that a rank makes.
  using Share = std::conditional_t<in_shards, RankShards, RankPasses<Adder>>;
  /// What makes it.
  using Inner = ExecutorOf<Model, L, Share>;
  /// What is taken where nothing is said: the exact one where there is one.
  static constexpr Sum usual_sum = in_shards ? Sum::exact : Sum::fast;

  /// threads and shards are those of a rank's own executor; the shards are those of the whole batch.
  RankExecutor(std::size_t threads, std::size_t shards, const L& loss = {})
      : inner_(threads, shards, loss), loss_(loss) {}

  /// From here on all ranks work together. Throws Error where this sum is not to be had.
  void over(std::shared_ptr<const Communicator> ranks, Sum sum) {
    inner_.share().over(ranks, sum);
    ranks_ = std::move(ranks);
  }

  /// As PerImageExecutor::gradient, over all ranks; throws on all what one of them throws.
  double gradient(const Model& model, const data::Dataset& set, std::span<const std::size_t> indices,
                  std::span<Real, Model::parameter_count> gradient) {
    return inner_.gradient(model, set, indices, gradient);
  }
  /// Which images come next, as MicroBatchExecutor::expect.
  void expect(std::span<const std::size_t> indices) {
    if constexpr (requires { inner_.expect(indices); }) inner_.expect(indices);
  }

  /// As PerImageExecutor::predict, on this rank alone.
  template <class Visit>
  void predict(const Model& model, const data::Dataset& set, const Visit& visit) {
    inner_.predict(model, set, visit);
  }

  /// Metrics of each image, averaged in order: a rank measures the images of neighbouring passes, and all
  /// have the metrics of all. Where the loss's Metrics is not trivially copyable every rank measures all.
  typename L::Metrics evaluate(const Model& model, const data::Dataset& set) {
    using Metrics = typename L::Metrics;
    if constexpr (!std::is_trivially_copyable_v<Metrics>) return inner_.evaluate(model, set);
    else {
      if (!ranks_) return inner_.evaluate(model, set);
      require_judged<Model>(set, loss_);
      nwm::detail::require_cell(model);
      const auto all = static_cast<std::size_t>(ranks_->size());
      const std::size_t passes = (set.size() + Model::images - 1) / Model::images;
      const auto begin = [&](std::size_t r) {
        return std::min(r * passes / all * Model::images, set.size());
      };
      const std::size_t first = begin(static_cast<std::size_t>(ranks_->rank()));
      const std::size_t count = begin(static_cast<std::size_t>(ranks_->rank()) + 1) - first;
      std::vector<Metrics> mine(count), each(set.size());
      together(*ranks_, [&] {
        const data::Dataset& part = part_of(set, first, count);
        if constexpr (requires { inner_.measure(model, part, std::span(mine)); })
          if (inner_.measure(model, part, std::span(mine))) return;
        inner_.predict(model, part, [&](std::size_t i, std::span<const Real> scores) {
          nwm::detail::require_finite_scores(model, first + i, scores);
          mine[i] = loss_.measure(scores, loss_.target(set, first + i), Model::outputs);
        });
      });
      std::vector<std::size_t> bytes(all);
      for (std::size_t r = 0; r < all; ++r) bytes[r] = (begin(r + 1) - begin(r)) * sizeof(Metrics);
      ranks_->all_gather(std::as_bytes(std::span(mine)), std::as_writable_bytes(std::span(each)), bytes);
      return average(std::span<const Metrics>(each));
    }
  }

 private:
  /// Images of a set, copied once.
  const data::Dataset& part_of(const data::Dataset& set, std::size_t first, std::size_t count) {
    if (part_content_ != set.content()) part_ = set.part(first, count);
    part_content_ = set.content();
    return part_;
  }

  Inner inner_;
  L loss_;
  std::shared_ptr<const Communicator> ranks_;
  data::Dataset part_;
  std::uint64_t part_content_ = 0;
};

}  // namespace nwm::mpi

#include "nwm/pop_macros.inc"
