// Runs a model whose images depend on each other (batch normalisation) on processors: layer by layer over the
// whole batch, its images over threads within each layer.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <numeric>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "nwm/loss/cross_entropy.hpp"
#include "nwm/loss/encoded_target.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/train/layer_executor.hpp"
#include "nwm/train/shards.hpp"
#include "nwm/train/targets.hpp"

namespace nwm {

/// The interface of PerImageExecutor for models with `couples_images`, one image a pass. Results do not
/// depend on the number of threads.
template <class Model, loss::Loss L = loss::CrossEntropy>
class LayerSynchronousExecutor {
 public:
  using Real = typename Model::Real;
  using Backend = typename Model::Backend;

  /// threads 0: all.
  LayerSynchronousExecutor(std::size_t threads, std::size_t shards, const L& loss = {})
      : loss_(loss),
        layers_{std::min(thread_count(threads), std::max<std::size_t>(shards, 1)),
                shards,
                {},
                has_crew<typename Model::Backend>} {}

  /// Sets `gradient` to that of the mean loss over the images `indices` of `set`, and returns that mean.
  /// Moves the model's running statistics. Memory for the batch is allocated at the first call.
  double gradient(Model& model, const data::Dataset& set, std::span<const std::size_t> indices,
                  std::span<Real, Model::parameter_count> gradient) {
    guard_.require_batch(set, loss_, indices);
    const std::size_t count = indices.size();
    const double scale = detail::mean_factor(loss_, set, indices);
    reserve(count);
    const std::size_t shards = std::min(layers_.shard_count, count);
    while (gradients_.size() < shards) gradients_.emplace_back(Model::parameter_count);
    for (std::size_t s = 0; s < shards; ++s) gradients_[s].fill(Real(0));
    layers_.passes(count, [&](std::size_t i, std::size_t) {
      set.picture(indices[i], batch_->image(i));
      Target::set_all(loss_, loss_.target(set, indices[i]), std::span<Real>(target(i), Target::size));
    });
    model.forward(layers_, *batch_, count, true);
    model.backward(
        loss_, layers_, *batch_, count, [&](std::size_t i) { return target(i); }, static_cast<Real>(scale),
        losses_.data(), [&](std::size_t shard) { return gradients_[shard].data(); });
    Backend::template map<Real>(Model::parameter_count,
                                detail::SumOfShards<Real>{gradients_.data(), shards, gradient.data()});
    double loss = 0;
    for (std::size_t i = 0; i < count; ++i) loss += losses_[i];
    return loss * scale;
  }

  /// Calls visit(image, scores (outputs, H, W)) for every image of `set` in evaluation mode, on any thread.
  template <class Visit>
  void predict(const Model& model, const data::Dataset& set, const Visit& visit) {
    require_pictures<Model>(set);
    reserve(std::min<std::size_t>(set.size(), 16));
    for (std::size_t start = 0; start < set.size(); start += batch_->capacity) {
      const std::size_t count = std::min(batch_->capacity, set.size() - start);
      layers_.passes(count, [&](std::size_t i, std::size_t) { set.picture(start + i, batch_->image(i)); });
      model.evaluate(layers_, *batch_, count);
      layers_.passes(count,
                     [&](std::size_t i, std::size_t) { visit(start + i, std::as_const(*batch_).score(i)); });
    }
  }

  /// Metrics of each image, averaged in order.
  typename L::Metrics evaluate(const Model& model, const data::Dataset& set) {
    return detail::measure_all(*this, model, set, loss_);
  }

 private:
  static_assert(Model::images == 1 && std::is_same_v<typename Backend::template Memory<Real>, Buffer<Real>>,
                "a backend with memory of its own takes the whole batch in one pass: give it the images");
  using Target = loss::TargetOf<L, Model>;

  Real* target(std::size_t i) { return targets_.data() + i * Target::size; }

  /// Memory for `count` images.
  void reserve(std::size_t count) {
    if (batch_ && batch_->capacity >= count) return;
    batch_ = std::make_unique<typename Model::Batch>(count, std::min(layers_.threads, count));
    targets_ = Buffer<Real>(count * Target::size);
    losses_ = Buffer<double>(count);
    layers_.errors.resize(count);
  }

  L loss_;
  detail::BatchGuard<Model, L> guard_;
  LayerExecutor layers_;
  std::vector<Buffer<Real>> gradients_;  // the shards'
  std::unique_ptr<typename Model::Batch> batch_;
  Buffer<Real> targets_;
  Buffer<double> losses_;
};

}  // namespace nwm

#include "nwm/pop_macros.inc"
