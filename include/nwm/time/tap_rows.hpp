// What the taps of a stencil gather, as a matrix that a product can take: one row for each channel and tap.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cstddef>

#include "nwm/backend/kernels.hpp"
#include "nwm/grid/abreast.hpp"

namespace nwm::model {

/// The place of what a boundary sets to zero.
inline constexpr std::size_t outside = static_cast<std::size_t>(-1);

/// Calls f(at, source, length) for runs of the columns [start, start + n) of a plane of a field over G: what
/// lies dy rows and dx columns from the column start + at begins at `source` of the plane, or is zero
/// (`outside`), for `length` columns.
template <class G, class Boundary, class F>
void for_shifted_runs(std::ptrdiff_t dy, std::ptrdiff_t dx, std::size_t start, std::size_t n, const F& f) {
  constexpr std::size_t lanes = lanes_of<G>, sites = G::height * G::width;
  constexpr auto height = static_cast<std::ptrdiff_t>(G::height),
                 width = static_cast<std::ptrdiff_t>(G::width);
  for (std::size_t at = 0; at < n;) {
    const std::size_t site = (start + at) / lanes, lane = (start + at) % lanes;
    const std::size_t image = site / sites * sites;  // images that follow each other (Batched)
    const auto y = static_cast<std::ptrdiff_t>(site % sites / G::width),
               x = static_cast<std::ptrdiff_t>(site % G::width);
    const std::ptrdiff_t row = Boundary::source(y + dy, height), column = Boundary::source(x + dx, width);
    // Sites whose sources follow each other: those that do not look beyond an edge.
    const bool inner = x + dx >= 0 && x + dx < width;
    const auto run = static_cast<std::size_t>(inner ? std::min(width, width - dx) - x : 1);
    const std::size_t length = std::min(n - at, run * lanes - lane);
    if (row < 0 || column < 0) f(at, outside, length);
    else f(at, (image + static_cast<std::size_t>(row * width + column)) * lanes + lane, length);
    at += length;
  }
}

/// rows × columns taps around a site of G, under `Boundary`.
template <class G, class Boundary, std::size_t rows, std::size_t columns>
struct TapRows {
  static constexpr std::size_t taps = rows * columns;

  /// Sets `to`, whose rows (channel, tap) are n long, to what the taps of `channels` channels of `field` see
  /// at the columns from `start`.
  template <class B, class Real>
  static void gather(std::size_t channels, const Real* field, std::size_t start, std::size_t n, Real* to) {
    for_runs(start, n, [&](std::size_t tap, std::size_t at, std::size_t source, std::size_t length) {
      Real* first = to + tap * n + at;
      if (source != outside) B::copy_rows(channels, length, field + source, G::sites, first, taps * n);
      else
        for (std::size_t c = 0; c < channels; ++c) B::fill(length, Real(0), first + c * taps * n);
    });
  }

  /// The adjoint of gather: adds rows to a field.
  template <class B, class Real>
  static void add_back(std::size_t channels, const Real* from, std::size_t start, std::size_t n,
                       Real* field) {
    for_runs(start, n, [&](std::size_t tap, std::size_t at, std::size_t source, std::size_t length) {
      if (source == outside) return;
      B::template map_rows<Real>(
          channels, length,
          kernel::AddRows<Real>{length, taps * n, G::sites, from + tap * n + at, field + source});
    });
  }

 private:
  template <class F>
  static void for_runs(std::size_t start, std::size_t n, const F& f) {
    for (std::size_t tap = 0; tap < taps; ++tap) {
      const auto dy = static_cast<std::ptrdiff_t>(tap / columns) - static_cast<std::ptrdiff_t>(rows / 2);
      const auto dx = static_cast<std::ptrdiff_t>(tap % columns) - static_cast<std::ptrdiff_t>(columns / 2);
      for_shifted_runs<G, Boundary>(
          dy, dx, start, n,
          [&](std::size_t at, std::size_t source, std::size_t length) { f(tap, at, source, length); });
    }
  }
};

}  // namespace nwm::model

#include "nwm/pop_macros.inc"
