// The transposed convolution that doubles a grid: each site becomes 2×2.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/kernels.hpp"
#include "nwm/backend/pass.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/grid/stencil.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/memory/tiles.hpp"

namespace nwm::layer {

namespace detail {

// Kernels at every number of (channels, 2, sites): maps over (all rows, sites of a row). Number (o, i, site)
// stands for the two neighbours in row i of the 2×2 numbers made from a site.

/// Indices of these two neighbours. `planes`: of the first in (channels, 2, 2, sites); the second is `sites`
/// behind. `doubled`: of the first in (channels, images, 2·height, 2·width); the second follows it.
template <std::size_t sites, std::size_t width>
struct Neighbours {
  std::size_t channel, planes, doubled;
  constexpr explicit Neighbours(std::size_t index)
      : channel(index / sites / 2),
        planes(index / sites * 2 * sites + index % sites),
        doubled(channel * 4 * sites + (index % sites / width * 2 + index / sites % 2) * 2 * width +
                index % width * 2) {}
};
/// out = spread + bias, copied from planes to the doubled grid.
template <std::size_t sites, std::size_t width, class Real>
struct Interleave {
  const Real *spread, *bias;
  Real* out;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const Neighbours<sites, width> at(lane.index);
    const Real shift = bias[at.channel];
    for (std::size_t k = 0; k < kernel::count_of(lane); ++k)
      for (std::size_t j = 0; j < 2; ++j)
        out[at.doubled + 2 * k + j] = spread[at.planes + k + j * sites] + shift;
  }
};
/// spread = gradient, copied from the doubled grid to planes.
template <std::size_t sites, std::size_t width, class Real>
struct Deinterleave {
  const Real* gradient;
  Real* spread;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const Neighbours<sites, width> at(lane.index);
    const Real* from = gradient + at.doubled;
    Real* to = spread + at.planes;
    for (std::size_t k = 0; k < kernel::count_of(lane); ++k) {
      to[k] = from[2 * k];
      to[k + sites] = from[2 * k + 1];
    }
  }
};

/// The end of a coupling to planes (channels·4, sites): stores its sums, plus the bias, in the doubled grid.
template <std::size_t sites, std::size_t width, class Real>
struct InterleaveSums {
  const Real* bias;
  Real* out;
  constexpr void operator()(std::size_t at, const std::array<Real, 1>& sum) const {
    const std::size_t channel = at / (4 * sites), i = at / (2 * sites) % 2, j = at / sites % 2,
                      site = at % sites;
    out[channel * 4 * sites + (site / width * 2 + i) * 2 * width + site % width * 2 + j] =
        sum[0] + bias[channel];
  }
};
/// The end of the adjoint of a coupling whose input has two parts, what has been there and what has risen:
/// sets their gradients, that of the second in planes.
template <std::size_t sites, std::size_t width, class Real>
struct SetBesidePlanes {
  Real *there, *planes;
  constexpr void operator()(std::size_t at, const std::array<Real, 2>& sum) const {
    there[at] = sum[0];
    const std::size_t row = at % (4 * sites) / (2 * width), column = at % (2 * width);
    const std::size_t plane = at / (4 * sites) * 4 + row % 2 * 2 + column % 2;
    planes[plane * sites + row / 2 * width + column / 2] = sum[1];
  }
};

}  // namespace detail

/// out(o, 2y+i, 2x+j) = bias(o) + Σ_c weight(c, o, i, j) in(c, y, x). Kernel and stride are 2, so the four
/// outputs of a site are a dense product of its channels. in: (in_, G::sites) over G, one image or a pass of
/// several. out: (out_, 4·G::sites) over the grid of twice the height and width. Parameters: weight (in, out,
/// 2, 2), bias (out).
template <std::size_t in_, std::size_t out_, class G>
struct TransposedConvolution {
  /// Of the input; numbers of the weight, and in all.
  static constexpr std::size_t sites = G::sites, weights = in_ * out_ * 4, parameters = weights + out_;

 private:
  /// On backends with sums beside: the way up is the adjoint of Fall, whose weight is (in, 4·out), too.
  /// Planes has the parameters' gradients, those of the bias before they are added up.
  using Fall = Stencil<4 * out_, in_, 1, Zero, false>;
  using Planes = Stencil<in_, 4 * out_, 1, Zero>;

