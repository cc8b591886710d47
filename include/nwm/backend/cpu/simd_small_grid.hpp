// Stencils on grids narrower than a vector register, as dense products: packs along a row would be half
// empty.
#pragma once

#include <cstddef>
#include <cstring>

#include "nwm/backend/cpu/simd_dense.hpp"
#include "nwm/backend/cpu/simd_stencil.hpp"

namespace nwm::cpu::detail {

/// The stencil S on G as a product of its weights (out, in · taps) with columns (in · taps, sites): row
/// (i, tap) of the columns is channel i seen from all sites through that tap. Sums run in the order of
/// StencilKernel, so that the outputs have its bits; the gradient of the weights is summed otherwise.
template <class S, class G, class Real, class Arch>
struct SmallGrid {
  static constexpr std::size_t lanes = math::Pack<Real, Arch>::size, sites = G::sites;
  /// Whether this way is the faster one: for many channels, and planes whose sites fill registers.
  static constexpr bool pays = S::size == 3 && !S::bias && G::width < lanes && sites % lanes == 0 &&
                               S::Boundary::self_adjoint && S::in * S::out >= 256;
  /// Numbers of the columns of `channels` channels.
  static constexpr std::size_t columns(std::size_t channels) { return channels * S::taps * sites; }

  /// Sets columns from `channels` planes with a halo.
  template <std::size_t channels>
  static void unfold(const Real* padded, Real* to) {
    using H = Halo<G::height, G::width, S::size / 2, lanes>;
    for (std::size_t i = 0; i < channels; ++i)
      for (std::size_t ky = 0; ky < S::size; ++ky)
        for (std::size_t kx = 0; kx < S::size; ++kx) {
          const Real* from = padded + i * H::plane + ky * H::stride + kx;
          for (std::size_t y = 0; y < G::height; ++y, from += H::stride, to += G::width)
            std::memcpy(to, from, G::width * sizeof(Real));
        }
  }
  /// Sets, or adds to, out (outs, sites) from weights (outs, ins, taps) and the columns of `ins` channels.
  template <std::size_t ins, std::size_t outs, bool add>
  static void apply(const Real* weights, const Real* columns_, Real* out) {
    Product<Real, Arch, outs, ins * S::taps, sites, add>::run(weights, ins * S::taps, 1, columns_, sites, out,
                                                              sites);
  }
  /// Adds to the gradient of the weights, `gradient` (out, sites) being that of the output.
  static void weights(const Real* gradient, const Real* columns_, Real* to) {
    add_outer<Real, Arch, S::out, S::in * S::taps, sites>(gradient, sites, columns_, sites, to,
                                                          S::in * S::taps);
  }
};

/// Scratch numbers that the columns of either side need, of any Real; 0 where this way is not taken.
template <class S, class G, class Arch>
inline constexpr std::size_t small_grid_scratch = [] {
  using Float = SmallGrid<S, G, float, Arch>;
  return Float::pays || SmallGrid<S, G, double, Arch>::pays ? Float::columns(S::in > S::out ? S::in : S::out)
                                                            : 0;
}();

}  // namespace nwm::cpu::detail
