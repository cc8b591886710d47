// The transposed convolution that doubles a grid: each site becomes 2×2.
#pragma once

#include <cstddef>

#include "nwm/backend/kernels.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/memory/tiles.hpp"

namespace nwm::layer {

/// out(o, 2y+i, 2x+j) = bias(o) + Σ_c weight(c, o, i, j) in(c, y, x): kernel 2, stride 2, so the four outputs
/// of a site are a dense product of its channels. in (in_, height, width), out (out_, 2·height, 2·width).
/// Parameters: weight (in, out, 2, 2), bias (out).
template <std::size_t in_, std::size_t out_, std::size_t height, std::size_t width>
struct TransposedConvolution {
  static constexpr std::size_t sites = height * width, weights = in_ * out_ * 4, parameters = weights + out_;
  static constexpr std::size_t scratch = 4 * out_ * sites;

  /// Appends "<name>.weight" and "<name>.bias"; fan_in as PyTorch counts it for a transposed convolution.
  template <class L>
  static constexpr void describe(L& layout, const Name& name) {
    layout.add(name + ".weight", {in_, out_, 2, 2}, out_ * 4);
    layout.add(name + ".bias", {out_}, out_ * 4);
  }

  /// Sets out. spread holds `scratch` numbers.
  template <class B, class Real>
  static void forward(const Real* parameters_, const Real* in, Real* out, Real* spread) {
    for_tiles<sites, tile>([&](auto n, std::size_t s) {
      B::template multiply_transposed<in_, 4 * out_, n>(parameters_, 4 * out_, in + s, sites, spread + s,
                                                        sites);
    });
    visit([&](std::size_t o, std::size_t spread_at, std::size_t out_at) {
      out[out_at] = spread[spread_at] + parameters_[weights + o];
    });
  }

  /// Adds to parameter_gradient and sets in_gradient.
  template <class B, class Real>
  static void backward(const Real* parameters_, const Real* in, const Real* gradient, Real* in_gradient,
                       Real* parameter_gradient, Real* spread) {
    visit([&](std::size_t, std::size_t spread_at, std::size_t out_at) {
      spread[spread_at] = gradient[out_at];
    });
    for (std::size_t o = 0; o < out_; ++o) {
      const Real* planes = spread + 4 * o * sites;
      parameter_gradient[weights + o] +=
          static_cast<Real>(B::template sum<Real>(4 * sites, kernel::Read<Real>{planes}));
    }
    for_tiles<sites, tile>([&](auto n, std::size_t s) {
      B::template multiply_outer<in_, 4 * out_, n>(in + s, sites, spread + s, sites, parameter_gradient,
                                                   4 * out_);
      B::template multiply<in_, 4 * out_, n>(parameters_, 4 * out_, spread + s, sites, in_gradient + s,
                                             sites);
    });
  }

 private:
  static constexpr std::size_t tile = 256;

  /// visit(channel, position in spread (out, 2, 2, height, width), position in out).
  template <class F>
  static void visit(const F& f) {
    for (std::size_t o = 0; o < out_; ++o)
      for (std::size_t k = 0; k < 4; ++k)
        for (std::size_t y = 0; y < height; ++y)
          for (std::size_t x = 0; x < width; ++x)
            f(o, ((o * 4 + k) * height + y) * width + x,
              (o * 2 * height + 2 * y + k / 2) * 2 * width + 2 * x + k % 2);
  }
};

}  // namespace nwm::layer
