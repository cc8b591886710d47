// Many images in one field, so that a device runs code written for one image on a whole batch.
#pragma once

#include <cstddef>

#include "nwm/grid/boundary.hpp"

namespace nwm {

/// `images_` fields over G side by side: value (channel c, image i, row y, column x) is at
///   ((c·images + i)·height + y)·width + x.
/// `sites` counts the sites of all images, while `height` and `width` are one
/// image's. Each image has its own edges, which only stencils see.
template <class G, std::size_t images_>
struct Batched {
  static_assert(images_ > 0, "a batch has at least one image");
  /// How many, and the sizes of one.
  static constexpr std::size_t images = images_, height = G::height, width = G::width;
  static constexpr std::size_t sites = images * G::sites;  ///< of all images
  using Boundary = typename G::Boundary;
  template <nwm::Boundary Other>
  using with_boundary = Batched<typename G::template with_boundary<Other>, images_>;
};

/// Number of images on a grid: 1 unless the grid is Batched.
template <class G>
inline constexpr std::size_t images_of = G::sites / (G::height * G::width);

}  // namespace nwm
