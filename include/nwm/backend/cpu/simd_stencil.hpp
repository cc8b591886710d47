// Stencils on vector registers. The input is copied once, with its halo. Then blocks of output channels ×
// packs of neighbouring columns stay in registers while all taps are applied.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

#include "nwm/backend/cpu/pack.hpp"
#include "nwm/backend/cpu/simd_dense.hpp"
#include "nwm/backend/crew.hpp"
#include "nwm/cell/activation.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/grid/stencil.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/memory/tiles.hpp"

namespace nwm::cpu::detail {

constexpr std::size_t largest_divisor(std::size_t n, std::size_t limit) {
  std::size_t d = n < limit ? n : limit;
  while (n % d != 0) --d;
  return d;
}

/// A plane with a halo of `reach` sites: rows of `stride` ≥ `least` numbers, zero to the right of the halo.
template <std::size_t height, std::size_t width, std::size_t reach, std::size_t lanes, std::size_t least = 0>
struct Halo {
  static constexpr std::size_t rows = height + 2 * reach;
  static constexpr std::size_t stride = std::max(least, round_up(round_up(width, lanes) + 2 * reach, lanes));
  static constexpr std::size_t plane = rows * stride;

  /// Sets rows first ≤ y < last (-reach .. height + reach) of the padded plane `to` from `from` (height,
  /// width). `Boundary` gives the values of the halo.
  template <class Boundary, class Real>
  static void fill(const Real* from, Real* to, std::ptrdiff_t first = -static_cast<std::ptrdiff_t>(reach),
                   std::ptrdiff_t last = static_cast<std::ptrdiff_t>(height + reach)) {
    static_assert(checked_boundary<Boundary, height>() && checked_boundary<Boundary, width>());
    constexpr auto h = static_cast<std::ptrdiff_t>(height), w = static_cast<std::ptrdiff_t>(width);
    constexpr auto r = static_cast<std::ptrdiff_t>(reach);
    to += static_cast<std::size_t>(first + r) * stride;
    for (std::ptrdiff_t y = first; y < last; ++y, to += stride) {
      const std::ptrdiff_t row = Boundary::source(y, h);
      if (row < 0) {
        std::fill_n(to, stride, Real(0));
        continue;
      }
      const Real* line = from + row * w;
      std::memcpy(to + reach, line, width * sizeof(Real));
      for (std::ptrdiff_t i = 0; i < r; ++i) {
        const std::ptrdiff_t left = Boundary::source(i - r, w), right = Boundary::source(w + i, w);
        to[i] = left < 0 ? Real(0) : line[left];
        to[w + r + i] = right < 0 ? Real(0) : line[right];
      }
      std::fill(to + width + 2 * reach, to + stride, Real(0));
    }
  }
};

/// Stencils over padded planes: tap (ky, kx) of channel i at site (y, x) is
///   in[i·plane + (y + ky)·stride + x + kx].
/// Output planes are `height` × `width`, dense. 1×1 stencils use the same code with stride = width and
/// no halo. `bounded` then loads the last pack of the last row piecewise, because nothing may be read beyond
/// the plane.
template <class Real, class Arch, std::size_t in, std::size_t out, std::size_t size, std::size_t height,
          std::size_t width, std::size_t stride, std::size_t plane>
struct StencilKernel {
  using P = math::Pack<Real, Arch>;
  static constexpr std::size_t lanes = P::size, taps = size * size;
  static constexpr bool bounded = size == 1;
  static constexpr std::size_t packs = round_up(width, lanes) / lanes, rest = width % lanes;
  // The cost of a 3×3 stencil is in loads that cross a cache line. So a block has few packs a row, and each
  // loaded row serves all of its output channels and rows. Accumulators must fit in registers beside inputs
  // and weights.
  static constexpr bool many_registers = Arch::alignment() >= 64;
  static constexpr std::size_t budget = many_registers ? 16 : 8;
  static constexpr std::size_t block = packs < 2 ? packs : (bounded && packs >= 4 ? 4 : 2);
  static constexpr std::size_t outs = largest_divisor(out, budget / block);
  static constexpr std::size_t lines =
      bounded ? 1 : (budget / (outs * block) < height ? budget / (outs * block) : height);

  static P load(const Real* p, bool partial) {
    if constexpr (rest != 0 && bounded)
      if (partial) return P::load(p, rest);
    return P::load(p);
  }

  /// Sets (or adds to) dst (out, height, width) = f(bias + weight ⋆ src) with weight (out, in, taps); bias
  /// may be null.
  template <Activation f, bool add>
  static void apply(const Real* weight, const Real* bias, const Real* src, Real* dst) {
    constexpr std::size_t groups = (height + lines - 1) / lines;
    constexpr std::size_t least = worth_a_thread / (2 * in * out * taps * width * lines) + 1;
    const auto some = [=](std::size_t first, std::size_t last) {
      std::size_t y = first * lines;
      for (; y + lines <= height && y < last * lines; y += lines)
        rows<f, add, lines>(weight, bias, src, dst, y);
      if constexpr (height % lines != 0)
        if (last == groups) rows<f, add, height % lines>(weight, bias, src, dst, y);
    };
    if constexpr (groups < 2 * least) some(0, groups);
    else divide(groups, least, some);
  }