 public:
  static constexpr std::size_t scratch = 4 * out_ * sites;  ///< numbers of scratch memory
  /// Numbers of the parts of the parameters' gradient on a backend with sums beside.
  template <class B>
  static constexpr std::size_t gradient_room = B::template scratch<Planes, G>;

  /// Appends "<name>.weight" and "<name>.bias", with fan_in as PyTorch counts it for a transposed
  /// convolution.
  template <class L>
  static constexpr void describe(L& layout, const Name& name) {
    layout.add(name + ".weight", {in_, out_, 2, 2}, out_ * 4);
    layout.add(name + ".bias", {out_}, out_ * 4);
  }

  /// Sets out. `spread` is work space of `scratch` numbers.
  template <class B, class Real>
  static void forward(const Real* parameters_, const Real* in, Real* out, Real* spread) {
    for_tiles<sites, tile_limit<B>>([&](auto n, std::size_t s) {
      B::template multiply_transposed<in_, 4 * out_, n>(parameters_, 4 * out_, in + s, sites, spread + s,
                                                        sites);
    });
    B::template map_rows<Real>(rows, G::width,
                               detail::Interleave<sites, G::width, Real>{spread, parameters_ + weights, out});
  }

  /// Adds to parameter_gradient and sets in_gradient. `spread` is work space of `scratch` numbers.
  template <class B, class Real>
  static void backward(const Real* parameters_, const Real* in, const Real* gradient, Real* in_gradient,
                       Real* parameter_gradient, Real* spread) {
    B::template map_rows<Real>(rows, G::width, detail::Deinterleave<sites, G::width, Real>{gradient, spread});
    B::add_row_sums(out_, 4 * sites, spread, 4 * sites, parameter_gradient + weights);
    for_tiles<sites, tile_limit<B>>([&](auto n, std::size_t s) {
      B::template multiply_outer<in_, 4 * out_, n>(in + s, sites, spread + s, sites, parameter_gradient,
                                                   4 * out_);
      B::template multiply<in_, 4 * out_, n>(parameters_, 4 * out_, spread + s, sites, in_gradient + s,
                                             sites);
    });
  }

  /// Both on a backend with sums beside (backend/pass.hpp), in one launch and in two. Sets out.
  template <class B, class Real>
  static void forward_beside(const Real* parameters_, const Real* in, Real* out) {
    B::run(B::template couple_back<Fall, G, 1>(
        parameters_, in, detail::InterleaveSums<sites, G::width, Real>{parameters_ + weights, out}));
  }
  /// The gradient comes in planes (out, 2, 2, sites). The gradient of the input goes to `terms`, and two sums
  /// of its channels to `sums` (couple_sums). Sets `partial`, gradient_room numbers.
  template <class B, class Real, class Terms>
  static void backward_beside(const Real* parameters_, const Real* in, const Real* gradient,
                              const Terms& terms, double* sums, std::size_t stride, Real* partial) {
    B::run_both(B::template couple_gradient<Planes, G>(std::array{in}, gradient, partial),
                B::template couple_sums<Fall, G>(parameters_, std::array{gradient}, terms, sums, stride));
  }
  /// What it left for join_gradients, of weight and bias, to be added to parameter_gradient.
  template <class B, class Real>
  static auto gradient_parts(const Real* partial, Real* parameter_gradient) {
    auto weight = B::template gradient_parts<Planes, G, 1>(partial, parameter_gradient), bias = weight;
    weight.count = static_cast<unsigned>(weights);
    weight.rows = static_cast<unsigned>(in_);
    weight.columns = static_cast<unsigned>(4 * out_);
    bias.partial += weights;
    bias.to += weights;
    bias.count = static_cast<unsigned>(out_);
    bias.together = 4;
    return std::array{weight, bias};
  }
  /// In how many parts backward_beside gives the sums.
  template <class B, class Real>
  static constexpr std::size_t sum_parts = B::template stencil_parts<Fall, G, Real>;

 private:
  static constexpr std::size_t rows = 2 * out_ * sites / G::width;
};

}  // namespace nwm::layer

#include "nwm/pop_macros.inc"
