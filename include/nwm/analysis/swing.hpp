// At which frequencies neurons swing: the energy of their series by frequency, without their slow drift.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <span>
#include <string>
#include <unsupported/Eigen/FFT>
#include <vector>

#include "nwm/analysis/series.hpp"
#include "nwm/error.hpp"

namespace nwm::analysis {

/// The energy of what swings, by frequency. Frequencies are in cycles per step: divide by dt for cycles per
/// unit time.
struct Swing {
  std::vector<double> energy{};  ///< Σ |DFT|² at bins 0..floor(T/2); bin k is k/T cycles per step. Bin 0 is 0
  std::size_t steps = 0;         ///< T

  /// The mean frequency, weighted by energy; NaN where nothing swings.
  double mean() const {
    double sum = 0, all = 0;
    for (std::size_t k = 0; k < energy.size(); ++k)
      sum += energy[k] * static_cast<double>(k), all += energy[k];
    return all > 0 ? sum / all / static_cast<double>(steps) : std::numeric_limits<double>::quiet_NaN();
  }
  /// The frequency below which this share (0 to 1) of the energy lies, bin k taken as spread evenly from
  /// k − ½ to k + ½; NaN where nothing swings.
  double quantile(double share) const {
    double all = 0, below = 0;
    for (const double e : energy) all += e;
    if (!(all > 0)) return std::numeric_limits<double>::quiet_NaN();
    for (std::size_t k = 0; k < energy.size(); ++k) {
      if (energy[k] > 0 && below + energy[k] >= share * all) {
        const double part = (share * all - below) / energy[k];
        return (static_cast<double>(k) - 0.5 + part) / static_cast<double>(steps);
      }
      below += energy[k];
    }
    return 0.5;  // rounding left a little beyond the last bin
  }
};

/// Gathers Swing over series of one length.
class SwingMeter {
 public:
  /// For series of `steps` steps. From each, its best-fitting polynomial in time of order `trend` is taken
  /// (0: its mean), or of a quarter of the steps where that is less. Throws Error for fewer than 4 steps.
  explicit SwingMeter(std::size_t steps, std::size_t trend = default_trend) : steps_(steps) {
    if (steps < 4) throw Error(where, "steps", "at least 4", std::to_string(steps));
    order_ = std::min(trend, steps / 4);
    basis_ = detail::polynomials(order_, steps);
    energy_.resize(steps / 2 + 1);
  }

  /// The series without its drift: what swings. Throws Error for another length.
  std::vector<double> swing(std::span<const double> series) const {
    if (series.size() != steps_)
      throw Error(where, "series", std::to_string(steps_) + " steps", std::to_string(series.size()));
    std::vector<double> result(series.begin(), series.end());
    for (std::size_t k = 0; k <= order_; ++k) {
      double part = 0;
      for (std::size_t t = 0; t < steps_; ++t) part += basis_[k * steps_ + t] * result[t];
      for (std::size_t t = 0; t < steps_; ++t) result[t] -= part * basis_[k * steps_ + t];
    }
    return result;
  }

  /// Adds a series: its |DFT|² without its drift, under a Hann window. What is no more than rounding beside
  /// the series itself counts as rest. Throws Error for another length.
  void add(std::span<const double> series) {
    std::vector<double> y = swing(series);
    double rest = 0, all = 0;
    for (std::size_t t = 0; t < steps_; ++t) rest += y[t] * y[t], all += series[t] * series[t];
    if (!(rest > 1e-12 * all)) return;
    for (std::size_t t = 0; t < steps_; ++t)
      y[t] *= 0.5 - 0.5 * std::cos(2 * std::numbers::pi * (static_cast<double>(t) + 0.5) /
                                   static_cast<double>(steps_));
    fft_.fwd(transformed_, y);
    for (std::size_t k = 1; k < energy_.size(); ++k) energy_[k] += std::norm(transformed_[k]);
  }

  /// Adds the series of all channels at the sites where `counted` (height, width) is not 0. Throws Error when
  /// the recording does not fit its sizes or the meter, or `counted` has not a number for each site.
  void add(const SeriesView& s, std::span<const std::uint8_t> counted) {
    s.check_sizes(where);
    if (s.steps != steps_)
      throw Error(where, "series", std::to_string(steps_) + " steps", std::to_string(s.steps));
    if (counted.size() != s.plane())
      throw Error(where, "counted", std::to_string(s.plane()), std::to_string(counted.size()));
    std::vector<double> series(steps_);
    for (std::size_t neuron = 0; neuron < s.channels * s.plane(); ++neuron) {
      if (counted[neuron % s.plane()] == 0) continue;
      for (std::size_t t = 0; t < steps_; ++t)
        series[t] = static_cast<double>(s.values[t * s.channels * s.plane() + neuron]);
      add(series);
    }
  }

  /// What was found so far.
  Swing result() const { return {energy_, steps_}; }

 private:
  static constexpr const char* where = "nwm::analysis::SwingMeter";
  std::size_t steps_, order_ = 0;
  std::vector<double> basis_, energy_;
  std::vector<std::complex<double>> transformed_;
  Eigen::FFT<double> fft_;
};

}  // namespace nwm::analysis

#include "nwm/pop_macros.inc"
