// The kernels of a stencil's gradient in its parameters: one sum per run of tiles, then the sum of the runs
// in order, so that every run of the program gives the same bits.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/device/tile.hpp"
#include "nwm/backend/device/unroll.hpp"
#include "nwm/tape/segment.hpp"

namespace nwm::device {

/// Sets partial (runs, S::parameters): each run's part of the gradient in weights and bias, summed over
/// `steps` applications of the stencil. At step i the input is in[..][i] (S::in, sites), in equal parts, and
/// the output's gradient is at gradient + i·S::out·sites (S::out, sites). A body (block.hpp).
/// A thread owns the taps of one input channel and `group` output channels, and moves along a row of a tile:
/// three new values of the input and `group` of the gradient feed 9·group products.
template <class S, class G, class Real, std::size_t parts, std::size_t steps = 1>
struct TileGradient {
  static constexpr std::size_t each = S::in / parts;
  using Cut = Tiles<G, S::size / 2>;

 private:
  static constexpr std::size_t ceil(std::size_t a, std::size_t b) { return (a + b - 1) / b; }
  static constexpr std::size_t group = std::min<std::size_t>(S::out, 4);
  /// Input (`ins`) and output (`outs`) channels of a block. A pair is one input channel with one group of
  /// outputs.
  static constexpr std::size_t ins = std::min<std::size_t>(S::in, 16);
  static constexpr std::size_t groups = std::min<std::size_t>(ceil(S::out, group), 4), outs = groups * group;
  static constexpr std::size_t in_chunks = ceil(S::in, ins), out_chunks = ceil(S::out, outs);
  static constexpr std::size_t pairs = ins * groups;
  /// With few pairs, rows are cut into stretches, so that a block has several warps.
  static constexpr std::size_t stretch =
      std::max(ceil(Cut::width, ceil(128, pairs* Cut::height)), std::min<std::size_t>(Cut::width, 4));
  static constexpr std::size_t stretches = ceil(Cut::width, stretch), lanes = Cut::height * stretches;
  /// Odd, so that threads of different channels and rows use different banks of shared memory.
  static constexpr std::size_t in_plane = Cut::padded | 1;
  static constexpr std::size_t out_row = Cut::width | 1, out_plane = (Cut::height * out_row) | 1;
  static constexpr std::size_t sums = group * (S::taps + 1);  ///< sums of a pair: taps and bias

 public:
  /// Number of runs of tiles: enough to fill a GPU, few enough that their sums are small beside the fields.
  /// Small blocks with few sums fill it when there are more of them.
  static constexpr std::size_t tiles = Cut::count * steps;
  static constexpr std::size_t most_runs =
      steps == 1 && pairs * lanes <= 128 && S::parameters <= 512 ? 1024 : 256;
  static constexpr std::size_t run = ceil(tiles, most_runs), runs = ceil(tiles, run);
  static constexpr std::size_t scratch = runs * S::parameters;
  static constexpr std::size_t threads = pairs * lanes, blocks = runs * out_chunks * in_chunks;
  /// What the threads of a block share.
  struct Shared {
    std::array<Real, ins * in_plane> in;
    std::array<Real, outs * out_plane> gradient;
    std::array<Real, pairs * sums> sum;
  };
  /// What a thread has for itself.
  struct Local {
    std::array<Real, sums> sum;
  };

  std::array<model::Versions<Real>, parts> in;
  const Real* gradient;
  Real* partial;

