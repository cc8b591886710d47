// The kernel of stencils and of their adjoints in the data. Each block computes one tile for one group of
// channels.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/device/tile.hpp"
#include "nwm/backend/device/unroll.hpp"
#include "nwm/cell/activation.hpp"

namespace nwm::device {

/// Correlate computes a stencil or its adjoint.
enum class Direction { forward, adjoint };

/// Stores a stencil's sums: to[part] (channels, sites) = f(sum).
template <Activation f, class Real, std::size_t parts = 1>
struct Set {
  std::array<Real*, parts> to;
  constexpr void operator()(std::size_t at, const std::array<Real, parts>& sum) const {
    NWM_UNROLL
    for (std::size_t k = 0; k < parts; ++k) to[k][at] = activate<f>(sum[k]);
  }
};

/// Adds a stencil's sums: to[part] += sum; null parts are left out. What was there can be read before.
template <class Real, std::size_t parts = 1>
struct AddTo {
  using Read = std::array<Real, parts>;
  std::array<Real*, parts> to;
  constexpr Read read(std::size_t at) const {
    Read there;
    NWM_UNROLL
    for (std::size_t k = 0; k < parts; ++k) there[k] = to[k] ? to[k][at] : Real(0);
    return there;
  }
  constexpr void operator()(std::size_t at, const std::array<Real, parts>& sum) const {
    (*this)(at, sum, read(at));
  }
  constexpr void operator()(std::size_t at, const std::array<Real, parts>& sum, const Read& there) const {
    NWM_UNROLL
    for (std::size_t k = 0; k < parts; ++k)
      if (to[k]) to[k][at] = there[k] + sum[k];
  }
};

/// What a stencil's kernel ends with where two sums over each channel are wanted, too. `terms` has
///   channel(c)                   what it needs of channel c
///   read(at)                     what it reads at number `at` of the field
///   (at, of_channel, read, sum)  stores what it will, and returns the two terms of that number
/// Those of tile t and channel c are added up at sums[2·(c·stride + t)] and the next.
template <class Terms>
struct WithSums {
  Terms terms;
  double* sums;
  std::size_t stride;

  /// Sets the sums of channel c and tile t.
  constexpr void set(std::size_t c, std::size_t t, std::array<double, 2> total) const {
    double* const to = sums + 2 * (c * stride + t);
    to[0] = total[0];
    to[1] = total[1];
  }
};
/// Whether a kernel that ends with Finish gives sums.
template <class Finish>
inline constexpr bool gives_sums = requires(const Finish& finish) { finish.terms; };

/// forward: sum (S::out, sites) = bias + weight ⋆ from, with from (S::in, sites).
/// adjoint: sum (S::in, sites) = the gradient with respect to a stencil's input, with `from` (S::out, sites)
/// the gradient with respect to its output. This is the mirrored stencil, so the boundary must be
/// self-adjoint.
/// Either side may be split into equal parts; finish(channel·sites + site, sums) gets one sum for each of the
/// to_parts. A body (block.hpp).
/// A thread keeps `tall` rows of one column and `group` channels of every part in registers. A value read
/// from the tile then feeds up to 3·group·to_parts products, a weight `tall`.
template <class S, class G, Direction direction, class Real, std::size_t from_parts, std::size_t to_parts,
          class Finish>
struct Correlate {
  static constexpr bool back = direction == Direction::adjoint;
  static_assert(!back || S::size == 1 || S::Boundary::self_adjoint);
  static constexpr std::size_t from_channels = back ? S::out : S::in, to_channels = back ? S::in : S::out;
  static constexpr std::size_t from_each = from_channels / from_parts, to_each = to_channels / to_parts;

 private:
  using Cut = Tiles<G, S::size / 2, 16>;
  static constexpr std::size_t ceil(std::size_t a, std::size_t b) { return (a + b - 1) / b; }
  static constexpr std::size_t tall = std::min<std::size_t>(Cut::height, 4);
  static constexpr std::size_t strips = ceil(Cut::height, tall) * Cut::width;
  /// A strip may reach below the tile; sums there are discarded.
  static constexpr std::size_t plane = (ceil(Cut::height, tall) * tall + S::size - 1) * Cut::padded_width;

