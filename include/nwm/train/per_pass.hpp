// Runs a model on a backend that takes several images in one pass.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "nwm/backend/host_memory.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/train/dataset.hpp"
#include "nwm/train/metrics.hpp"

namespace nwm {

/// The interface of PerImage for models whose Machine::images is more than one: a batch in passes of so many
/// images, one after the other, each spread over the backend's own threads. The last pass of a batch may have
/// fewer: what fills it up weighs nothing.
template <class Machine>
class PerPass {
 public:
  using Real = typename Machine::Real;
  using Backend = typename Machine::Backend;

  /// Threads and shards are those of other engines: here the backend has threads of its own, and gradients
  /// are added pass by pass.
  PerPass(std::size_t, std::size_t) {}

  /// Sets `gradient` to that of the mean cross-entropy over all pixels of the images `indices` of `set`, and
  /// returns that mean.
  double gradient(const Machine& machine, const data::Dataset& set, std::span<const std::size_t> indices,
                  std::span<Real, Machine::parameter_count> gradient) {
    Backend::fill(gradient.size(), Real(0), gradient.data());
    const double scale = 1.0 / static_cast<double>(indices.size() * Machine::sites);
    double loss = 0;
    for (std::size_t start = 0; start < indices.size(); start += images) {
      const std::size_t count = std::min(images, indices.size() - start);
      stage(set, indices.subspan(start, count));
      for (std::size_t i = 0; i < count; ++i)
        std::ranges::copy(set.mask(indices[start + i]),
                          targets_.begin() + static_cast<std::ptrdiff_t>(i * Machine::sites));
      loss += machine.add_gradient(pictures(),
                                   std::span<const std::uint8_t>(targets_).first(count * Machine::sites),
                                   static_cast<Real>(scale), gradient, *space_);
    }
    return loss * scale;
  }

  /// Calls visit(image, scores (classes, H, W)) for every image of `set`, in order.
  template <class Visit>
  void predict(const Machine& machine, const data::Dataset& set, const Visit& visit) {
    std::vector<std::size_t> chunk;
    for (std::size_t start = 0; start < set.size(); start += images) {
      chunk.clear();
      for (std::size_t i = start; i < std::min(start + images, set.size()); ++i) chunk.push_back(i);
      stage(set, chunk);
      machine.scores(pictures(),
                     std::span<Real, images * Machine::score_size>(scores_.data(), scores_.size()), *space_);
      for (std::size_t i = 0; i < chunk.size(); ++i) {
        HostMemory::copy_rows(Machine::shape.classes, Machine::sites,
                              static_cast<const Real*>(scores_.data() + i * Machine::sites),
                              images * Machine::sites, one_.data(), Machine::sites);
        visit(start + i, std::span<const Real, Machine::score_size>(one_.data(), Machine::score_size));
      }
    }
  }

  /// Metrics of each image, averaged in order.
  Metrics evaluate(const Machine& machine, const data::Dataset& set) {
    return measure_all(*this, machine, set);
  }

 private:
  static constexpr std::size_t images = Machine::images;

  /// Sets the pass's pictures (channels, images, H, W) to the images `indices`, the last of them again where
  /// there are fewer: any other content might not be one on which the wave step is stable.
  void stage(const data::Dataset& set, std::span<const std::size_t> indices) {
    for (std::size_t i = 0; i < images; ++i) {
      if (i < indices.size()) set.picture(indices[i], picture_.span());
      HostMemory::copy_rows(Machine::shape.image_channels, Machine::sites,
                            static_cast<const Real*>(picture_.data()), Machine::sites,
                            staged_.data() + i * Machine::sites, images * Machine::sites);
    }
  }
  std::span<const Real, images * Machine::image_size> pictures() const {
    return std::span<const Real, images * Machine::image_size>(staged_.data(), staged_.size());
  }

  std::unique_ptr<typename Machine::Workspace> space_ = std::make_unique<typename Machine::Workspace>();
  Buffer<Real> picture_{Machine::image_size}, staged_{images * Machine::image_size};
  Buffer<Real> scores_{images * Machine::score_size}, one_{Machine::score_size};
  std::vector<std::uint8_t> targets_ = std::vector<std::uint8_t>(images * Machine::sites);
};

}  // namespace nwm
