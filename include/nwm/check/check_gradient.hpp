// One test that every differentiable part must pass: the gradient it claims against differences of its value.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/random.hpp"

namespace nwm {

/// The worst of a number of comparisons, and the quantity it was found in.
struct WorstError {
  double error = 0;          ///< relative to the largest number of its quantity
  std::string quantity;      ///< where it was found
  std::size_t compared = 0;  ///< how many numbers were compared

  /// Takes one comparison into account: its error, and the quantity.
  void take(double value, const std::string& name) { merge({value, name, 1}); }
  /// Takes those of another over.
  void merge(const WorstError& other) {
    compared += other.compared;
    if (other.error <= error || std::isnan(error)) return;  // a NaN is the worst there is
    error = other.error;
    quantity = other.quantity;
  }
};

/// A named part of the vector a function depends on. Parts are judged one by one, each by its own largest
/// gradient, so that a large one does not hide a small one.
struct GradientPart {
  std::string name;                  ///< what messages call it
  std::size_t offset = 0, size = 0;  ///< where it stands in the vector
  bool zero = false;  ///< the function does not depend on this part: claim and differences must be zero
};

/// How a gradient is held against differences, and how close is close enough.
struct GradientCheckOptions {
  double tolerance = 1e-6;      ///< |claimed − difference|, relative to the largest of the part
  std::size_t coordinates = 0;  ///< compared in each part, drawn at random beside the largest; 0: all
  std::size_t directions = 1;   ///< random directions compared in each part: these see every coordinate
  std::uint64_t seed = 1;       ///< of the draws
};

/// What a check found. `faults` has a line for each part that failed.
struct GradientReport {
  WorstError worst;                 ///< of all parts
  std::vector<std::string> faults;  ///< a line each
  /// Whether something was compared, and no fault found.
  bool ok() const { return faults.empty() && worst.compared > 0; }
};

namespace detail {

/// A central difference of fourth order, and the rounding error it may carry.
struct Difference {
  double value = 0, noise = 0;
};

/// d/ds of f at x + s·direction, s = 0. Sets x back to what it was, to the bit.
template <class F>
Difference difference(std::span<double> x, std::span<const double> direction, double step, const F& f) {
  const std::vector<double> before(x.begin(), x.end());
  std::array<double, 4> values{};
  constexpr std::array<double, 4> places{-2, -1, 1, 2};
  double largest = 0;
  for (std::size_t k = 0; k < 4; ++k) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = before[i] + places[k] * step * direction[i];
    values[k] = f();
    largest = std::max(largest, std::abs(values[k]));
  }
  std::copy(before.begin(), before.end(), x.begin());
  return {(8 * (values[2] - values[1]) - (values[3] - values[0])) / (12 * step),
          16 * std::numeric_limits<double>::epsilon() * largest / step};
}

/// The coordinates of a part that are compared: all, or the largest claimed and some at random.
inline std::vector<std::size_t> drawn(std::span<const double> claimed, std::size_t wanted, Random& random) {
  std::vector<std::size_t> all(claimed.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  if (wanted == 0 || wanted >= all.size()) return all;
  random.shuffle(std::span(all));
  const auto size = [&](std::size_t i) { return std::isnan(claimed[i]) ? 0.0 : std::abs(claimed[i]); };
  const auto largest = std::max_element(all.begin(), all.end(),
                                        [&](std::size_t a, std::size_t b) { return size(a) < size(b); });
  std::swap(all.front(), *largest);
  all.resize(wanted);
  return all;
}

}  // namespace detail

namespace detail {
/// Throws Error, naming the part, where it is not within the `numbers` numbers of what it is a part of.
inline void require_within(const GradientPart& part, std::size_t numbers, const char* of) {
  if (part.offset <= numbers && part.size <= numbers - part.offset) return;
  throw Error("check_gradient", part.name, "a part of the " + std::to_string(numbers) + " numbers of " + of,
              std::to_string(part.size) + " from number " + std::to_string(part.offset) + " on");
}
}  // namespace detail

/// Compares `claimed`, the gradient of f at x, with central differences of f in single coordinates and in
/// random directions of each part. f() returns the value at what x holds at the moment (so it must read x
/// anew at each call); x is unchanged in the end. A comparison that fails is repeated with smaller steps,
/// since a step may straddle a kink of f; a wrong gradient agrees with none of them. A part whose gradient
/// and differences are zero throughout is a fault unless the part says `zero`: nothing was compared. Throws
/// Error, naming the part, where x or `claimed` has fewer numbers than the part needs.
template <class F>
GradientReport check_gradient(std::span<double> x, std::span<const double> claimed, const F& f,
                              std::span<const GradientPart> parts, const GradientCheckOptions& options = {}) {
  for (const GradientPart& part : parts) {
    detail::require_within(part, x.size(), "x");
    detail::require_within(part, claimed.size(), "the gradient claimed");
  }
  GradientReport report;
  Random random(options.seed);
  std::vector<double> direction(x.size());
  constexpr std::array<double, 4> steps{1e-3, 1e-4, 1e-5, 1e-6};
  for (const GradientPart& part : parts) {
    const auto fault = [&](const std::string& what) { report.faults.push_back(part.name + ": " + what); };
    const auto claim = claimed.subspan(part.offset, part.size);
    const auto inside = std::span(direction).subspan(part.offset, part.size);
    struct Comparison {
      double claimed, found, noise, error;
      std::string name;
    };
    std::vector<Comparison> comparisons;
    double scale = 0;
    const auto look = [&](std::string name) {
      const double expected = std::inner_product(claim.begin(), claim.end(), inside.begin(), 0.0);
      Comparison best{expected, 0, 0, std::numeric_limits<double>::infinity(), std::move(name)};
      for (const double step : steps) {
        const auto [value, noise] = detail::difference(x, direction, step, f);
        const double error = std::abs(expected - value);
        if (error < best.error) best.found = value, best.noise = noise, best.error = error;
        if (best.error <= options.tolerance * std::max(scale, std::abs(best.found))) break;
      }
      scale = std::max({scale, std::abs(best.claimed), std::abs(best.found)});
      comparisons.push_back(std::move(best));
    };
    for (const std::size_t i : detail::drawn(claim, options.coordinates, random)) {
      inside[i] = 1;
      look(part.name + "[" + std::to_string(i) + "]");
      inside[i] = 0;
    }
    for (std::size_t d = 0; d < options.directions; ++d) {
      const double length = std::sqrt(static_cast<double>(part.size));
      for (double& v : inside) v = random.uniform(-1, 1) / length;
      look(part.name + " along a random direction");
    }
    std::fill(inside.begin(), inside.end(), 0.0);

    const bool claims =
        std::any_of(comparisons.begin(), comparisons.end(), [](const auto& c) { return c.claimed != 0; });
    const bool differs = std::any_of(comparisons.begin(), comparisons.end(),
                                     [](const auto& c) { return !(std::abs(c.found) <= c.noise); });
    if (part.zero) {
      if (claims) fault("a gradient is claimed where there must be none");
      if (differs) fault("the value changes with it, but must not");
      continue;
    }
    if (!claims && !differs) {
      fault("nothing to compare, the gradient and the differences are zero");
      continue;
    }
    if (!claims) fault("the gradient is zero, the differences are not");
    if (!differs) fault("a gradient is claimed, but the differences are zero");
    WorstError worst;
    for (const Comparison& c : comparisons) {
      worst.take(c.error / scale,
                 c.name + ": claimed " + shown(c.claimed) + ", differences give " + shown(c.found));
      report.worst.take(c.error / scale, c.name);
    }
    if (!(worst.error <= options.tolerance))
      fault("relative error " + shown(worst.error) + " at " + worst.quantity);
  }
  return report;
}

/// The same for the whole of x as one part.
template <class F>
GradientReport check_gradient(std::span<double> x, std::span<const double> claimed, const F& f,
                              const GradientCheckOptions& options = {}) {
  const std::array parts{GradientPart{.name = "x", .size = x.size()}};
  return check_gradient(x, claimed, f, std::span<const GradientPart>(parts), options);
}

}  // namespace nwm

#include "nwm/pop_macros.inc"