  template <class Block>
  constexpr void operator()(Block& block) const {
    const std::size_t number = block.index / (out_chunks * in_chunks);
    const std::size_t o0 = block.index / in_chunks % out_chunks * outs, i0 = block.index % in_chunks * ins;
    block.each([&](std::size_t thread, Local& local) {
      local.sum.fill(Real(0));
      for (std::size_t k = thread; k < pairs * sums; k += threads) block.shared.sum[k] = Real(0);
    });
    const std::size_t end = smaller(tiles, (number + 1) * run);
    for (std::size_t tile = number * run; tile < end; ++tile) {
      const Cut cut(tile % Cut::count);
      const std::size_t step = tile / Cut::count;
      block.each([&](std::size_t thread, Local&) { load(block.shared, thread, cut, step, o0, i0); });
      block.each([&](std::size_t thread, Local& local) { add(block.shared, local, thread); });
    }
    for (std::size_t lane = 0; lane < lanes; ++lane)
      block.each([&](std::size_t thread, Local& local) {
        if (thread / pairs != lane) return;
        NWM_UNROLL
        for (std::size_t k = 0; k < sums; ++k) block.shared.sum[k * pairs + thread % pairs] += local.sum[k];
      });
    block.each([&](std::size_t thread, Local&) {
      Real* const to = partial + number * S::parameters;
      for (std::size_t k = thread; k < pairs * sums; k += threads) {
        const std::size_t i = i0 + k % pairs % ins, o = o0 + k % pairs / ins * group + k / pairs % group;
        const std::size_t tap = k / (pairs * group);
        if (o >= S::out || i >= S::in) continue;
        if (tap < S::taps) to[(o * S::in + i) * S::taps + tap] = block.shared.sum[k];
        else if (S::bias && i == 0) to[S::weights + o] = block.shared.sum[k];
      }
    });
  }

 private:
  constexpr void load(Shared& shared, std::size_t thread, const Cut& cut, std::size_t step, std::size_t o0,
                      std::size_t i0) const {
    for (std::size_t k = thread; k < ins * Cut::padded; k += threads) {
      const std::size_t c = i0 + k / Cut::padded, at = k % Cut::padded;
      if (c >= S::in) break;
      shared.in[k / Cut::padded * in_plane + at] =
          cut.template load<typename S::Boundary>(pick(in, c / each)[step] + c % each * G::sites, at);
    }
    const Real* from = gradient + step * S::out * G::sites;
    for (std::size_t k = thread; k < outs * Cut::sites; k += threads) {
      const std::size_t o = k / Cut::sites, i = k % Cut::sites;
      const bool there = o0 + o < S::out && cut.inside(i);
      shared.gradient[o * out_plane + i / Cut::width * out_row + i % Cut::width] =
          there ? from[(o0 + o) * G::sites + cut.site(i)] : Real(0);
    }
  }

  static constexpr void add(const Shared& shared, Local& local, std::size_t thread) {
    const std::size_t pair = thread % pairs, lane = thread / pairs;
    const std::size_t y = lane / stretches, start = lane % stretches * stretch;
    const std::size_t end = smaller(start + stretch, Cut::width);
    const Real* from = shared.in.data() + pair % ins * in_plane + y * Cut::padded_width;
    const Real* sent = shared.gradient.data() + pair / ins * group * out_plane + y * out_row;
    std::array<Real, S::taps> seen{};
    const auto column = [&](std::size_t dx, std::size_t x) {
      NWM_UNROLL
      for (std::size_t dy = 0; dy < S::size; ++dy) seen[dy * S::size + dx] = from[dy * Cut::padded_width + x];
    };
    NWM_UNROLL
    for (std::size_t dx = 1; dx < S::size; ++dx) column(dx, start + dx - 1);
    for (std::size_t x = start; x < end; ++x) {
      NWM_UNROLL
      for (std::size_t tap = 0; tap < S::taps; ++tap)
        if (tap % S::size + 1 < S::size) seen[tap] = seen[tap + 1];
      column(S::size - 1, x + S::size - 1);
      NWM_UNROLL
      for (std::size_t o = 0; o < group; ++o) {
        const Real g = sent[o * out_plane + x];
        NWM_UNROLL
        for (std::size_t tap = 0; tap < S::taps; ++tap) local.sum[tap * group + o] += g * seen[tap];
        local.sum[S::taps * group + o] += g;
      }
    }
  }
};

/// Adds the sum over `tiles` of partial (tiles, parameters) to parameter i, in order. A kernel of `map`.
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

#include "nwm/pop_macros.inc"
