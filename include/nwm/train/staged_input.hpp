// The pictures and targets of one pass, in the host's memory, as a backend takes them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nwm/backend/host_memory.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/memory/buffer.hpp"

namespace nwm {

namespace detail {

/// Sets `to` (channels, images, H, W) to the pictures `indices` of `set`, the last of them again where there
/// are fewer than Model::images. `one`: room for a picture.
template <class Model, class Real>
void lay_out_pictures(const data::Dataset& set, std::span<const std::size_t> indices, Buffer<Real>& one,
                      Real* to) {
  constexpr std::size_t images = Model::images, sites = Model::sites;
  for (std::size_t i = 0; i < images; ++i) {
    if (i < indices.size()) set.picture(indices[i], one.span());
    HostMemory::copy_rows(Model::shape.image_channels, sites, static_cast<const Real*>(one.data()), sites,
                          to + i * sites, images * sites);
  }
}

/// The scores (classes, H, W) of image i of a pass (classes, images, H, W), copied to `one`.
template <class Model, class Real>
std::span<const Real, Model::score_size> scores_of(const Real* pass, std::size_t i, Buffer<Real>& one) {
  constexpr std::size_t images = Model::images, sites = Model::sites;
  HostMemory::copy_rows(Model::shape.classes, sites, pass + i * sites, images * sites, one.data(), sites);
  return std::span<const Real, Model::score_size>(one.data(), Model::score_size);
}

}  // namespace detail

/// Pictures (channels, images, H, W) and class numbers (images, H, W) of up to Model::images images.
template <class Model>
class Input {
 public:
  using Real = typename Model::Real;

  /// Sets them to the images `indices` of `set`, the last of them again where there are fewer: any other
  /// content might not be one on which the wave step is stable. Does nothing when they are there already.
  void stage(const data::Dataset& set, std::span<const std::size_t> indices) {
    if (&set == set_ && std::ranges::equal(indices, staged_)) return;
    set_ = nullptr;
    detail::lay_out_pictures<Model>(set, indices, picture_, pictures_.data());
    for (std::size_t i = 0; i < indices.size(); ++i)
      std::ranges::copy(set.mask(indices[i]),
                        target_.begin() + static_cast<std::ptrdiff_t>(i * Model::sites));
    Model::encode_target(std::span<const std::uint8_t>(target_).first(indices.size() * Model::sites),
                         std::span<Real>(numbered_.data(), numbered_.size()));
    staged_.assign(indices.begin(), indices.end());
    set_ = &set;
  }

  std::span<const Real, Model::images * Model::image_size> pictures() const {
    return std::span<const Real, images * Model::image_size>(pictures_.data(), pictures_.size());
  }
  /// Beyond the images staged: −1.
  std::span<const Real> encoded_target() const { return {numbered_.data(), numbered_.size()}; }

 private:
  static constexpr std::size_t images = Model::images;
  using Staging = typename Model::Backend::template Staging<Real>;

  Buffer<Real> picture_{Model::image_size};
  Staging pictures_{images * Model::image_size}, numbered_{images * Model::sites};
  std::vector<std::uint8_t> target_ = std::vector<std::uint8_t>(images * Model::sites);
  const data::Dataset* set_ = nullptr;
  std::vector<std::size_t> staged_;
};

}  // namespace nwm