  /// How the channels of each part are divided: `group` for a thread, in `groups` groups; `beside` groups for
  /// a block, in `rounds` blocks.
  static constexpr std::size_t group = std::clamp<std::size_t>(8 / to_parts, 1, to_each);
  static constexpr std::size_t groups = ceil(to_each, group);
  static constexpr std::size_t beside = std::min<std::size_t>(groups, 2), rounds = ceil(groups, beside);
  static constexpr std::size_t sums = group * to_parts;       ///< sums of a thread at a site
  static constexpr std::size_t weights = (sums + 3) / 4 * 4;  ///< of a thread at a tap, padded to 16 bytes
  /// Channels of `from` in shared memory at a time.
  static constexpr std::size_t chunk = std::min<std::size_t>(from_channels, 4);

 public:
  static constexpr std::size_t tiles = Cut::count;
  static constexpr std::size_t threads = strips * beside, blocks = tiles * rounds;
  /// What the threads of a block share: what they read, and when it was read the terms of sums (channel,
  /// strip).
  struct Shared {
    /// The weights of a chunk of channels, and its tile.
    struct Read {
      alignas(16) std::array<Real, chunk * S::taps * beside * weights> weight;
      std::array<Real, chunk * plane> tile;
    };
    union {
      Read read;
      std::array<std::array<double, 2>, gives_sums<Finish> ? threads * group : 1> terms;
    };
  };
  /// What a thread has for itself.
  struct Local {
    std::array<Real, tall * sums> sum;
  };

  const Real* parameters;
  std::array<const Real*, from_parts> from;
  Finish finish;

  template <class Block>
  constexpr void operator()(Block& block) const {
    const Cut cut(block.index / rounds);
    const std::size_t first = block.index % rounds * beside * group;  // first channel of each part
    block.each([&](std::size_t thread, Local& local) {
      NWM_UNROLL
      for (std::size_t k = 0; k < sums; ++k) {
        const std::size_t o = to_channel(first + thread / strips * group, k);
        Real bias(0);
        if constexpr (!back && S::bias)
          if (o < to_channels) bias = parameters[S::weights + o];
        NWM_UNROLL
        for (std::size_t r = 0; r < tall; ++r) local.sum[r * sums + k] = bias;
      }
    });
    for (std::size_t start = 0; start < from_channels; start += chunk) {
      const std::size_t channels = smaller(chunk, from_channels - start);
      block.each(
          [&](std::size_t thread, Local&) { load(block.shared, cut, thread, start, channels, first); });
      block.each([&](std::size_t thread, Local& local) {
        for (std::size_t c = 0; c < channels; ++c) add(block.shared, local, thread, c);
      });
    }
    if constexpr (gives_sums<Finish>) give_sums(block, cut, first);
    else give(block, cut, first);
  }

