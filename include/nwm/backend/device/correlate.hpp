// The kernel of stencils and of their adjoints in the data: a tile of a channel group a block.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/device/tile.hpp"
#include "nwm/cell/activation.hpp"

namespace nwm::device {

enum class Direction { forward, adjoint };

/// forward: sets `to` (S::out, sites) = f(bias + weight ⋆ from), from (S::in, sites).
/// adjoint: adds to `to` (S::in, sites) the gradient of a stencil without activation whose output's is `from`
/// (S::out, sites); the mirrored stencil, so that the boundary must be its own adjoint.
/// Either side may be split into equal parts; null parts of `to` are left out. A body (team.hpp).
template <class S, class G, Direction direction, Activation f, class Real, std::size_t from_parts,
          std::size_t to_parts>
struct Correlate {
  static constexpr bool back = direction == Direction::adjoint;
  static_assert(!back || S::size == 1 || S::Edge::self_adjoint);
  static constexpr std::size_t from_channels = back ? S::out : S::in, to_channels = back ? S::in : S::out;
  static constexpr std::size_t from_each = from_channels / from_parts, to_each = to_channels / to_parts;
  using Cut = Tiles<G, S::size / 2>;

  /// Channels in shared memory at a time, and channels of `to` a thread sums.
  static constexpr std::size_t chunk = std::min<std::size_t>(from_channels, 4);
  static constexpr std::size_t group = std::min<std::size_t>(to_channels, 8);
  static constexpr std::size_t groups = (to_channels + group - 1) / group;

  static constexpr std::size_t threads = Cut::sites, blocks = Cut::count * groups;
  struct Shared {
    std::array<Real, chunk * Cut::padded> tile;
  };
  struct Local {
    std::array<Real, group> sum;
  };

  const Real* parameters;
  std::array<const Real*, from_parts> from;
  std::array<Real*, to_parts> to;

  template <class Team>
  constexpr void operator()(Team& team) const {
    const Cut cut(team.block / groups);
    const std::size_t first = team.block % groups * group;
    team.each([&](std::size_t, Local& local) {
      for (std::size_t o = 0; o < group; ++o) {
        local.sum[o] = Real(0);
        if constexpr (!back && S::bias)
          if (first + o < to_channels) local.sum[o] = parameters[S::weights + first + o];
      }
    });
    for (std::size_t start = 0; start < from_channels; start += chunk) {
      const std::size_t channels = std::min(chunk, from_channels - start);
      team.each([&](std::size_t thread, Local&) {
        for (std::size_t i = thread; i < channels * Cut::padded; i += threads) {
          const std::size_t c = start + i / Cut::padded;
          const Real* plane = from[c / from_each] + c % from_each * G::sites;
          team.shared.tile[i] = cut.template load<typename S::Edge>(plane, i % Cut::padded);
        }
      });
      team.each([&](std::size_t thread, Local& local) {
        for (std::size_t c = 0; c < channels; ++c)
          for (std::size_t tap = 0; tap < S::taps; ++tap) {
            const Real in = team.shared.tile[c * Cut::padded + Cut::seen(thread, tap)];
            for (std::size_t o = 0; o < group; ++o)
              if (first + o < to_channels) local.sum[o] += parameters[weight(start + c, first + o, tap)] * in;
          }
      });
    }
    team.each([&](std::size_t thread, Local& local) {
      if (!cut.inside(thread)) return;
      for (std::size_t o = 0; o < group && first + o < to_channels; ++o) {
        Real* part = to[(first + o) / to_each];
        if (!part) continue;
        Real& out = part[(first + o) % to_each * G::sites + cut.site(thread)];
        if constexpr (back) out += local.sum[o];
        else out = activate<f>(local.sum[o]);
      }
    });
  }

 private:
  static constexpr std::size_t weight(std::size_t from_channel, std::size_t to_channel, std::size_t tap) {
    return back ? (from_channel * S::in + to_channel) * S::taps + (S::taps - 1 - tap)
                : (to_channel * S::in + from_channel) * S::taps + tap;
  }
};

}  // namespace nwm::device
