// The linear, local coupling of channels over a grid. Convolutions, wave couplings and 1×1 maps are all
// stencils.
#pragma once

#include <cstddef>

#include "nwm/grid/boundary.hpp"
#include "nwm/memory/layout.hpp"

namespace nwm {

/// out(o, p) = bias(o) + Σ_i Σ_k weight(o, i, k) · in(i, p + k): maps `in_` channels to `out_` channels with
/// `size_` × `size_` taps (1 or 3) centred on the site; a cross-correlation, as in PyTorch. Parameters:
/// weight (out, in, size, size), row-major, then bias (out) if there is one.
template <std::size_t in_, std::size_t out_, std::size_t size_, Boundary Boundary_, bool bias_ = true>
struct Stencil {
  static_assert(size_ == 1 || size_ == 3, "a stencil is 1×1 or 3×3");
  /// Channels read and given, taps a side and in all.
  static constexpr std::size_t in = in_, out = out_, size = size_, taps = size_ * size_;
  static constexpr bool bias = bias_;  ///< whether there is one
  using Boundary = Boundary_;
  static constexpr std::size_t weights = out * in * taps;                ///< numbers of the weight
  static constexpr std::size_t parameters = weights + (bias ? out : 0);  ///< numbers in all

  /// Appends the parameters "<name>.weight" and "<name>.bias". With `dense`, a 1×1 stencil is a dense layer
  /// at every site: its weight has the two dimensions (out, in), as in the study's checkpoints.
  template <class L>
  static constexpr void describe(L& layout, const Name& name, Initial initial = Initial::uniform,
                                 bool dense = false, bool trained = true) {
    if (dense) layout.add(name + ".weight", {out, in}, in, initial, trained);
    else layout.add(name + ".weight", {out, in, size, size}, in * taps, initial, trained);
    if (bias) layout.add(name + ".bias", {out}, in * taps, Initial::uniform, trained);
  }
};

}  // namespace nwm
