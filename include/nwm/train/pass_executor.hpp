// Runs a model that takes several images in one pass on a processor: passes over threads.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <numeric>
#include <span>
#include <vector>

#include "nwm/backend/threads.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/loss/cross_entropy.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/train/shards.hpp"
#include "nwm/train/staged_input.hpp"
#include "nwm/train/targets.hpp"

namespace nwm {

/// The interface of PerImageExecutor for models whose Model::images is more than one, on a backend without
/// threads of its own. The last pass of a batch may have fewer images: what fills it up weighs nothing.
/// Partial gradients are made over a fixed number of shards and added in a fixed order, so that results do
/// not depend on the number of threads, to the bit.
template <class Model, loss::Loss L = loss::CrossEntropy, class Share = WholeBatch>
class PassExecutor {
 public:
  using Real = typename Model::Real;
  using Backend = typename Model::Backend;

  /// threads 0: all. Allocates a work space and a gradient for each thread or shard that has passes to do.
  PassExecutor(std::size_t threads, std::size_t shards, const L& loss = {})
      : loss_(loss), threads_(std::min(thread_count(threads), shards)), shards_(shards) {}

  /// Sets `gradient` to that of the mean loss over the images `indices` of `set`, and returns that mean.
  double gradient(const Model& model, const data::Dataset& set, std::span<const std::size_t> indices,
                  std::span<Real, Model::parameter_count> gradient) {
    const std::size_t passes = passes_of(indices.size()), shards = std::min(shards_, passes);
    const double scale = detail::mean_factor(loss_, set, indices);
    const ShardRange mine = share_.shards(shards);
    share_.attempt([&] {
      const std::size_t threads = provide(mine.count());
      losses_.assign(mine.count(), 0);
      while (gradients_.size() < mine.count()) gradients_.emplace_back(Model::parameter_count);
      parallel_for(mine.count(), threads, errors_, [&](std::size_t part, std::size_t thread) {
        ThreadSpace& w = *workers_[thread];
        Buffer<Real>& partial = gradients_[part];
        Backend::fill(partial.size(), Real(0), partial.data());
        for (std::size_t p = mine.first + part; p < passes; p += shards) {
          w.input.stage(loss_, set, pass(indices, p));
          model.set_input(w.input.pictures(), w.space);
          model.set_target(w.input.encoded_target(), w.space);
          model.ask_gradient(loss_, static_cast<Real>(scale), partial.data(), w.space);
          losses_[part] += model.fetch_loss(w.space);
        }
      });
    });
    const auto made =
        std::span<const Buffer<Real>>(gradients_).first(std::min(mine.count(), gradients_.size()));
    return share_.template sum<Backend, Real>(made, losses_, gradient) * scale;
  }

  /// Calls visit(image, scores) for every image of `set`, on any thread, in any order.
  template <class Visit>
  void predict(const Model& model, const data::Dataset& set, const Visit& visit) {
    std::vector<std::size_t> all(set.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    const std::size_t passes = passes_of(all.size());
    const std::size_t threads = provide(passes);
    parallel_for(passes, threads, errors_, [&](std::size_t p, std::size_t thread) {
      ThreadSpace& w = *workers_[thread];
      const auto some = pass(all, p);
      w.input.stage_pictures(set, some);
      model.set_input(w.input.pictures(), w.space);
      model.ask_scores(w.space);
      model.fetch_scores(std::span<Real, images * Model::score_size>(w.scores.data(), w.scores.size()),
                         w.space);
      for (std::size_t i = 0; i < some.size(); ++i)
        visit(p * images + i, detail::scores_of<Model>(static_cast<const Real*>(w.scores.data()), i, w.one));
    });
  }

  /// Metrics of each image, averaged in order.
  typename L::Metrics evaluate(const Model& model, const data::Dataset& set) {
    return detail::measure_all(*this, model, set, loss_);
  }

  Share& share() { return share_; }

 private:
  static constexpr std::size_t images = Model::images;

  struct ThreadSpace {
    typename Model::Workspace space{Model::template target_numbers<L>};
    StagedInput<Model, L> input;
    Buffer<Real> scores{images * Model::score_size}, one{Model::score_size};
  };

  static std::size_t passes_of(std::size_t count) { return (count + images - 1) / images; }
  static std::span<const std::size_t> pass(std::span<const std::size_t> indices, std::size_t p) {
    return indices.subspan(p * images, std::min(images, indices.size() - p * images));
  }
  /// Makes work spaces and places for errors; returns the threads that share `parts` parts.
  std::size_t provide(std::size_t parts) {
    const std::size_t threads = std::max<std::size_t>(1, std::min(threads_, parts));
    while (workers_.size() < threads) workers_.push_back(std::make_unique<ThreadSpace>());
    if (errors_.size() < parts) errors_.resize(parts);
    return threads;
  }

  L loss_;
  [[no_unique_address]] Share share_;
  std::size_t threads_, shards_;
  std::vector<std::unique_ptr<ThreadSpace>> workers_;
  std::vector<Buffer<Real>> gradients_;
  std::vector<std::exception_ptr> errors_;
  std::vector<double> losses_;
};

}  // namespace nwm

#include "nwm/pop_macros.inc"
