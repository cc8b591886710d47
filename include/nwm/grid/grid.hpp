// The lattice of neurons; its size is known at compile time.
#pragma once

#include <cstddef>
#include <type_traits>

#include "nwm/grid/boundary.hpp"

namespace nwm {

/// `height_` × `width_` sites with one boundary on all four edges. Fields over a grid are planar and
/// row-major: value (channel c, row y, column x) is at (c·height + y)·width + x.
template <std::size_t height_, std::size_t width_, Boundary Boundary_ = Periodic>
struct Grid {
  static_assert(height_ > 0 && width_ > 0, "a grid needs at least one row and one column");
  static_assert(checked_boundary<Boundary_, height_>() && checked_boundary<Boundary_, width_>());
  /// Rows, columns, and their product.
  static constexpr std::size_t height = height_, width = width_, sites = height_ * width_;
  using Boundary = Boundary_;
  /// The same sites with another boundary.
  template <nwm::Boundary Other>
  using with_boundary = Grid<height_, width_, Other>;
};

/// A grid of one image: what a Grid has.
template <class G>
concept Lattice = requires { typename G::Boundary; } && Boundary<typename G::Boundary> && requires {
  typename std::bool_constant<(G::height > 0 && G::width > 0 && G::sites == G::height * G::width)>;
} && (G::height > 0 && G::width > 0 && G::sites == G::height * G::width);

}  // namespace nwm
