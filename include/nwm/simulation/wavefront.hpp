// Several time steps in one pass over a grid: while a row takes step n + 1, the row above it takes step
// n + 2, so that what a row needs is still in the cache. Rows over threads.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/threads.hpp"
#include "nwm/memory/buffer.hpp"

namespace nwm::model {

/// The order of row updates, and the rows as they were that neighbours still need. One field (height, width)
/// of each of `planes` planes is coupled by a stencil that reaches one row up and down, and is overwritten,
/// `group` rows at a time: "row" below stands for so many of them.
///
/// A band of rows a ≤ r < b takes `steps` steps: step k moves rows a + k ≤ r < b + k (no further than a
/// border that does not wrap), each right after step k − 1 has moved the row below. What it needs of the
/// bands beside it: the row above before anything moved, and the first row of each step of the next band as
/// it was, which that band keeps. Hence two phases, with all threads waiting after each: `begin` and `main`
/// go as far as the band's own rows allow, short of the last, which the next band copies meanwhile; `end`
/// does the rest. Every row is updated in the same way whatever the bands, so that the bits do not depend on
/// their number.
template <class Boundary, std::size_t height_, std::size_t width, std::size_t group, std::size_t line,
          std::size_t planes, class Real>
class Wavefront {
  static_assert(height_ % group == 0);
  static constexpr std::size_t height = height_ / group, row_size = group * width;
  static constexpr auto h = static_cast<std::ptrdiff_t>(height_);
  static constexpr std::ptrdiff_t top = Boundary::source(-1, h), bottom = Boundary::source(h, h);
  static constexpr bool wraps = top == h - 1 && bottom == 0;

 public:
  /// Whether a boundary is one that this order can serve: a torus, or nothing, or the last row again.
  static constexpr bool possible = wraps || (top <= 0 && (bottom < 0 || bottom == h - 1));

  /// For up to `threads` bands of at least 2·steps rows.
  Wavefront(std::size_t threads, std::size_t steps)
      : most_(steps),
        bands_(std::min(threads, std::max<std::size_t>(1, height / (2 * steps)))),
        lines_((bands_ * planes * 2 * most_ + 1) * line) {}

  /// How many bands of rows run beside each other.
  std::size_t bands() const { return bands_; }

  /// Moves all rows by `steps` ≤ those of the constructor: row(plane, offset, before, below) moves the one at
  /// field(plane) + offset. before: the line above as it was, to be set to the last line of the row as it
  /// was; below: the line beneath. All members of a block call it together.
  template <class Field, class Row>
  void pass(const Worker& member, std::size_t steps, const Field& field, const Row& row) {
    const auto each = [&](const auto& phase) {
      for (std::size_t b = member.index; b < bands_; b += member.count)
        for (std::size_t p = 0; p < planes; ++p) phase(b, p);
      member.wait();
    };
    each([&](std::size_t b, std::size_t p) {
      begin(b, p, field(p));
      main(b, p, steps, field(p), row);
    });
    if (wraps || bands_ > 1) each([&](std::size_t b, std::size_t p) { end(b, p, steps, field(p), row); });
  }

 private:
  std::size_t from(std::size_t band) const { return band * height / bands_; }
  bool at_top(std::size_t band) const { return !wraps && band == 0; }
  bool at_bottom(std::size_t band) const { return !wraps && band + 1 == bands_; }

  /// The line above the next row that step k moves, as it was; the first line that it moved, as it was.
  Real* before(std::size_t band, std::size_t p, std::size_t k) {
    return lines_.data() + ((band * planes + p) * 2 * most_ + 2 * k) * line;
  }
  Real* first(std::size_t band, std::size_t p, std::size_t k) { return before(band, p, k) + line; }
  const Real* nothing() const { return lines_.data() + (lines_.size() - line); }

  void begin(std::size_t b, std::size_t p, const Real* field) {
    const std::size_t a = from(b);
    std::copy_n(field + a * row_size, width, first(b, p, 0));
    if (!at_top(b)) std::copy_n(field + (a > 0 ? a : height) * row_size - width, width, before(b, p, 0));
  }

  template <class Row>
  void main(std::size_t b, std::size_t p, std::size_t steps, const Real* field, const Row& row) {
    const std::size_t a = from(b), last = from(b + 1) - 1;
    const bool up = at_top(b), down = at_bottom(b);
    for (std::size_t position = a; position < last + steps; ++position)
      for (std::size_t k = 0; k < steps && k + a <= position; ++k) {
        const std::size_t r = position - k, start = up ? a : a + k;
        if (down ? r > last : r + k + 1 > last) continue;  // left to `end`
        if (r < start) continue;
        const Real* here = field + r * row_size;
        if (r == start) {
          if (up) std::copy_n(top < 0 ? nothing() : here, width, before(b, p, k));
          else if (k > 0) {
            std::copy_n(here - width, width, before(b, p, k));
            std::copy_n(here, width, first(b, p, k));
          }
        }
        const Real* below = here + row_size;
        if (down && r == last) below = bottom < 0 ? nothing() : below - width;
        row(p, r * row_size, before(b, p, k), below);
      }
  }

  template <class Row>
  void end(std::size_t b, std::size_t p, std::size_t steps, const Real* field, const Row& row) {
    if (at_bottom(b)) return;
    const std::size_t next = b + 1 < bands_ ? b + 1 : 0, stop = from(b + 1);
    for (std::size_t position = stop - 1; position + 1 < stop + 2 * steps; ++position)
      for (std::size_t k = 0; k < steps; ++k) {
        const std::size_t r = position - k;
        if (r + k + 1 < stop || r >= stop + k) continue;
        const bool edge = r + 1 == stop + k;
        row(p, r % height * row_size, before(b, p, k),
            edge ? first(next, p, k) : field + (r + 1) % height * row_size);
      }
  }

  std::size_t most_, bands_;
  Buffer<Real> lines_;
};

}  // namespace nwm::model

#include "nwm/pop_macros.inc"
