// The series that the analyses take: a view of recorded states, a recording from a machine, and the part of a
// series that can be a wave.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "nwm/analysis/reach.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/error.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/memory/count.hpp"
#include "nwm/random.hpp"
#include "nwm/train/per_image_executor.hpp"

namespace nwm::analysis {

/// A view of a series y_1..y_T: (steps, channels, height, width), row-major. The numbers must outlive the
/// view.
struct SeriesView {
  std::span<const float> values;                               ///< (steps, channels, height, width)
  std::size_t steps = 0, channels = 0, height = 0, width = 0;  ///< its sizes
  bool torus = true;                                           ///< opposite edges are neighbours

  /// Values of one channel at one step.
  std::size_t plane() const { return height * width; }

  /// Throws Error (where, field `series`) unless the number of values fits the sizes.
  void check_sizes(const char* where) const {
    const std::array sizes{steps, channels, height, width};
    if (values.size() != checked_product(where, "series", sizes, sizeof(float)))
      throw Error(where, "series", text_of_sizes() + " values", std::to_string(values.size()));
  }

  /// Throws Error (where, field `series`) unless all values are finite, their number fits the sizes, and
  /// there are at least 8 steps, 1 channel, 3 rows and 3 columns.
  void check(const char* where) const {
    if (steps < 8 || channels == 0 || height < 3 || width < 3)
      throw Error(where, "series", "at least 8 steps, 1 channel, 3 rows and 3 columns", text_of_sizes());
    check_sizes(where);
    for (const float v : values)
      if (!std::isfinite(v)) throw Error(where, "series", "finite values", shown(static_cast<double>(v)));
  }

 private:
  std::string text_of_sizes() const {
    return std::to_string(steps) + " x " + std::to_string(channels) + " x " + std::to_string(height) + " x " +
           std::to_string(width);
  }
};

/// A recorded series that owns its numbers.
struct Recording {
  std::vector<float> values;                                   ///< (steps, channels, height, width)
  std::size_t steps = 0, channels = 0, height = 0, width = 0;  ///< its sizes
  bool torus = true;                                           ///< whether opposite edges are neighbours

  /// A view of the whole recording.
  SeriesView view() const { return {values, steps, channels, height, width, torus}; }
};

/// Records the series of `machine` (any cell of a WaveMachine) on image `index` of `set`. Throws Error when
/// the set does not fit the machine or has no such image, Unstable when a wave step is unstable.
template <class Machine>
Recording record(const Machine& machine, const data::Dataset& set, std::size_t index) {
  using Real = typename Machine::Real;
  require_fit<Machine>(set);
  if (index >= set.size())
    throw Error(set.name(), "index", "below " + std::to_string(set.size()), std::to_string(index));
  const auto space = std::make_unique<typename Machine::Workspace>();
  Buffer<Real> image(Machine::image_size), series(Machine::series_size);
  set.picture(index, image.span());
  machine.record(std::span<const Real, Machine::image_size>(image.data(), Machine::image_size),
                 std::span<Real, Machine::series_size>(series.data(), Machine::series_size), *space);
  constexpr auto shape = Machine::shape;
  Recording result{std::vector<float>(Machine::series_size),
                   shape.steps,
                   shape.oscillators,
                   shape.height,
                   shape.width,
                   on_torus<Machine>};
  const auto from = series.span();
  std::transform(from.begin(), from.end(), result.values.begin(),
                 [](Real v) { return static_cast<float>(v); });
  return result;
}

/// The series with its sites permuted: one permutation per channel, the same at all steps. Every neuron keeps
/// its series, but neighbours are no longer related. Throws Error when the series does not fit its sizes.
inline Recording shuffled(const SeriesView& series, std::uint64_t seed) {
  series.check_sizes("nwm::analysis::shuffled");
  Recording result{std::vector<float>(series.values.size()),
                   series.steps,
                   series.channels,
                   series.height,
                   series.width,
                   series.torus};
  std::vector<std::size_t> order(series.plane());
  for (std::size_t c = 0; c < series.channels; ++c) {
    for (std::size_t p = 0; p < order.size(); ++p) order[p] = p;
    Random(seed, c).shuffle(std::span(order));
    for (std::size_t t = 0; t < series.steps; ++t) {
      const std::size_t offset = (t * series.channels + c) * order.size();
      for (std::size_t p = 0; p < order.size(); ++p)
        result.values[offset + p] = series.values[offset + order[p]];
    }
  }
  return result;
}

/// The order of the drift that is removed by default.
inline constexpr std::size_t default_trend = 2;

/// One channel without the parts that cannot travel: each site's slow drift, and each step's mean over sites
/// (k = 0, all sites in step).
struct Centred {
  std::vector<double> values;  ///< (steps, height, width)
  double moving = 0;           ///< Σ values²
  double varying = 0;          ///< Σ (y − mean over sites and steps)²
  double all = 0;              ///< Σ y²

