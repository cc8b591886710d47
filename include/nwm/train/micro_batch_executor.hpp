// Runs a model on a backend that takes several images in one pass.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <numeric>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "nwm/backend/backend.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/loss/cross_entropy.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/model/model.hpp"
#include "nwm/train/captured_step.hpp"
#include "nwm/train/measured_passes.hpp"
#include "nwm/train/memory_budget.hpp"
#include "nwm/train/shards.hpp"
#include "nwm/train/staged_input.hpp"
#include "nwm/train/targets.hpp"

namespace nwm {

/// The interface of PerImageExecutor for models whose Model::images is more than one: a batch in passes of so
/// many images, one after the other, each spread over the backend's own threads. The last pass of a batch may
/// have fewer: what fills it up weighs nothing. Where the backend works while the host goes on, the input of
/// the next pass is made ready meanwhile, and what a pass asks for is recorded once and then asked for as
/// one.
template <class Model, loss::Loss L = loss::CrossEntropy, class Share = WholeBatch>
class MicroBatchExecutor {
 public:
  using Real = typename Model::Real;
  using Backend = typename Model::Backend;

  /// Threads and shards are those of other executors: here the backend has threads of its own, and gradients
  /// are added pass by pass. Throws Error when the backend has too little memory for a pass.
  MicroBatchExecutor(std::size_t, std::size_t, const L& loss = {}) : loss_(loss) {}

  /// Says which images the gradient after the next will be taken of, so that they can be made ready. The
  /// indices must stay until then; none: nothing is made ready.
  void expect(std::span<const std::size_t> indices) { expected_ = indices; }

  /// Sets `gradient` (memory of the backend) to that of the mean loss over the images `indices` of
  /// `set`, and returns that mean.
  double gradient(const Model& model, const data::Dataset& set, std::span<const std::size_t> indices,
                  std::span<Real, Model::parameter_count> gradient) {
    guard_.require_batch(set, loss_, indices);
    const Pass expected = share_.images(std::exchange(expected_, Pass{}));
    Backend::fill(gradient.size(), Real(0), gradient.data());
    const double scale = detail::mean_factor(loss_, set, indices);
    const Pass mine = share_.images(indices);
    double loss = 0;
    for (std::size_t start = 0; start < mine.size(); start += images)
      share_.attempt([&] {
        const StagedInput<Model, L>& input = staged(set, pass_of(mine, start));
        const bool last = start + images >= mine.size();
        model.set_input(input.pictures(), *space_);
        model.set_target(input.encoded_target(), *space_);
        gradient_steps_[last && shared].run({model, gradient.data(), scale}, [&] {
          model.ask_gradient(loss_, static_cast<Real>(scale), gradient.data(), *space_);
          if constexpr (shared)
            if (last) share_.ask_sum(std::span<Real>(gradient));
        });
        if constexpr (shared)
          if (last) share_.sum_is_asked();
        if constexpr (queued<Backend>) {
          turn_ = 1 - turn_;
          const auto next = last ? pass_of(expected, 0) : pass_of(mine, start + images);
          if (!next.empty()) staged(set, next);
        }
        loss += model.fetch_loss(*space_);
      });
    if constexpr (shared) loss = share_.sum(loss, std::span<Real>(gradient));
    return loss * scale;
  }

  /// Calls visit(image, scores (outputs, H, W)) for every image of `set`, in order.
  template <class Visit>
  void predict(const Model& model, const data::Dataset& set, const Visit& visit) {
    require_pictures<Model>(set);
    std::vector<std::size_t> all(set.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    for (std::size_t start = 0; start < all.size(); start += images) {
      const auto pass = pass_of(all, start);
      inputs_[turn_].stage_pictures(set, pass);
      model.set_input(inputs_[turn_].pictures(), *space_);
      score_step_.run({model, nullptr, 0}, [&] { model.ask_scores(*space_); });
      model.fetch_scores(std::span<Real, images * Model::score_size>(scores_.data(), scores_.size()),
                         *space_);
      for (std::size_t i = 0; i < pass.size(); ++i)
        visit(start + i, detail::scores_of<Model>(static_cast<const Real*>(scores_.data()), i, one_));
    }
  }

  /// Sets each[i] to the metrics of image i of a set that fits, measured by the backend, which is asked for
  /// all passes before the first is waited for. Returns false, and the metrics mean nothing, where predict
  /// throws Unstable or gives a score that is not finite.
  bool measure(const Model& model, const data::Dataset& set, std::span<typename L::Metrics> each)
  requires MeasuredThere<Model, L> && model::ScoresThere<Model>
  {
    return measured_.measure(
        loss_, set, inputs_,
        [&](const StagedInput<Model, L>& input) { model.set_input(input.pictures(), *space_); },
        [&] {
          score_step_.run({model, nullptr, 0}, [&] { model.ask_scores(*space_); });
          return std::pair(model.asked_scores(*space_), growth(model));
        },
        [&](Real growth) {
          if constexpr (requires { model.require_growth(growth); }) model.require_growth(growth);
        },
        each);
  }

  /// Metrics of each image, averaged in order.
  typename L::Metrics evaluate(const Model& model, const data::Dataset& set) {
    return detail::measure_all(*this, model, set, loss_);
  }

  Share& share() { return share_; }

 private:
  static constexpr std::size_t images = Model::images;
  // Other processes run the rest of a batch: all gradients are added as part of the last pass.
  static constexpr bool shared = !std::is_same_v<Share, WholeBatch>;
  using Pass = std::span<const std::size_t>;

  static Pass pass_of(Pass indices, std::size_t start) {
    return indices.subspan(start, std::min(images, indices.size() - start));
  }

  /// The input of the images `pass`, made ready ahead or now.
  const StagedInput<Model, L>& staged(const data::Dataset& set, Pass pass) {
    StagedInput<Model, L>& input = inputs_[turn_];
    input.stage(loss_, set, pass);
    return input;
  }

  /// Where the growth of a wave step of the pass asked for will stand, or null.
  const Real* growth(const Model& model) const {
    if constexpr (requires { model.growth(*space_); }) return model.growth(*space_);
    else return nullptr;
  }

  static auto make_space() {
    constexpr std::size_t target = Model::template target_numbers<L>;
    return with_memory<Model>(target, MeasuredPasses<Model, L>::bytes(),
                              [=] { return std::make_unique<typename Model::Workspace>(target); });
  }

  L loss_;
  [[no_unique_address]] Share share_;  // outlives the recordings below, which may have calls of it
  detail::BatchGuard<Model, L> guard_;
  std::unique_ptr<typename Model::Workspace> space_ = make_space();
  std::array<StagedInput<Model, L>, queued<Backend> ? 2 : 1> inputs_;
  std::size_t turn_ = 0;
  Pass expected_;
  std::array<CapturedStep<Model>, shared ? 2 : 1> gradient_steps_;
  CapturedStep<Model> score_step_;
  MeasuredPasses<Model, L> measured_;
  typename Backend::template Staging<Real> scores_{images * Model::score_size};
  Buffer<Real> one_{Model::score_size};
};

}  // namespace nwm

#include "nwm/pop_macros.inc"
