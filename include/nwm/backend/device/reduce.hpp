// Reductions: a body reduces rows, a block each; rows that are long are cut into sections, and the same body
// joins these. The order depends only on sizes, so that every run and every card gives the same bits.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>

namespace nwm::device {

// `start` is a function: a constant of a class is not copied on a device (block.hpp).
/// Sums in double.
struct Sum {
  using Value = double;
  static constexpr double start() { return 0; }
  static constexpr double join(double a, double b) { return a + b; }
};

/// Two sums in double, beside each other.
struct SumOfTwo {
  using Value = std::array<double, 2>;
  static constexpr Value start() { return {0, 0}; }
  static constexpr Value join(Value a, Value b) { return {a[0] + b[0], a[1] + b[1]}; }
};

/// The maximum; NaN if any value is NaN.
template <class Real>
struct Largest {
  using Value = Real;
  static constexpr Real start() { return -std::numeric_limits<Real>::infinity(); }
  static constexpr Real join(Real a, Real b) { return b > a || b != b ? b : a; }
};

/// What becomes of the result of row r: to[r] = result.
template <class Value>
struct SetResult {
  Value* to;
  constexpr void operator()(std::size_t r, Value result) const { to[r] = result; }
};
/// to[r] += result, rounded to Real.
template <class Real>
struct AddResult {
  Real* to;
  constexpr void operator()(std::size_t r, double result) const { to[r] += static_cast<Real>(result); }
};

/// Number of sections into which each of `rows` rows of n numbers is cut, with room for `room` results. One
/// where a row is short, as a second launch would take longer than a block takes for it, and where there are
/// rows enough for every multiprocessor.
constexpr std::size_t sections_of(std::size_t rows, std::size_t n, std::size_t room) {
  if (n <= 4096 || rows >= 1024) return 1;
  const std::size_t wanted = std::clamp<std::size_t>((n + 1023) / 1024, 1, 256);
  return std::clamp<std::size_t>(room / rows, 1, wanted);
}

/// Reads the results of sections.
template <class Value>
struct ReadParts {
  const Value* from;
  template <class Lane>
  constexpr Value operator()(Lane lane) const {
    return from[lane.index];
  }
};

/// finish(r·sections + s, result) with the reduction of kernel(lane) over section s of row r of (rows, n). A
/// body (block.hpp).
template <class Op, class Lane, class Kernel, class Finish>
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
  Finish finish;

  template <class Block>
  constexpr void operator()(Block& block) const {
    const std::size_t row = block.index / sections, section = block.index % sections;
    const std::size_t each = (n + sections - 1) / sections;
    const std::size_t begin = row * n + std::min(n, section * each);
    const std::size_t end = row * n + std::min(n, (section + 1) * each);
    block.each([&](std::size_t thread, Local&) {
      Value result = Op::start();
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
      if (thread == 0) finish(block.index, block.shared.held[0]);
    });
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