  /// Whether the rest is more than the rounding of floats.
  bool moves() const { return moving > 1e-12 * all; }
};

namespace detail {

/// Orthonormal polynomials of order 0..order over `steps` samples, one after the other.
inline std::vector<double> polynomials(std::size_t order, std::size_t steps) {
  std::vector<double> basis;
  for (std::size_t k = 0; k <= order; ++k) {
    std::vector<double> next(steps);
    for (std::size_t t = 0; t < steps; ++t)
      next[t] = std::pow(2 * static_cast<double>(t) / static_cast<double>(steps - 1) - 1, k);
    for (std::size_t other = 0; other < k; ++other) {
      double common = 0;
      for (std::size_t t = 0; t < steps; ++t) common += basis[other * steps + t] * next[t];
      for (std::size_t t = 0; t < steps; ++t) next[t] -= common * basis[other * steps + t];
    }
    double square = 0;
    for (const double v : next) square += v * v;
    for (const double v : next) basis.push_back(v / std::sqrt(square));
  }
  return basis;
}

}  // namespace detail

/// Removes from each site's series its best-fitting polynomial in time of order `trend` (0: the mean), and
/// from each step its mean over sites. The reason: an oscillator without a restoring force drifts like t²,
/// far beyond any wave around it. Throws Error when `trend` is above a quarter of the steps, there is no such
/// channel, or the series does not fit its sizes.
inline Centred centred(const SeriesView& s, std::size_t channel, std::size_t trend) {
  constexpr const char* where = "nwm::analysis::centred";
  s.check_sizes(where);
  if (channel >= s.channels)
    throw Error(where, "channel", "below " + std::to_string(s.channels), std::to_string(channel));
  if (trend > s.steps / 4)
    throw Error(where, "trend", "at most a quarter of " + std::to_string(s.steps) + " steps",
                std::to_string(trend));
  const std::size_t n = s.plane();
  Centred result;
  result.values.resize(s.steps * n);
  double mean = 0;
  for (std::size_t t = 0; t < s.steps; ++t)
    for (std::size_t p = 0; p < n; ++p) {
      const auto y = static_cast<double>(s.values[(t * s.channels + channel) * n + p]);
      result.values[t * n + p] = y;
      result.all += y * y;
      mean += y / static_cast<double>(s.steps * n);
    }
  for (const double y : result.values) result.varying += (y - mean) * (y - mean);
  const std::vector<double> basis = detail::polynomials(trend, s.steps);
  for (std::size_t k = 0; k <= trend; ++k) {
    std::vector<double> part(n);
    for (std::size_t t = 0; t < s.steps; ++t)
      for (std::size_t p = 0; p < n; ++p) part[p] += basis[k * s.steps + t] * result.values[t * n + p];
    for (std::size_t t = 0; t < s.steps; ++t)
      for (std::size_t p = 0; p < n; ++p) result.values[t * n + p] -= basis[k * s.steps + t] * part[p];
  }
  for (std::size_t t = 0; t < s.steps; ++t) {
    double in_step = 0;
    for (std::size_t p = 0; p < n; ++p) in_step += result.values[t * n + p] / static_cast<double>(n);
    for (std::size_t p = 0; p < n; ++p) {
      double& y = result.values[t * n + p];
      y -= in_step;
      result.moving += y * y;
    }
  }
  return result;
}

}  // namespace nwm::analysis

#include "nwm/pop_macros.inc"
