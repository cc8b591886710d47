// The pictures and targets of one pass, in the host's memory, as a backend takes them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nwm/backend/host_memory.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/loss/encoded_target.hpp"
#include "nwm/memory/buffer.hpp"

namespace nwm {

namespace detail {

/// Sets `to` (channels, images, H, W; where images stand abreast, (numbers of a picture, images)) to the
/// pictures `indices` of `set`, the last of them again where there are fewer than Model::images. `one`: room
/// for a picture.
template <class Model, class Real>
void lay_out_pictures(const data::Dataset& set, std::span<const std::size_t> indices, Buffer<Real>& one,
                      Real* to) {
  constexpr std::size_t images = Model::images, sites = Model::sites;
  for (std::size_t i = 0; i < images; ++i) {
    if (i < indices.size()) set.picture(indices[i], one.span());
    if constexpr (loss::abreast_of<Model>)
      for (std::size_t k = 0; k < Model::image_size; ++k) to[k * images + i] = one.data()[k];
    else
      HostMemory::copy_rows(Model::image_size / sites, sites, static_cast<const Real*>(one.data()), sites,
                            to + i * sites, images * sites);
  }
}

/// The scores (outputs, H, W) of image i of a pass (outputs, images, H, W), copied to `one`.
template <class Model, class Real>
std::span<const Real, Model::score_size> scores_of(const Real* pass, std::size_t i, Buffer<Real>& one) {
  constexpr std::size_t images = Model::images, sites = Model::sites;
  if constexpr (loss::abreast_of<Model>)
    for (std::size_t k = 0; k < Model::score_size; ++k) one.data()[k] = pass[k * images + i];
  else HostMemory::copy_rows(Model::outputs, sites, pass + i * sites, images * sites, one.data(), sites);
  return std::span<const Real, Model::score_size>(one.data(), Model::score_size);
}

}  // namespace detail

/// Pictures (channels, images, H, W) and encoded targets of loss L of up to Model::images images.
template <class Model, loss::Loss L>
class StagedInput {
 public:
  using Real = typename Model::Real;

  /// Sets them to the images `indices` of `set`, the last picture again where there are fewer: any other
  /// content might not be one on which the wave step is stable. Does nothing when they are there already.
  void stage(const L& loss, const data::Dataset& set, std::span<const std::size_t> indices) {
    stage_pictures(set, indices);
    if (has_targets_) return;
    const std::span<Real> to(target_.data(), target_.size());
    Target::clear(to);
    for (std::size_t i = 0; i < indices.size(); ++i) Target::set(loss, i, loss.target(set, indices[i]), to);
    has_targets_ = true;
  }
  /// The same for the pictures alone, of a set whose targets may be of any kind.
  void stage_pictures(const data::Dataset& set, std::span<const std::size_t> indices) {
    if (content_ != 0 && content_ == set.content() &&
        std::equal(indices.begin(), indices.end(), staged_.begin(), staged_.end()))
      return;
    content_ = 0;
    has_targets_ = false;
    detail::lay_out_pictures<Model>(set, indices, picture_, pictures_.data());
    staged_.assign(indices.begin(), indices.end());
    content_ = set.content();
  }

  std::span<const Real, Model::images * Model::image_size> pictures() const {
    return std::span<const Real, images * Model::image_size>(pictures_.data(), pictures_.size());
  }
  /// Images beyond those staged count nothing.
  std::span<const Real> encoded_target() const { return {target_.data(), target_.size()}; }

 private:
  static constexpr std::size_t images = Model::images;
  using Target = loss::TargetOf<L, Model>;
  using Staging = typename Model::Backend::template Staging<Real>;

  Buffer<Real> picture_{Model::image_size};
  Staging pictures_{images * Model::image_size}, target_{Target::size};
  std::uint64_t content_ = 0;  // of the set staged: an address would not tell two sets in turn apart
  bool has_targets_ = false;
  std::vector<std::size_t> staged_;
};

}  // namespace nwm
