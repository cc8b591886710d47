// The end of a backward pass: the parts of the gradients of many stencils, added up in one launch.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/backend/device/unroll.hpp"

namespace nwm::device {

/// Parts of some parameters' gradient: partial (runs, stride), as TileGradient leaves them. Each of `count`
/// numbers is the sum over the runs of `together` neighbours. Number i is that from place
/// (i mod columns)·rows + i / columns on: i itself where `columns` is no less than `count`; else what stands
/// there as (columns, rows) is added to a matrix (rows, columns).
template <class Real>
struct GradientParts {
  const Real* partial;
  Real* to;  ///< what is added to
  unsigned runs, stride, count, rows, columns, together;

  constexpr unsigned first(unsigned i) const { return (i % columns * rows + i / columns) * together; }
};

/// Adds each of the parts' sums to its gradient, in an order that depends on sizes alone. A body (block.hpp).
template <class Real, std::size_t n>
struct JoinGradients {
  /// Numbers of a block, and threads that share the runs of each.
  static constexpr unsigned beside = 32, shares = 8;
  static constexpr std::size_t threads = beside * shares;
  /// What the threads of a block share.
  struct Shared {
    std::array<double, threads> held;
  };
  struct Local {};

  static constexpr std::size_t blocks_of(const std::array<GradientParts<Real>, n>& all) {
    std::size_t total = 0;
    for (const auto& parts : all) total += (parts.count + beside - 1) / beside;
    return total;
  }

  std::size_t blocks;
  std::array<GradientParts<Real>, n> all;

  template <class Block>
  constexpr void operator()(Block& block) const {
    GradientParts<Real> mine = all[0];
    unsigned start = 0, begin = 0;  // of the blocks of `mine`
    NWM_UNROLL
    for (std::size_t k = 0; k < n; ++k) {
      if (block.index >= start) {
        mine = all[k];
        begin = start;
      }
      start += (all[k].count + beside - 1) / beside;
    }
    const unsigned number = (static_cast<unsigned>(block.index) - begin) * beside;
    block.each([&](std::size_t thread, Local&) {
      const unsigned i = number + static_cast<unsigned>(thread) % beside;
      const auto share = static_cast<unsigned>(thread) / beside;
      double sum = 0;
      if (i < mine.count)
        for (unsigned k = 0; k < mine.together; ++k)
          sum += sum_of_runs(mine.partial + mine.first(i) + k, mine.stride, share, mine.runs);
      block.shared.held[thread] = sum;
    });
    block.each([&](std::size_t thread, Local&) {
      const unsigned i = number + static_cast<unsigned>(thread);
      if (thread >= beside || i >= mine.count) return;
      double sum = 0;
      NWM_UNROLL
      for (unsigned share = 0; share < shares; ++share) sum += block.shared.held[share * beside + thread];
      mine.to[i] += static_cast<Real>(sum);
    });
  }

 private:
  /// The sum over a share of the runs, several of which are on their way at once.
  static constexpr double sum_of_runs(const Real* from, std::size_t stride, unsigned share, unsigned runs) {
    constexpr unsigned together = 8;
    double sum = 0;
    for (unsigned start = share; start < runs; start += together * shares) {
      std::array<Real, together> seen;
      NWM_UNROLL
      for (unsigned k = 0; k < together; ++k) {
        const unsigned run = start + k * shares;
        seen[k] = run < runs ? from[run * stride] : Real(0);
      }
      NWM_UNROLL
      for (unsigned k = 0; k < together; ++k) sum += static_cast<double>(seen[k]);
    }
    return sum;
  }
};

}  // namespace nwm::device
