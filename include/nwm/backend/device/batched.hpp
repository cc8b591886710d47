// Many images in one field: what lets a device take a batch through text written for one image.
#pragma once

#include <cstddef>

#include "nwm/grid/boundary.hpp"

namespace nwm::device {

/// `images_` fields over G side by side: value (channel c, image i, row y, column x) stands at
/// ((c·images + i)·height + y)·width + x. `sites` counts those of all images, `height` and `width` are those
/// of one, and its edges are each image's own: only stencils see them.
template <class G, std::size_t images_>
struct Batched {
  static_assert(images_ > 0, "a batch has at least one image");
  static constexpr std::size_t images = images_, height = G::height, width = G::width;
  static constexpr std::size_t sites = images * G::sites;
  using Boundary = typename G::Boundary;
  template <nwm::Boundary Other>
  using with_boundary = Batched<typename G::template with_boundary<Other>, images_>;
};

/// Images of a grid: one, unless it is Batched.
template <class G>
inline constexpr std::size_t images_of = G::sites / (G::height * G::width);

}  // namespace nwm::device
