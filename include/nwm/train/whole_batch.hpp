// Runs a model whose images depend on each other (batch normalisation): layer by layer over the whole batch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <vector>

#include "nwm/memory/buffer.hpp"
#include "nwm/train/dataset.hpp"
#include "nwm/train/metrics.hpp"
#include "nwm/train/shards.hpp"
#include "nwm/train/threads.hpp"

namespace nwm {

/// Who carries out the pieces of a layer: images over threads, with fixed shards where sums are made.
struct Crew {
  std::size_t threads, shard_count;
  std::vector<std::exception_ptr> errors;

  /// f(image, thread), in any order.
  template <class F>
  void images(std::size_t count, const F& f) {
    parallel_for(count, threads, errors, f);
  }
  /// f(image, shard, thread): image i belongs to shard i % shards, a shard's images run in order on one
  /// thread.
  template <class F>
  void shards(std::size_t count, const F& f) {
    const std::size_t all = std::min(shard_count, count);
    parallel_for(all, threads, errors, [&](std::size_t shard, std::size_t thread) {
      for (std::size_t i = shard; i < count; i += all) f(i, shard, thread);
    });
  }
};

/// The interface of PerImage for models run as whole batches. Results do not depend on the number of threads.
template <class Machine>
class WholeBatch {
 public:
  using Real = typename Machine::Real;
  using Backend = typename Machine::Backend;

  WholeBatch(std::size_t threads, std::size_t shards)
      : crew_{std::min(thread_count(threads), std::max<std::size_t>(shards, 1)), shards, {}} {
    for (std::size_t i = 0; i < shards; ++i) gradients_.emplace_back(Machine::parameter_count);
  }

  /// Sets `gradient` to that of the mean cross-entropy over all pixels of the images, and returns that mean.
  /// Moves the machine's running statistics. Memory for the batch is allocated at the first call.
  double gradient(Machine& machine, const data::Dataset& set, std::span<const std::size_t> indices,
                  std::span<Real, Machine::parameter_count> gradient) {
    const std::size_t count = indices.size();
    reserve(count);
    crew_.images(count, [&](std::size_t i, std::size_t) {
      set.picture(indices[i], batch_->image(i));
      const auto mask = set.mask(indices[i]);
      for (std::size_t p = 0; p < Machine::sites; ++p)
        targets_[i * Machine::sites + p] = static_cast<Real>(mask[p]);
    });
    for (auto& g : gradients_) Backend::fill(g.size(), Real(0), g.data());
    const double scale = 1.0 / static_cast<double>(count * Machine::sites);
    machine.forward(crew_, *batch_, count, true);
    machine.backward(
        crew_, *batch_, count, [&](std::size_t i) { return targets_.data() + i * Machine::sites; },
        static_cast<Real>(scale), losses_, [&](std::size_t shard) { return gradients_[shard].data(); });
    const std::size_t shards = std::min(gradients_.size(), count);
    Backend::template map<Real>(Machine::parameter_count,
                                detail::SumOfShards<Real>{gradients_.data(), shards, gradient.data()});
    double loss = 0;
    for (std::size_t i = 0; i < count; ++i) loss += losses_[i];
    return loss * scale;
  }

  /// Calls visit(image, scores (classes, H, W)) for every image of `set` in evaluation mode.
  template <class Visit>
  void predict(const Machine& machine, const data::Dataset& set, const Visit& visit) {
    reserve(std::min<std::size_t>(set.size(), 16));
    Machine frozen = machine;
    for (std::size_t start = 0; start < set.size(); start += batch_->capacity) {
      const std::size_t count = std::min(batch_->capacity, set.size() - start);
      crew_.images(count, [&](std::size_t i, std::size_t) { set.picture(start + i, batch_->image(i)); });
      frozen.forward(crew_, *batch_, count, false);
      crew_.images(count, [&](std::size_t i, std::size_t) { visit(start + i, batch_->score(i)); });
    }
  }

  /// Metrics of each image, averaged in order.
  Metrics evaluate(const Machine& machine, const data::Dataset& set) {
    return measure_all(*this, machine, set);
  }

 private:
  void reserve(std::size_t count) {
    if (batch_ && batch_->capacity >= count) return;
    batch_ = std::make_unique<typename Machine::Batch>(count, crew_.threads);
    targets_ = Buffer<Real>(count * Machine::sites);
    losses_.resize(count);
    crew_.errors.resize(std::max(count, crew_.shard_count));
  }

  Crew crew_;
  std::vector<Buffer<Real>> gradients_;
  std::unique_ptr<typename Machine::Batch> batch_;
  Buffer<Real> targets_;
  std::vector<double> losses_;
};

}  // namespace nwm
