// Runs a model whose images depend on each other (batch normalisation): layer by layer over the whole batch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "nwm/data/dataset.hpp"
#include "nwm/error.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/train/captured_step.hpp"
#include "nwm/train/metrics.hpp"
#include "nwm/train/shards.hpp"
#include "nwm/train/staged_input.hpp"
#include "nwm/train/threads.hpp"

namespace nwm {

/// Who carries out the pieces of a layer: the passes of a batch over threads, with fixed shards where sums
/// are made. A pass is one image, or all of the batch on a backend that takes it so.
struct LayerExecutor {
  std::size_t threads, shard_count;
  std::vector<std::exception_ptr> errors;

  /// f(pass, thread), in any order.
  template <class F>
  void passes(std::size_t count, const F& f) {
    parallel_for(count, threads, errors, f);
  }
  /// f(pass, shard, thread): pass i belongs to shard i % shards, a shard's passes run in order on one
  /// thread.
  template <class F>
  void shards(std::size_t count, const F& f) {
    const std::size_t all = std::min(shard_count, count);
    parallel_for(all, threads, errors, [&](std::size_t shard, std::size_t thread) {
      for (std::size_t i = shard; i < count; i += all) f(i, shard, thread);
    });
  }
};

/// The interface of PerImageExecutor for models run as whole batches. Results do not depend on the number of
/// threads. Where Model::images is more than one, a batch is one pass of just so many images, spread over the
/// backend's own threads: `threads` and `shards` have no say then.
template <class Model>
class LayerSynchronousExecutor {
 public:
  using Real = typename Model::Real;
  using Backend = typename Model::Backend;

  LayerSynchronousExecutor(std::size_t threads, std::size_t shards)
      : layers_{one_pass ? 1 : std::min(thread_count(threads), std::max<std::size_t>(shards, 1)),
                one_pass ? 1 : shards,
                {}} {
    for (std::size_t i = 0; !one_pass && i < shards; ++i) gradients_.emplace_back(Model::parameter_count);
  }

  /// Sets `gradient` to that of the mean cross-entropy over all pixels of the images, and returns that mean.
  /// Moves the model's running statistics. Memory for the batch is allocated at the first call. Throws
  /// Error when the backend takes another number of images a pass.
  double gradient(Model& model, const data::Dataset& set, std::span<const std::size_t> indices,
                  std::span<Real, Model::parameter_count> gradient) {
    if (one_pass && indices.size() != images)
      throw Error("training on backend " + std::string(Backend::name), "images of a batch",
                  std::to_string(images) +
                      ", as many as the backend takes: normalisation needs the batch in one pass, so give "
                      "TrainerOptions::batch that number or the backend another",
                  std::to_string(indices.size()));
    const std::size_t count = indices.size() / images;
    reserve(count);
    layers_.passes(count, [&](std::size_t i, std::size_t) {
      const auto mine = indices.subspan(i * images, images);
      pictures(set, mine, batch_->image(i));
      targets(set, mine, targets_->data() + i * images * Model::sites);
    });
    const double scale = 1.0 / static_cast<double>(indices.size() * Model::sites);
    gradient_step_.run({model, gradient.data(), scale},
                       [&] { ask(model, count, static_cast<Real>(scale), gradient.data()); });
    Backend::download(count, static_cast<const double*>(losses_->data()), host_losses_.data());
    double loss = 0;
    for (std::size_t i = 0; i < count; ++i) loss += host_losses_[i];
    return loss * scale;
  }

