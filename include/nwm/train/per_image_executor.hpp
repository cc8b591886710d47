// Runs a model whose images are independent of each other: images over threads, each through its whole
// forward and backward pass in its thread's work space; images that would leave threads idle, on all of them.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "nwm/backend/threads.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/error.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/train/shards.hpp"
#include "nwm/train/share_out.hpp"
#include "nwm/train/targets.hpp"

namespace nwm {

/// The gradient of a batch and the metrics of a data set. Partial gradients are made over a fixed number of
/// shards and added in a fixed order, so that results do not depend on the number of threads, to the bit.
template <class Model, loss::Loss L = loss::CrossEntropy, class Share = WholeBatch>
class PerImageExecutor {
 public:
  using Real = typename Model::Real;
  using Backend = typename Model::Backend;

  /// threads 0: all. The first call allocates a work space and a gradient for each thread or shard that has
  /// images.
  PerImageExecutor(std::size_t threads, std::size_t shards, const L& loss = {})
      : loss_(loss), threads_(thread_count(threads)), shards_(shards) {}

  /// Sets `gradient` to that of the mean loss over the images `indices` of `set`, and returns that mean.
  double gradient(const Model& model, const data::Dataset& set, std::span<const std::size_t> indices,
                  std::span<Real, Model::parameter_count> gradient) {
    guard_.require_batch(set, loss_, indices);
    static_assert(std::is_same_v<typename Backend::template Memory<Real>, Buffer<Real>>,
                  "a backend with memory of its own takes several images a pass: Cuda<64>, say");
    const std::size_t shards = std::min(shards_, indices.size());
    const double scale = detail::mean_factor(loss_, set, indices);
    const ShardRange mine = share_.shards(shards);
    share_.attempt([&] {
      provide(mine.count());
      losses_.assign(mine.count(), 0);
      while (gradients_.size() < mine.count()) gradients_.emplace_back(Model::parameter_count);
      share_out<Backend>(mine.count(), threads_, team_, errors_, [&](std::size_t part, std::size_t thread) {
        ThreadSpace& w = *workers_[thread];
        Buffer<Real>& partial = gradients_[part];
        Backend::fill(partial.size(), Real(0), partial.data());
        const std::span<Real, Model::parameter_count> flat(partial.data(), Model::parameter_count);
        for (std::size_t i = mine.first + part; i < indices.size(); i += shards) {
          set.picture(indices[i], w.image.span());
          losses_[part] += model.add_gradient(w.picture(), loss_.target(set, indices[i]),
                                              static_cast<Real>(scale), flat, w.space, loss_);
        }
      });
    });
    const auto made =
        std::span<const Buffer<Real>>(gradients_).first(std::min(mine.count(), gradients_.size()));
    return share_.template sum<Backend, Real>(made, losses_, gradient) * scale;
  }

  /// Calls visit(image, scores (outputs, H, W)) for every image of `set`, on any thread, in any order.
  template <class Visit>
  void predict(const Model& model, const data::Dataset& set, const Visit& visit) {
    require_pictures<Model>(set);
    provide(set.size());
    share_out<Backend>(set.size(), threads_, team_, errors_, [&](std::size_t i, std::size_t thread) {
      ThreadSpace& w = *workers_[thread];
      set.picture(i, w.image.span());
      model.scores(w.picture(), std::span<Real, Model::score_size>(w.scores.data(), Model::score_size),
                   w.space);
      visit(i, std::span<const Real, Model::score_size>(w.scores.data(), Model::score_size));
    });
  }

  /// Metrics of each image, averaged in order.
  typename L::Metrics evaluate(const Model& model, const data::Dataset& set) {
    return detail::measure_all(*this, model, set, loss_);
  }

  Share& share() { return share_; }

 private:
  struct ThreadSpace {
    typename Model::Workspace space{Model::template target_numbers<L>};
    Buffer<Real> image{Model::image_size}, scores{Model::score_size};
    std::span<const Real, Model::image_size> picture() const {
      return std::span<const Real, Model::image_size>(image.data(), Model::image_size);
    }
  };

  /// Makes work spaces and places for errors, for `parts` parts.
  void provide(std::size_t parts) {
    const std::size_t threads = std::max<std::size_t>(1, std::min(threads_, parts));
    while (workers_.size() < threads) workers_.push_back(std::make_unique<ThreadSpace>());
    if (errors_.size() < parts) errors_.resize(parts);
  }

  L loss_;
  [[no_unique_address]] Share share_;
  detail::BatchGuard<Model, L> guard_;
  std::size_t threads_, shards_;
  std::unique_ptr<Team> team_;  // shares images that are left over
  std::vector<std::unique_ptr<ThreadSpace>> workers_;
  std::vector<Buffer<Real>> gradients_;
  std::vector<std::exception_ptr> errors_;
  std::vector<double> losses_;
};

}  // namespace nwm

#include "nwm/pop_macros.inc"
