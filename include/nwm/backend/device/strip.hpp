// How a block's threads share out an image, or its part of one: each takes a strip of a column, so that what
// it reads of one row serves the taps of three.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/device/halo.hpp"
#include "nwm/backend/device/seen_index.hpp"
#include "nwm/backend/device/unroll.hpp"

namespace nwm::device {

/// The largest divisor of n that is at most `limit`, and 1 at least.
constexpr unsigned divisor(unsigned n, unsigned limit) {
  unsigned d = std::max(1U, std::min(n, limit));
  while (n % d != 0) --d;
  return d;
}

/// The strip of a thread: column x, rows top..top + rows − 1 of its block's part of an image of G. `parts`
/// blocks have equal numbers of rows, block number index the rows of part `rank` = index % parts.
/// Neighbouring threads have neighbouring columns.
/// Of two parts each has as many threads as a whole image, with half the rows: they are bound by the
/// instructions of a multiprocessor, which hides their latency with 16 warps and not with 8; more threads
/// would have too few registers for the sums of a stencil.
template <class G, unsigned parts_ = 1>
struct Strip {
  static constexpr unsigned parts = parts_;
  static constexpr unsigned limit = 512;  ///< threads at most: 128 registers each
  static constexpr unsigned width = G::width, height = std::max<unsigned>(1, G::height / parts);
  static constexpr bool possible = G::width <= limit && G::height % parts == 0;
  static constexpr unsigned most = std::max(1U, limit / width);
  static constexpr unsigned rows = (height + most - 1) / most;
  static constexpr unsigned threads = width * ((height + rows - 1) / rows);
  static constexpr bool even = height % rows == 0;
  static constexpr unsigned plane = height * width;  ///< numbers of a part

  unsigned x, top, rank;

  constexpr explicit Strip(std::size_t thread, std::size_t index = 0)
      : x(static_cast<unsigned>(thread) % width),
        top(static_cast<unsigned>(thread) / width * rows),
        rank(static_cast<unsigned>(index) % parts) {}

  /// Whether row r of the strip lies in the part: the last strips may reach beyond it.
  constexpr bool inside(unsigned r) const { return even || top + r < height; }
  /// Where its number stands in a plane of the block, and in an image: a sum of the thread's number and a
  /// constant, as addresses are.
  constexpr unsigned place(unsigned r) const { return (top + r) * width + x; }
  constexpr std::size_t site(unsigned r) const {
    return std::size_t{rank * plane + top * width + x} + std::size_t{r * width};
  }

  /// f(r, tap, value) for rows r of `count` rows from row `first` of the strip and the nine taps of a 3×3
  /// stencil over plane k of those that begin at `part`, with their halo, under Boundary: every value is read
  /// once.
  template <class Boundary, unsigned count, class Real, class F>
  constexpr void window(const Real* part, Halo<Real> halo, unsigned k, unsigned first, const F& f) const {
    constexpr bool empty = shows_zeros<Boundary, G::width> || shows_zeros<Boundary, G::height>;
    const int middle = static_cast<int>(x);
    const std::array<int, 3> columns{seen_index<Boundary, G::width>(middle - 1), middle,
                                     seen_index<Boundary, G::width>(middle + 1)};
    NWM_UNROLL
    for (unsigned q = 0; q < count + 2; ++q) {
      const int at = static_cast<int>(top + first + q) - 1;
      const bool own = even && first + q > 0 && first + q <= rows;
      // Beyond the part its halo begins, or, of a whole image, what Boundary shows of it.
      int row = own ? at : seen_index<Boundary, G::height>(at);
      const Real* from = part + k * plane;
      if constexpr (parts > 1)
        if (!own) {
          const Real* begin = part;
          int shift = at * static_cast<int>(width);
          if (at < 0) begin = halo.above, shift = 0;
          if (at >= static_cast<int>(height)) begin = halo.below, shift = 0;
          row = empty && begin == nullptr ? -1 : 0;
          from = begin + shift + k * plane;
        }
      NWM_UNROLL
      for (unsigned dx = 0; dx < 3; ++dx) {
        const bool there = !empty || (row >= 0 && columns[dx] >= 0);
        const Real value = there ? from[row * static_cast<int>(width) + columns[dx]] : Real(0);
        NWM_UNROLL
        for (unsigned dy = 0; dy < 3; ++dy)
          if (q >= dy && q - dy < count) f(q - dy, 3 * dy + dx, value);
      }
    }
  }
};

/// How a stencil's weights stand in shared memory: those of one channel of the side that is read together,
/// [channel][tap][other side], each channel's on 16 bytes. `back` mirrors the taps and exchanges the sides.
template <class S, bool back>
struct Weights {
  static constexpr std::size_t from = back ? S::out : S::in, to = back ? S::in : S::out;
  static constexpr std::size_t stride = (S::taps * to + 3) / 4 * 4;
  static constexpr std::size_t bias = from * stride, size = bias + (S::bias ? (S::out + 3) / 4 * 4 : 0);

  static constexpr std::size_t at(std::size_t channel, std::size_t tap, std::size_t other) {
    return channel * stride + tap * to + other;
  }
  /// Where parameter p of the stencil stands.
  static constexpr std::size_t place(std::size_t p) {
    if (p >= S::weights) return bias + p - S::weights;
    const std::size_t o = p / (S::in * S::taps), i = p / S::taps % S::in, tap = p % S::taps;
    return back ? at(o, S::taps - 1 - tap, i) : at(i, tap, o);
  }
  /// The parameter that stands at a place, or S::parameters where none does.
  static constexpr std::size_t parameter(std::size_t place_) {
    const std::size_t channel = place_ / stride, tap = place_ % stride / to, other = place_ % stride % to;
    if (place_ >= bias) return S::bias && place_ - bias < S::out ? S::weights + place_ - bias : S::parameters;
    if (tap >= S::taps) return S::parameters;
    return back ? (channel * S::in + other) * S::taps + S::taps - 1 - tap
                : (other * S::in + channel) * S::taps + tap;
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
