// Runs a model on a backend that takes several images in one pass.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "nwm/backend/backend.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/train/dataset.hpp"
#include "nwm/train/input.hpp"
#include "nwm/train/metrics.hpp"
#include "nwm/train/program.hpp"
#include "nwm/train/room.hpp"

namespace nwm {

/// The interface of PerImage for models whose Machine::images is more than one: a batch in passes of so many
/// images, one after the other, each spread over the backend's own threads. The last pass of a batch may have
/// fewer: what fills it up weighs nothing. Where the backend works while the host goes on, the input of the
/// next pass is made ready meanwhile, and what a pass asks for is recorded once and then asked for as one.
template <class Machine>
class PerPass {
 public:
  using Real = typename Machine::Real;
  using Backend = typename Machine::Backend;

  /// Threads and shards are those of other engines: here the backend has threads of its own, and gradients
  /// are added pass by pass. Throws Error when the backend has too little memory for a pass.
  PerPass(std::size_t, std::size_t) {}

  /// Says which images the gradient after the next will be taken of, so that they can be made ready. The
  /// indices must stay until then; none: nothing is made ready.
  void expect(std::span<const std::size_t> indices) { expected_ = indices; }

  /// Sets `gradient` (memory of the backend) to that of the mean cross-entropy over all pixels of the images
  /// `indices` of `set`, and returns that mean.
  double gradient(const Machine& machine, const data::Dataset& set, std::span<const std::size_t> indices,
                  std::span<Real, Machine::parameter_count> gradient) {
    const Pass expected = std::exchange(expected_, Pass{});
    Backend::fill(gradient.size(), Real(0), gradient.data());
    const double scale = 1.0 / static_cast<double>(indices.size() * Machine::sites);
    double loss = 0;
    for (std::size_t start = 0; start < indices.size(); start += images) {
      const Input<Machine>& input = staged(set, pass_of(indices, start));
      machine.load(input.pictures(), *space_);
      machine.take(input.numbered(), *space_);
      gradient_program_.run({machine, gradient.data(), scale}, [&] {
        machine.ask_gradient(static_cast<Real>(scale), gradient.data(), *space_);
      });
      if constexpr (queued<Backend>) {
        turn_ = 1 - turn_;
        const auto next =
            start + images < indices.size() ? pass_of(indices, start + images) : pass_of(expected, 0);
        if (!next.empty()) staged(set, next);
      }
      loss += machine.fetch_loss(*space_);
    }
    return loss * scale;
  }

  /// Calls visit(image, scores (classes, H, W)) for every image of `set`, in order.
  template <class Visit>
  void predict(const Machine& machine, const data::Dataset& set, const Visit& visit) {
    std::vector<std::size_t> all(set.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    for (std::size_t start = 0; start < all.size(); start += images) {
      const auto pass = pass_of(all, start);
      machine.load(staged(set, pass).pictures(), *space_);
      score_program_.run({machine, nullptr, 0}, [&] { machine.ask_scores(*space_); });
      machine.fetch_scores(std::span<Real, images * Machine::score_size>(scores_.data(), scores_.size()),
                           *space_);
      for (std::size_t i = 0; i < pass.size(); ++i)
        visit(start + i, detail::scores_of<Machine>(static_cast<const Real*>(scores_.data()), i, one_));
    }
  }

  /// Metrics of each image, averaged in order.
  Metrics evaluate(const Machine& machine, const data::Dataset& set) {
    return measure_all(*this, machine, set);
  }

 private:
  static constexpr std::size_t images = Machine::images;
  using Pass = std::span<const std::size_t>;

  static Pass pass_of(Pass indices, std::size_t start) {
    return indices.subspan(start, std::min(images, indices.size() - start));
  }

  /// The input of the images `pass`, made ready ahead or now.
  const Input<Machine>& staged(const data::Dataset& set, Pass pass) {
    Input<Machine>& input = inputs_[turn_];
    input.stage(set, pass);
    return input;
  }

  static auto make_space() {
    require_room<Machine>();
    return std::make_unique<typename Machine::Workspace>();
  }

  std::unique_ptr<typename Machine::Workspace> space_ = make_space();
  std::array<Input<Machine>, queued<Backend> ? 2 : 1> inputs_;
  std::size_t turn_ = 0;
  Pass expected_;
  Program<Machine> gradient_program_, score_program_;
  typename Backend::template Staging<Real> scores_{images * Machine::score_size};
  Buffer<Real> one_{Machine::score_size};
};

}  // namespace nwm