  /// Calls visit(image, scores (classes, H, W)) for every image of `set` in evaluation mode. The last pass
  /// may have fewer images: its last fills it up.
  template <class Visit>
  void predict(const Model& model, const data::Dataset& set, const Visit& visit) {
    reserve(one_pass ? 1 : std::min<std::size_t>(set.size(), 16));
    std::vector<std::size_t> all(set.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    for (std::size_t start = 0; start < set.size(); start += batch_->capacity * images) {
      const auto chunk = std::span(std::as_const(all))
                             .subspan(start, std::min(batch_->capacity * images, set.size() - start));
      const std::size_t count = (chunk.size() + images - 1) / images;
      layers_.passes(count, [&](std::size_t i, std::size_t) {
        pictures(set, one_pass ? chunk : chunk.subspan(i, 1), batch_->image(i));
      });
      score_step_.run({model, nullptr, 0}, [&] { model.evaluate(layers_, *batch_, count); });
      const auto scores = [&](std::size_t i) { return std::as_const(*batch_).score(i); };
      if constexpr (one_pass) {
        Backend::download(stage_.scores.size(), scores(0).data(), stage_.scores.data());
        for (std::size_t k = 0; k < chunk.size(); ++k)
          visit(chunk[k],
                detail::scores_of<Model>(static_cast<const Real*>(stage_.scores.data()), k, stage_.one));
      } else {
        layers_.passes(count, [&](std::size_t i, std::size_t) { visit(chunk[i], scores(i)); });
      }
    }
  }

  /// Metrics of each image, averaged in order.
  Metrics evaluate(const Model& model, const data::Dataset& set) { return measure_all(*this, model, set); }

 private:
  static constexpr std::size_t images = Model::images;
  static constexpr bool one_pass = images > 1;
  template <class T>
  using Memory = typename Backend::template Memory<T>;
  static_assert(one_pass || std::is_same_v<Memory<Real>, Buffer<Real>>,
                "a backend with memory of its own takes the whole batch in one pass: give it the images");

  /// A pass of several images on its way between data sets and the backend's memory.
  struct Stage {
    Buffer<Real> picture{one_pass ? Model::image_size : 0};
    Buffer<Real> one{one_pass ? Model::score_size : 0};
    typename Backend::template Staging<Real> pictures{one_pass ? images * Model::image_size : 0};
    typename Backend::template Staging<Real> targets{one_pass ? images * Model::sites : 0};
    typename Backend::template Staging<Real> scores{one_pass ? images * Model::score_size : 0};
  };

  /// Sets a pass's pictures (channels, images, H, W) in the backend's memory to the images `wanted`, the last
  /// of them again where there are fewer.
  void pictures(const data::Dataset& set, std::span<const std::size_t> wanted, std::span<Real> to) {
    if constexpr (!one_pass) {
      set.picture(wanted[0], to);
    } else {
      detail::lay_out_pictures<Model>(set, wanted, stage_.picture, stage_.pictures.data());
      Backend::upload(to.size(), static_cast<const Real*>(stage_.pictures.data()), to.data());
    }
  }
  /// Sets a pass's targets (images, H, W) in the backend's memory.
  void targets(const data::Dataset& set, std::span<const std::size_t> wanted, Real* to) {
    Real* at = one_pass ? stage_.targets.data() : to;
    for (const std::size_t i : wanted)
      for (const std::uint8_t c : set.mask(i)) *at++ = static_cast<Real>(c);
    if constexpr (one_pass)
      Backend::upload(stage_.targets.size(), static_cast<const Real*>(stage_.targets.data()), to);
  }

  /// Sets `gradient` and the losses from the passes staged. Touches the backend's memory alone, the same
  /// places each time, and takes nothing back: what a device can record once and repeat.
  void ask(Model& model, std::size_t count, Real scale, Real* gradient) {
    const std::size_t shards = std::min(layers_.shard_count, count);
    for (std::size_t s = 0; s < shards; ++s)
      Backend::fill(Model::parameter_count, Real(0), shard_gradient(s, gradient));
    model.forward(layers_, *batch_, count, true);
    model.backward(
        layers_, *batch_, count, [&](std::size_t i) { return targets_->data() + i * images * Model::sites; },
        scale, losses_->data(), [&](std::size_t shard) { return shard_gradient(shard, gradient); });
    if constexpr (!one_pass)
      Backend::template map<Real>(Model::parameter_count,
                                  detail::SumOfShards<Real>{gradients_.data(), shards, gradient});
  }

  /// Where a shard's gradient is made: of one pass, in the whole gradient's place.
  Real* shard_gradient(std::size_t shard, Real* whole) {
    if constexpr (one_pass) return whole;
    else return gradients_[shard].data();
  }

  /// Memory for `count` passes.
  void reserve(std::size_t count) {
    if (batch_ && batch_->capacity >= count) return;
    batch_ = std::make_unique<typename Model::Batch>(count, layers_.threads);
    targets_ = std::make_unique<Memory<Real>>(count * images * Model::sites);
    losses_ = std::make_unique<Memory<double>>(count);
    host_losses_.resize(count);
    layers_.errors.resize(std::max(count, layers_.shard_count));
  }

  LayerExecutor layers_;
  std::vector<Buffer<Real>> gradients_;  // the shards', where there are several passes
  Stage stage_;
  CapturedStep<Model> gradient_step_, score_step_;
  std::unique_ptr<typename Model::Batch> batch_;
  std::unique_ptr<Memory<Real>> targets_;
  std::unique_ptr<Memory<double>> losses_;
  std::vector<double> host_losses_;
};

}  // namespace nwm
