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
/// The larger of two numbers; the first where neither is larger.
template <class Real>
constexpr Real larger(Real first, Real second) {
  return second > first ? second : first;
}
/// How the gradient `all` of the maximum of 2×2 numbers is shared among them: to the largest; the first of
/// equal ones.
template <class Real>
constexpr std::array<Real, 4> pool_shares(Real a, Real b, Real c, Real d, Real all) {
  const Real ab = larger(a, b), abc = larger(ab, c);
  // What goes to the last, to the third and to the second, each time of what is left.
  const Real to_d = d > abc ? all : Real(0), of_abc = d > abc ? Real(0) : all;
  const Real to_c = c > ab ? of_abc : Real(0), of_ab = c > ab ? Real(0) : of_abc;
  const Real to_b = b > a ? of_ab : Real(0), to_a = b > a ? Real(0) : of_ab;
  return {to_a, to_b, to_c, to_d};
}
// Both kernels go without branches, which images would mispredict half of the time, and in a form that
// compilers make packs of.
/// out = max of 2×2 numbers of in.
template <std::size_t width, class Real>
struct Pool {
  const Real* in;
  Real* out;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const Real *top = in + corner_above<width>(lane.index), *bottom = top + width;
    Real* const to = out + lane.index;
    for (std::size_t k = 0; k < kernel::count_of(lane); ++k)
      to[k] = larger(larger(larger(top[2 * k], top[2 * k + 1]), bottom[2 * k]), bottom[2 * k + 1]);
  }
};
/// in_gradient += gradient, at the largest of each 2×2 numbers; the first of equal ones.
template <std::size_t width, class Real>
struct PoolAdjoint {
  const Real *in, *gradient;
  Real* in_gradient;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const std::size_t corner = corner_above<width>(lane.index);
    const Real *top = in + corner, *bottom = top + width, *from = gradient + lane.index;
    Real *const to_top = in_gradient + corner, *const to_bottom = to_top + width;
    for (std::size_t k = 0; k < kernel::count_of(lane); ++k) {
      const auto share = pool_shares(top[2 * k], top[2 * k + 1], bottom[2 * k], bottom[2 * k + 1], from[k]);
      const Real now_a = to_top[2 * k] + share[0], now_b = to_top[2 * k + 1] + share[1];
      const Real now_c = to_bottom[2 * k] + share[2], now_d = to_bottom[2 * k + 1] + share[3];
      to_top[2 * k] = now_a;
      to_top[2 * k + 1] = now_b;
      to_bottom[2 * k] = now_c;
      to_bottom[2 * k + 1] = now_d;
    }
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
