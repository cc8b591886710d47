// The kernels of a stencil's gradient in its parameters: one sum a tile, then the tiles' sums in order, so
// that every run gives the same bits.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/device/tile.hpp"

namespace nwm::device {

/// Sets partial (tiles, S::parameters): each tile's part of the gradient in weights and bias, for the input
/// `in` (S::in, sites) in equal parts and the output's gradient (S::out, sites). A body (team.hpp).
template <class S, class G, class Real, std::size_t parts>
struct TileGradient {
  static constexpr std::size_t each = S::in / parts;
  using Cut = Tiles<G, S::size / 2>;

  /// Channels of either side in shared memory at a time.
  static constexpr std::size_t in_chunk = std::min<std::size_t>(S::in, 4);
  static constexpr std::size_t out_chunk = std::min<std::size_t>(S::out, 4);
  static constexpr std::size_t in_chunks = (S::in + in_chunk - 1) / in_chunk;
  static constexpr std::size_t out_chunks = (S::out + out_chunk - 1) / out_chunk;

  static constexpr std::size_t threads = 256, blocks = Cut::count * out_chunks * in_chunks;
  struct Shared {
    std::array<Real, in_chunk * Cut::padded> in;
    std::array<Real, out_chunk * Cut::sites> gradient;
  };
  struct Local {};

  std::array<const Real*, parts> in;
  const Real* gradient;
  Real* partial;

  template <class Team>
  constexpr void operator()(Team& team) const {
    const std::size_t tile = team.block / (out_chunks * in_chunks);
    const Cut cut(tile);
    const std::size_t o0 = team.block / in_chunks % out_chunks * out_chunk,
                      i0 = team.block % in_chunks * in_chunk;
    const std::size_t outs = std::min(out_chunk, S::out - o0), ins = std::min(in_chunk, S::in - i0);
    team.each([&](std::size_t thread, Local&) {
      for (std::size_t k = thread; k < ins * Cut::padded; k += threads) {
        const std::size_t c = i0 + k / Cut::padded;
        team.shared.in[k] =
            cut.template load<typename S::Edge>(in[c / each] + c % each * G::sites, k % Cut::padded);
      }
      for (std::size_t k = thread; k < outs * Cut::sites; k += threads) {
        const std::size_t i = k % Cut::sites;
        team.shared.gradient[k] =
            cut.inside(i) ? gradient[(o0 + k / Cut::sites) * G::sites + cut.site(i)] : Real(0);
      }
    });
    team.each([&](std::size_t thread, Local&) {
      Real* sums = partial + tile * S::parameters;
      for (std::size_t k = thread; k < outs * ins * S::taps; k += threads) {
        const std::size_t o = k / (ins * S::taps), i = k / S::taps % ins, tap = k % S::taps;
        Real sum(0);
        for (std::size_t p = 0; p < Cut::sites; ++p)
          sum +=
              team.shared.gradient[o * Cut::sites + p] * team.shared.in[i * Cut::padded + Cut::seen(p, tap)];
        sums[((o0 + o) * S::in + i0 + i) * S::taps + tap] = sum;
      }
      if constexpr (S::bias) {
        if (i0 != 0) return;
        for (std::size_t o = thread; o < outs; o += threads) {
          Real sum(0);
          for (std::size_t p = 0; p < Cut::sites; ++p) sum += team.shared.gradient[o * Cut::sites + p];
          sums[S::weights + o0 + o] = sum;
        }
      }
    });
  }
};

/// Adds to parameter i the sum over `tiles` of partial (tiles, parameters), in order. A kernel of `map`.
template <class Real>
struct AddTiles {
  std::size_t tiles, parameters;
  const Real* partial;
  Real* gradient;

  template <class Lane>
  constexpr void operator()(Lane lane) const {
    double sum = 0;
    for (std::size_t t = 0; t < tiles; ++t) sum += static_cast<double>(partial[t * parameters + lane.index]);
    gradient[lane.index] += static_cast<Real>(sum);
  }
};

}  // namespace nwm::device