 private:
  template <class Block>
  constexpr void give(Block& block, const Cut& cut, std::size_t first) const {
    block.each([&](std::size_t thread, Local& local) {
      const std::size_t strip = thread % strips, x = strip % Cut::width, y = strip / Cut::width * tall;
      NWM_UNROLL
      for (std::size_t r = 0; r < tall; ++r) {
        if (y + r >= Cut::height || !cut.inside((y + r) * Cut::width + x)) continue;
        NWM_UNROLL
        for (std::size_t c = 0; c < group; ++c) {
          const std::size_t channel = first + thread / strips * group + c;
          if (channel >= to_each) continue;
          std::array<Real, to_parts> all;
          NWM_UNROLL
          for (std::size_t part = 0; part < to_parts; ++part)
            all[part] = local.sum[r * sums + part * group + c];
          finish(channel * G::sites + cut.site((y + r) * Cut::width + x), all);
        }
      }
    });
  }
  /// The same where sums are wanted: a thread's terms, then some strips' of a channel, then a channel's.
  template <class Block>
  constexpr void give_sums(Block& block, const Cut& cut, std::size_t first) const {
    static_assert(to_parts == 1);
    constexpr std::size_t rows = beside * group, lanes = std::max<std::size_t>(strips / group, 1);
    block.each([&](std::size_t thread, Local& local) {
      const std::size_t strip = thread % strips, x = strip % Cut::width, y = strip / Cut::width * tall;
      NWM_UNROLL
      for (std::size_t c = 0; c < group; ++c) {
        const std::size_t row = thread / strips * group + c, channel = first + row;
        std::array<double, 2> total{};
        if (channel < to_each) {
          const auto inside = [&](std::size_t r) {
            return y + r < Cut::height && cut.inside((y + r) * Cut::width + x);
          };
          const auto at = [&](std::size_t r) {
            return channel * G::sites + cut.site((y + r) * Cut::width + x);
          };
          const auto of_channel = finish.terms.channel(channel);
          std::array<decltype(finish.terms.read(std::size_t{})), tall> read;
          NWM_UNROLL
          for (std::size_t r = 0; r < tall; ++r)
            if (inside(r)) read[r] = finish.terms.read(at(r));
          NWM_UNROLL
          for (std::size_t r = 0; r < tall; ++r)
            if (inside(r)) {
              const auto of = finish.terms(at(r), of_channel, read[r], local.sum[r * sums + c]);
              total[0] += of[0];
              total[1] += of[1];
            }
        }
        block.shared.terms[row * strips + strip] = total;
      }
    });
    block.each([&](std::size_t thread, Local&) {
      for (std::size_t k = thread; k < rows * lanes; k += threads) {
        std::array<double, 2>* const of = block.shared.terms.data() + k / lanes * strips;
        std::array<double, 2> total{};
        for (std::size_t strip = k % lanes; strip < strips; strip += lanes) {
          total[0] += of[strip][0];
          total[1] += of[strip][1];
        }
        of[k % lanes] = total;
      }
    });
    block.each([&](std::size_t thread, Local&) {
      for (std::size_t row = thread; row < rows; row += threads) {
        if (first + row >= to_each) break;
        const std::array<double, 2>* const of = block.shared.terms.data() + row * strips;
        std::array<double, 2> total{};
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          total[0] += of[lane][0];
          total[1] += of[lane][1];
        }
        finish.set(first + row, block.index / rounds, total);
      }
    });
  }

  /// The channel of sum k of a thread, where `first` is the thread's first channel of each part; to_channels
  /// when there is no such channel.
  static constexpr std::size_t to_channel(std::size_t first, std::size_t k) {
    const std::size_t c = first + k % group;
    return c < to_each ? k / group * to_each + c : to_channels;
  }
  static constexpr std::size_t weight(std::size_t from_channel, std::size_t to_channel, std::size_t tap) {
    return back ? (from_channel * S::in + to_channel) * S::taps + (S::taps - 1 - tap)
                : (to_channel * S::in + from_channel) * S::taps + tap;
  }

  constexpr void load(Shared& shared, const Cut& cut, std::size_t thread, std::size_t start,
                      std::size_t channels, std::size_t first) const {
    for (std::size_t k = thread; k < channels * S::taps * beside * weights; k += threads) {
      const std::size_t c = k / (S::taps * beside * weights), tap = k / (beside * weights) % S::taps;
      const std::size_t sum = k % weights;
      const std::size_t o = sum < sums ? to_channel(first + k / weights % beside * group, sum) : to_channels;
      shared.read.weight[k] = o < to_channels ? parameters[weight(start + c, o, tap)] : Real(0);
    }
    for (std::size_t c = 0; c < channels; ++c) {
      const Real* of = pick(from, (start + c) / from_each) + (start + c) % from_each * G::sites;
      for (std::size_t i = thread; i < plane; i += threads)
        shared.read.tile[c * plane + i] =
            i < Cut::padded ? cut.template load<typename S::Boundary>(of, i) : Real(0);
    }
  }

  static constexpr void add(const Shared& shared, Local& local, std::size_t thread, std::size_t c) {
    const std::size_t strip = thread % strips, x = strip % Cut::width, y = strip / Cut::width * tall;
    const Real* tile = shared.read.tile.data() + c * plane + y * Cut::padded_width + x;
    const Real* all = shared.read.weight.data() + (c * S::taps * beside + thread / strips) * weights;
    NWM_UNROLL
    for (std::size_t dx = 0; dx < S::size; ++dx) NWM_UNROLL
    for (std::size_t q = 0; q < tall + S::size - 1; ++q) {
      const Real value = tile[q * Cut::padded_width + dx];
      NWM_UNROLL
      for (std::size_t dy = 0; dy < S::size; ++dy) {
        if (q < dy || q - dy >= tall) continue;
        NWM_UNROLL
        for (std::size_t k = 0; k < sums; ++k)
          local.sum[(q - dy) * sums + k] += all[(dy * S::size + dx) * beside * weights + k] * value;
      }
    }
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
