// Whether neurons swing or drift: zero crossings and monotone series, and how far apart the spectra of two
// classes are.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nwm/analysis/series.hpp"
#include "nwm/error.hpp"

namespace nwm::analysis {

/// How a group of neurons swings. A neuron is one channel at one site.
struct Oscillation {
  std::size_t neurons = 0;  ///< how many were looked at
  double crossings = 0;     ///< median over the neurons of how often the series changes sign
  double monotone =
      0;  ///< share of the neurons whose series never turns: it only grows, only falls, or rests
};

/// Counts how neurons swing, recording by recording.
class OscillationCounter {
 public:
  /// Adds the series of the sites where `counted` (height, width) is not 0, all channels. Throws Error when
  /// the series does not fit its sizes or `counted` has not a number for each site.
  void add(const SeriesView& s, std::span<const std::uint8_t> counted) {
    constexpr const char* where = "nwm::analysis::OscillationCounter";
    s.check(where);
    if (counted.size() != s.plane())
      throw Error(where, "counted", std::to_string(s.plane()), std::to_string(counted.size()));
    for (std::size_t c = 0; c < s.channels; ++c)
      for (std::size_t p = 0; p < s.plane(); ++p)
        if (counted[p] != 0) add_neuron(s, c * s.plane() + p);
  }

  /// What was found so far; zeros when no neuron was counted.
  Oscillation result() const {
    Oscillation o{.neurons = crossings_.size()};
    if (o.neurons == 0) return o;
    std::vector<std::size_t> sorted = crossings_;
    std::sort(sorted.begin(), sorted.end());
    o.crossings = 0.5 * static_cast<double>(sorted[(o.neurons - 1) / 2] + sorted[o.neurons / 2]);
    o.monotone = static_cast<double>(monotone_) / static_cast<double>(o.neurons);
    return o;
  }

 private:
  void add_neuron(const SeriesView& s, std::size_t neuron) {
    const std::size_t stride = s.channels * s.plane();
    float sign = 0;  // the last number that was not 0
    std::size_t crossings = 0;
    bool rises = false, falls = false;
    for (std::size_t t = 0; t < s.steps; ++t) {
      const float y = s.values[t * stride + neuron];
      if ((sign < 0 && y > 0) || (sign > 0 && y < 0)) ++crossings;
      if (y != 0) sign = y;
      if (t == 0) continue;
      const float before = s.values[(t - 1) * stride + neuron];
      rises = rises || y > before, falls = falls || y < before;
    }
    crossings_.push_back(crossings);
    if (!rises || !falls) ++monotone_;
  }

  std::vector<std::size_t> crossings_;
  std::size_t monotone_ = 0;
};

/// The bin with most of a spectrum; the first of equals.
inline std::size_t peak_bin(std::span<const double> spectrum) {
  return static_cast<std::size_t>(std::max_element(spectrum.begin(), spectrum.end()) - spectrum.begin());
}

/// How far apart two spectra are in their course over the bins, whatever their size: the total variation
/// distance ½ Σ_k |p_k − q_k| of the two, each divided by its sum. 0: the same course; 1: no bin in common.
/// The sums must be above 0. Throws Error when the two have not the same number of bins.
inline double spectral_distance(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size())
    throw Error("nwm::analysis::spectral_distance", "bins", std::to_string(a.size()),
                std::to_string(b.size()));
  double sum_a = 0, sum_b = 0, distance = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum_a += a[k], sum_b += b[k];
  for (std::size_t k = 0; k < a.size(); ++k) distance += 0.5 * std::abs(a[k] / sum_a - b[k] / sum_b);
  return distance;
}

}  // namespace nwm::analysis

#include "nwm/pop_macros.inc"
