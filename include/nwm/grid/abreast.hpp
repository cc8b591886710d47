// Several images on one grid, side by side at every site: how sequences are run.
#pragma once

#include <cstddef>

#include "nwm/grid/boundary.hpp"
#include "nwm/grid/grid.hpp"

namespace nwm {

/// `lanes_` images on the grid G: value (channel c, row y, column x, image i) is at
/// ((c·height + y)·width + x)·lanes + i. A channel, or a site, of all images is contiguous, so that what
/// couples them is a product of matrices, and neighbours of any boundary are found without a halo.
template <class G, std::size_t lanes_>
struct Abreast {
  static_assert(lanes_ > 0, "at least one image stands on a grid");
  /// The grid of one image.
  using ImageGrid = G;
  /// Of one image, and how many stand side by side.
  static constexpr std::size_t height = G::height, width = G::width, lanes = lanes_;
  static constexpr std::size_t sites = G::sites * lanes_;  ///< of all images
  using Boundary = typename G::Boundary;
  template <nwm::Boundary Other>
  using with_boundary = Abreast<typename G::template with_boundary<Other>, lanes_>;
};

/// Whether G is such a grid.
template <class G>
concept AbreastGrid = requires { G::lanes; };

/// A grid of one image, or of several side by side.
template <class G>
concept CellGrid = Lattice<G> || AbreastGrid<G>;

/// Images side by side at a site: 1 on other grids.
template <class G>
inline constexpr std::size_t lanes_of = 1;
/// Images side by side at a site.
template <AbreastGrid G>
inline constexpr std::size_t lanes_of<G> = G::lanes;

}  // namespace nwm
