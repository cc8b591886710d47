// Runs a model whose images depend on each other (batch normalisation) on a backend that takes the whole
// batch in one pass.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/backend/backend.hpp"
#include "nwm/error.hpp"
#include "nwm/loss/cross_entropy.hpp"
#include "nwm/loss/encoded_target.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/train/captured_step.hpp"
#include "nwm/train/layer_executor.hpp"
#include "nwm/train/measured_passes.hpp"
#include "nwm/train/staged_input.hpp"
#include "nwm/train/targets.hpp"

namespace nwm {

/// The interface of PerImageExecutor for models with `couples_images` whose Model::images is more than one: a
/// batch is one pass of just so many images, spread over the backend's own threads. Threads and shards have
/// no say.
template <class Model, loss::Loss L = loss::CrossEntropy>
class OnePassExecutor {
 public:
  using Real = typename Model::Real;
  using Backend = typename Model::Backend;

  OnePassExecutor(std::size_t, std::size_t, const L& loss = {}) : loss_(loss) { layers_.errors.resize(1); }

  /// Sets `gradient` (memory of the backend) to that of the mean loss over the images `indices` of `set`, and
  /// returns that mean. Moves the model's running statistics. Memory for the batch is allocated at the first
  /// call. Throws Error when the backend takes another number of images a pass.
  double gradient(Model& model, const data::Dataset& set, std::span<const std::size_t> indices,
                  std::span<Real, Model::parameter_count> gradient) {
    guard_.require_batch(set, loss_, indices);
    if (indices.size() != images)
      throw Error("training on backend " + std::string(Backend::name), "images of a batch",
                  std::to_string(images) +
                      ", as many as the backend takes: normalisation needs the batch in one pass, so give "
                      "TrainerOptions::batch that number or the backend another",
                  std::to_string(indices.size()));
    reserve();
    StagedInput<Model, L>& input = inputs_[0];
    input.stage(loss_, set, indices);
    upload_pictures(input);
    Backend::upload(Target::size, input.encoded_target().data(), target_->data());
    const double scale = detail::mean_factor(loss_, set, indices);
    gradient_step_.run({model, gradient.data(), scale}, [&] {
      Backend::fill(Model::parameter_count, Real(0), gradient.data());
      model.forward(layers_, *batch_, 1, true);
      model.backward(
          loss_, layers_, *batch_, 1, [&](std::size_t) { return target_->data(); }, static_cast<Real>(scale),
          losses_->data(), [&](std::size_t) { return gradient.data(); });
    });
    double loss = 0;
    Backend::download(1, static_cast<const double*>(losses_->data()), &loss);
    return loss * scale;
  }

  /// Calls visit(image, scores (outputs, H, W)) for every image of `set` in evaluation mode, in order. The
  /// last pass may have fewer images: its last fills it up.
  template <class Visit>
  void predict(const Model& model, const data::Dataset& set, const Visit& visit) {
    require_pictures<Model>(set);
    reserve();
    std::vector<std::size_t> all(set.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    for (std::size_t start = 0; start < set.size(); start += images) {
      const auto pass =
          std::span<const std::size_t>(all).subspan(start, std::min(images, set.size() - start));
      inputs_[0].stage_pictures(set, pass);
      upload_pictures(inputs_[0]);
      score_step_.run({model, nullptr, 0}, [&] { model.evaluate(layers_, *batch_, 1); });
      Backend::download(scores_.size(), static_cast<const typename Model::Batch&>(*batch_).score(0).data(),
                        scores_.data());
      for (std::size_t k = 0; k < pass.size(); ++k)
        visit(pass[k], detail::scores_of<Model>(static_cast<const Real*>(scores_.data()), k, one_));
    }
  }

  /// As MicroBatchExecutor::measure.
  bool measure(const Model& model, const data::Dataset& set, std::span<typename L::Metrics> each)
  requires MeasuredThere<Model, L>
  {
    reserve();
    return measured_.measure(
        loss_, set, inputs_, [&](const StagedInput<Model, L>& input) { upload_pictures(input); },
        [&] {
          score_step_.run({model, nullptr, 0}, [&] { model.evaluate(layers_, *batch_, 1); });
          return std::pair(std::as_const(*batch_).score(0).data(), static_cast<const Real*>(nullptr));
        },
        [](Real) {}, each);
  }

  /// Metrics of each image, averaged in order.
  typename L::Metrics evaluate(const Model& model, const data::Dataset& set) {
    return detail::measure_all(*this, model, set, loss_);
  }

 private:
  static constexpr std::size_t images = Model::images;
  static_assert(images > 1);
  using Target = loss::TargetOf<L, Model>;
  template <class T>
  using Memory = typename Backend::template Memory<T>;

  /// Brings the pictures staged into the backend's memory.
  void upload_pictures(const StagedInput<Model, L>& input) {
    const std::span<Real> to = batch_->image(0);
    Backend::upload(to.size(), input.pictures().data(), to.data());
  }
  void reserve() {
    if (batch_) return;
    batch_ = std::make_unique<typename Model::Batch>(1, 1);
    target_ = std::make_unique<Memory<Real>>(Target::size);
    losses_ = std::make_unique<Memory<double>>(1);
  }

  L loss_;
  detail::BatchGuard<Model, L> guard_;
  LayerExecutor layers_{1, 1, {}};
  std::array<StagedInput<Model, L>, queued<Backend> ? 2 : 1> inputs_;
  CapturedStep<Model> gradient_step_, score_step_;
  MeasuredPasses<Model, L> measured_;
  std::unique_ptr<typename Model::Batch> batch_;
  std::unique_ptr<Memory<Real>> target_;
  std::unique_ptr<Memory<double>> losses_;
  typename Backend::template Staging<Real> scores_{images * Model::score_size};
  Buffer<Real> one_{Model::score_size};
};

}  // namespace nwm

#include "nwm/pop_macros.inc"
