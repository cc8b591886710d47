// Maximum over 2×2 sites; halves the grid.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/backend/kernels.hpp"

namespace nwm::layer {

namespace detail {

// Kernels at every site of the halved grid: maps over (rows of all channels and images, sites of a row).
// `width` is the width before halving.

/// Index of the first of the 2×2 numbers that are pooled into `site`.
template <std::size_t width>
constexpr std::size_t corner_above(std::size_t site) {
  return site / (width / 2) * 2 * width + site % (width / 2) * 2;
}
/// Index of the largest of the 2×2 numbers that begin at `corner`; the first of equal ones.
template <std::size_t width, class Real>
constexpr std::size_t largest(const Real* in, std::size_t corner) {
  std::size_t best = corner;
  for (const std::size_t other : std::array{corner + 1, corner + width, corner + width + 1})
    if (in[other] > in[best]) best = other;
  return best;
}
/// out = max of 2×2 numbers of in.
template <std::size_t width, class Real>
struct Pool {
  const Real* in;
  Real* out;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const std::size_t corner = corner_above<width>(lane.index);
    for (std::size_t k = 0; k < kernel::count_of(lane); ++k)
      out[lane.index + k] = in[largest<width>(in, corner + 2 * k)];
  }
};
/// in_gradient += gradient, at the largest of each 2×2 numbers.
template <std::size_t width, class Real>
struct PoolAdjoint {
  const Real *in, *gradient;
  Real* in_gradient;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const std::size_t corner = corner_above<width>(lane.index);
    for (std::size_t k = 0; k < kernel::count_of(lane); ++k)
      in_gradient[largest<width>(in, corner + 2 * k)] += gradient[lane.index + k];
  }
};

}  // namespace detail

/// out(c, y, x) = max of in(c, 2y..2y+1, 2x..2x+1). `in` is over G (one image, or a pass of several), whose
/// height and width must be even. The gradient goes to the first of equal maxima, row by row, as in PyTorch.
template <std::size_t channels, class G>
struct MaxPool {
  static_assert(G::height % 2 == 0 && G::width % 2 == 0, "MaxPool: height and width must be even");
  static constexpr std::size_t row = G::width / 2, rows = channels * G::sites / 4 / row;  ///< of out

  /// Sets out (channels, G::sites / 4) from in (channels, G::sites).
  template <class B, class Real>
  static void forward(const Real* in, Real* out) {
    B::template map_rows<Real>(rows, row, detail::Pool<G::width, Real>{in, out});
  }

  /// Adds to in_gradient (channels, G::sites).
  template <class B, class Real>
  static void backward(const Real* in, const Real* gradient, Real* in_gradient) {
    B::template map_rows<Real>(rows, row, detail::PoolAdjoint<G::width, Real>{in, gradient, in_gradient});
  }
};

}  // namespace nwm::layer