  /// Adds to the gradients of weights and bias (null: none): weight(o,i,k) += Σ gradient(o, ·) src(i, · + k).
  static void weights(const Real* gradient, const Real* src, Real* weight, Real* bias) {
    // Each input serves as many outputs as registers allow; with many channels, one row of taps at a time.
    constexpr std::size_t most = (many_registers ? 24 : 12) / size;
    constexpr std::size_t group = largest_divisor(out, most < 8 ? most : 8);
    constexpr std::size_t depth = group * taps <= most * size ? size : 1;
    constexpr std::size_t pairs = out / group * in;  // of a group of outputs and an input
    constexpr std::size_t least = worth_a_thread / (2 * group * taps * width * height) + 1;
    const auto some = [=](std::size_t first, std::size_t last) {
      for (std::size_t pair = first; pair < last; ++pair) {
        const std::size_t o = pair / in * group, i = pair % in;
        for (std::size_t ky = 0; ky < size; ky += depth) {
          P sum[group][depth * size];
          for (auto& row : sum)
            for (P& s : row) s = P(0.0);
          for (std::size_t y = 0; y < height; ++y) {
            const Real* line = src + i * plane + (y + ky) * stride;
            const Real* from = gradient + (o * height + y) * width;
            std::size_t p = 0;
            for (; p < width / lanes; ++p)
              accumulate<group, depth, false>(from + p * lanes, line + p * lanes, sum);
            if constexpr (rest != 0) accumulate<group, depth, true>(from + p * lanes, line + p * lanes, sum);
          }
          for (std::size_t j = 0; j < group; ++j)
            for (std::size_t t = 0; t < depth * size; ++t)
              weight[((o + j) * in + i) * taps + ky * size + t] += sum_lanes(sum[j][t]);
        }
      }
    };
    if constexpr (pairs < 2 * least) some(0, pairs);
    else divide(pairs, least, some);
    if (bias)
      for (std::size_t o = 0; o < out; ++o) {
        P sum(0.0);
        const Real* from = gradient + o * height * width;
        constexpr std::size_t sites = height * width;
        for (std::size_t s = 0; s + lanes <= sites; s += lanes) sum += P::load(from + s);
        if constexpr (sites % lanes != 0) sum += P::load(from + sites / lanes * lanes, sites % lanes);
        bias[o] += sum_lanes(sum);
      }
  }

 private:
  template <Activation f, bool add, std::size_t count>
  static void rows(const Real* weight, const Real* bias, const Real* src, Real* dst, std::size_t y) {
    for (std::size_t o = 0; o < out; o += outs) {
      std::size_t p = 0;
      for (; p + block <= packs; p += block) tile<f, add, count, block>(weight, bias, src, dst, y, o, p);
      if constexpr (packs % block != 0) tile<f, add, count, packs % block>(weight, bias, src, dst, y, o, p);
    }
  }

  /// Computes `count` rows × `outs` channels × n packs of output.
  template <Activation f, bool add, std::size_t count, std::size_t n>
  static void tile(const Real* weight, const Real* bias, const Real* src, Real* dst, std::size_t y,
                   std::size_t o, std::size_t p) {
    P sum[count][outs][n];
    for (std::size_t q = 0; q < count; ++q)
      for (std::size_t j = 0; j < outs; ++j)
        for (std::size_t k = 0; k < n; ++k) sum[q][j][k] = P(bias ? static_cast<double>(bias[o + j]) : 0.0);
    for (std::size_t i = 0; i < in; ++i) {
      const Real* line = src + i * plane + y * stride + p * lanes;
      const Real* w = weight + (o * in + i) * taps;
      for_constants<count + size - 1>([&](auto r) {
        // Output rows q that see input row r; loops with constant ends, which compilers unroll at less cost
        // than templates.
        constexpr std::size_t first = r + 1 > size ? r + 1 - size : 0, last = r < count ? r + 1 : count;
        for_constants<size>([&](auto kx) {
          P v[n];
          for (std::size_t k = 0; k < n; ++k)
            v[k] = load(line + r * stride + kx + k * lanes, rest != 0 && p + k + 1 == packs);
          for (std::size_t q = first; q < last; ++q)
            for (std::size_t j = 0; j < outs; ++j) {
              const P c{typename P::Batch(w[j * in * taps + (r - q) * size + kx])};
              for (std::size_t k = 0; k < n; ++k) sum[q][j][k] = fma(c, v[k], sum[q][j][k]);
            }
        });
      });
    }
    for (std::size_t q = 0; q < count; ++q)
      for (std::size_t j = 0; j < outs; ++j)
        for (std::size_t k = 0; k < n; ++k) {
          Real* to = dst + ((o + j) * height + y + q) * width + (p + k) * lanes;
          const bool partial = rest != 0 && p + k + 1 == packs;
          P value = activate<f>(sum[q][j][k]);
          if constexpr (add) value += partial ? P::load(to, rest) : P::load(to);
          partial ? value.store(to, rest) : value.store(to);
        }
  }

  template <std::size_t group, std::size_t depth, bool partial>
  static void accumulate(const Real* gradient, const Real* line, P (&sum)[group][depth * size]) {
    P g[group];
    for (std::size_t j = 0; j < group; ++j) {
      const Real* from = gradient + j * height * width;
      g[j] = partial ? P::load(from, rest) : P::load(from);
    }
    for_constants<depth * size>([&](auto t) {
      const P v = load(line + (t / size) * stride + t % size, partial);
      for (std::size_t j = 0; j < group; ++j) sum[j][t] = fma(g[j], v, sum[j][t]);
    });
  }
};

/// Mirrors weight (out, in, taps) to (in, out, taps reversed), the stencil of the adjoint.
template <std::size_t in, std::size_t out, std::size_t taps, class Real>
void mirror(const Real* weight, Real* mirrored) {
  for (std::size_t o = 0; o < out; ++o)
    for (std::size_t i = 0; i < in; ++i)
      for (std::size_t t = 0; t < taps; ++t)
        mirrored[(i * out + o) * taps + t] = weight[(o * in + i) * taps + taps - 1 - t];
}

}  // namespace nwm::cpu::detail

#include "nwm/pop_macros.inc"
