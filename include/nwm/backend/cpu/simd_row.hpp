// A few rows of a five-point coupling, with each coupled value used while it is in registers.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

#include "nwm/backend/cpu/pack.hpp"

namespace nwm::cpu::detail {

/// The five weights of a 3×3 kernel of one channel (9 numbers, row-major).
template <class P>
struct FivePoint {
  template <class Real>
  explicit FivePoint(const Real* w)
      : up(typename P::Batch(w[1])),
        left(typename P::Batch(w[3])),
        here(typename P::Batch(w[4])),
        right(typename P::Batch(w[5])),
        down(typename P::Batch(w[7])) {}
  /// Adds the taps in the order of StencilKernel, so that the bits are the same.
  P sum(const P& u, const P& l, const P& h, const P& r, const P& d) const {
    return fma(down, d, fma(right, r, fma(here, h, fma(left, l, fma(up, u, P(0.0))))));
  }
  P up, left, here, right, down;
};

/// A five-point coupling of `rows` consecutive rows of `width` sites in a field, and a `Kernel` that uses the
/// coupled values. One pack of every row at a time, from left to right.
template <class Boundary, std::size_t width, std::size_t rows, class Lane, class Partial, class Real,
          class Kernel>
struct Rows {
  using P = typename Lane::Value;
  using V = typename P::Batch::register_type;
  static V raw(const P& p) { return p.batch; }
  static P pack(V v) { return P(typename P::Batch(v)); }
  static constexpr std::size_t lanes = P::size, full = width / lanes, rest = width % lanes;

  /// Calls kernel(lane, {coupled value}) at every pack. here: the field at the first site, whose index is
  /// `index`. above, below: the rows before and after. With Above = Real, the kernel may overwrite the field
  /// at its lane; `above` then needs room for whole packs and becomes a copy of the last row before the
  /// change.
  template <class Above>
  static void run(const Real* weights, const Real* here, Above* above, const Real* below, std::size_t index,
                  const Kernel& given) {
    const Kernel kernel = given;  // a local copy, whose members stay in registers
    const FivePoint<P> taps(weights);
    constexpr auto w = static_cast<std::ptrdiff_t>(width);
    constexpr std::ptrdiff_t west = Boundary::source(-1, w), east = Boundary::source(w, w);
    V previous[rows], current[rows], next[rows], right[rows], beyond[rows];
    for (std::size_t q = 0; q < rows; ++q) {
      const Real* line = here + q * width;
      beyond[q] = raw(P(typename P::Batch(east < 0 ? Real(0) : line[east < 0 ? 0 : east])));
      previous[q] = raw(P(typename P::Batch(west < 0 ? Real(0) : line[west < 0 ? 0 : west])));
      current[q] = raw(full > 0 ? P::load(line) : P::load(line, rest));
    }
    std::size_t x = 0;
    if constexpr (full > 0) {
      for (; x + lanes < full * lanes; x += lanes) {
        for (std::size_t q = 0; q < rows; ++q) {
          next[q] = raw(P::load(here + q * width + x + lanes));
          right[q] = raw(right_of(pack(current[q]), pack(next[q])));
        }
        step<Lane>(taps, Lane{index + x}, above + x, P::load(below + x), previous, current, right, kernel);
        for (std::size_t q = 0; q < rows; ++q) current[q] = next[q];
      }
      for (std::size_t q = 0; q < rows; ++q) {
        next[q] = rest == 0 ? beyond[q] : raw(P::load(here + q * width + full * lanes, rest == 0 ? 1 : rest));
        right[q] = raw(right_of(pack(current[q]), pack(next[q])));
      }
      step<Lane>(taps, Lane{index + x}, above + x, P::load(below + x), previous, current, right, kernel);
      for (std::size_t q = 0; q < rows; ++q) current[q] = next[q];
      x += lanes;
    }
    if constexpr (rest > 0) {
      for (std::size_t q = 0; q < rows; ++q) {
        std::array<Real, 2 * lanes> line;
        pack(current[q]).store(line.data());
        pack(beyond[q]).store(line.data() + rest);
        right[q] = raw(P::load(line.data() + 1));
      }
      step<Partial>(taps, Partial{index + x, rest}, above + x, P::load(below + x, rest), previous, current,
                    right, kernel);
    }
  }

 private:
  template <bool partial>
  static P load(const Real* p) {
    if constexpr (partial) return P::load(p, rest);
    else return P::load(p);
  }

  template <class L, class Above>
  static void step(const FivePoint<P>& taps, L lane, Above* line, const P& below, V (&previous)[rows],
                   const V (&current)[rows], const V (&right)[rows], const Kernel& kernel) {
    constexpr bool keep = !std::is_const_v<Above>;
    P above = load < std::is_same_v<L, Partial> && !keep > (line);
    if constexpr (keep) pack(current[rows - 1]).store(line);
    for (std::size_t q = 0; q < rows; ++q) {
      const P down = q + 1 < rows ? pack(current[q + 1 < rows ? q + 1 : 0]) : below, here = pack(current[q]);
      const P left = left_of(pack(previous[q]), here);
      kernel(lane, std::array<P, 1>{taps.sum(above, left, here, pack(right[q]), down)});
      above = here;
      previous[q] = current[q];
      lane.index += width;
    }
  }
};

}  // namespace nwm::cpu::detail
