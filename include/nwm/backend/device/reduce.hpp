// Reductions in two steps: a body reduces sections of rows, then a kernel joins the sections in order. The
// order depends only on sizes, so that every run gives the same bits.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>

namespace nwm::device {

/// Sums in double.
struct Sum {
  using Value = double;
  static constexpr double start = 0;
  static constexpr double join(double a, double b) { return a + b; }
};

/// The maximum; NaN if any value is NaN.
template <class Real>
struct Largest {
  using Value = Real;
  static constexpr Real start = -std::numeric_limits<Real>::infinity();
  static constexpr Real join(Real a, Real b) { return b > a || b != b ? b : a; }
};

/// Number of sections into which each of `rows` rows of n numbers is cut, with room for `room` results.
constexpr std::size_t sections_of(std::size_t rows, std::size_t n, std::size_t room) {
  const std::size_t wanted = std::clamp<std::size_t>((n + 1023) / 1024, 1, 256);
  return std::clamp<std::size_t>(rows > 0 ? room / rows : wanted, 1, wanted);
}

/// Sets parts (rows, sections) to the reductions of kernel(lane) over the sections of each row of (rows, n).
/// A body (block.hpp).
template <class Op, class Lane, class Kernel>
struct ReduceSections {
  using Value = typename Op::Value;
  static constexpr std::size_t threads = 256;
  /// What the threads of a block share.
  struct Shared {
    std::array<Value, threads> held;
  };
  struct Local {};

  std::size_t blocks, sections, n;
  Kernel kernel;
  Value* parts;

  template <class Block>
  constexpr void operator()(Block& block) const {
    const std::size_t row = block.index / sections, section = block.index % sections;
    const std::size_t each = (n + sections - 1) / sections;
    const std::size_t begin = row * n + std::min(n, section * each);
    const std::size_t end = row * n + std::min(n, (section + 1) * each);
    block.each([&](std::size_t thread, Local&) {
      Value result = Op::start;
      for (std::size_t i = begin + thread; i < end; i += threads)
        result = Op::join(result, static_cast<Value>(kernel(Lane{i})));
      block.shared.held[thread] = result;
    });
    for (std::size_t half = threads / 2; half > 0; half /= 2)
      block.each([&](std::size_t thread, Local&) {
        if (thread < half)
          block.shared.held[thread] = Op::join(block.shared.held[thread], block.shared.held[thread + half]);
      });
    block.each([&](std::size_t thread, Local&) {
      if (thread == 0) parts[block.index] = block.shared.held[0];
    });
  }
};

/// Sets to[r] to the reduction of row r of parts (rows, sections), in order. A kernel of `map` over rows.
template <class Op>
struct JoinSections {
  using Value = typename Op::Value;
  std::size_t sections;
  const Value* parts;
  Value* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    Value result = Op::start;
    for (std::size_t s = 0; s < sections; ++s) result = Op::join(result, parts[lane.index * sections + s]);
    to[lane.index] = result;
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
