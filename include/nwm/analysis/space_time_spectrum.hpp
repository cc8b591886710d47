// Travelling waves by their spectrum over space and time: how much moves at all, and how much runs in one
// direction.
#pragma once

#include "nwm/push_macros.inc"

#include <cmath>
#include <complex>
#include <cstddef>
#include <numbers>
#include <span>
#include <unsupported/Eigen/FFT>
#include <vector>

#include "nwm/analysis/series.hpp"

namespace nwm::analysis {

/// Power of a series over frequency ω_b = 2π b/T, b = 1..bins, and wave vector k. Power at (b, k) belongs to
/// waves that travel along +k: cos(k·x − ω t) has all its power there, a standing wave has half of its power
/// at −k. Still patterns (ω = 0) and the mean over the grid (k = 0) are left out.
struct SpaceTimeSpectrum {
  std::size_t steps = 0, bins = 0, height = 0, width = 0;  ///< steps of the series, bins and sizes of `power`
  /// (bins, height, width), summed over channels. Row r, column c stand for the wave numbers
  /// 2π (r − height/2) / height down the rows and 2π (c − width/2) / width along the columns, in radians per
  /// site.
  std::vector<double> power{};

  /// Share of the series' energy (without its mean over space and time) at ω ≠ 0, after removing slow drift,
  /// and k ≠ 0. 0: a still or drifting picture, or all sites in step. 1: every neuron oscillates, out of step
  /// with the rest. Standing and travelling waves both give 1.
  double moving = 0;
  /// Net direction: Σ_k |P(k) − P(−k)| / Σ_k (P(k) + P(−k)) over pairs of opposite wave vectors, where P(k)
  /// is the sum of `power` over the bins; averaged over channels by their power. 0: standing waves, or
  /// nothing moves. 1: plane waves.
  /// Two plane waves of amplitudes a and b that meet give (a² − b²)/(a² + b²). Waves that run outward from a
  /// point give 0, since all directions are alike: phase_waves finds those. Unrelated neurons give not 0 but
  /// about 1.1/sqrt(T) (white noise) to 1/2 (a pure tone each): compare with `shuffled`.
  double directed = 0;
  /// Mean of the unit vectors along k, weighted by power. The length is 1 when all waves run in one
  /// direction.
  double down = 0, right = 0;
  /// Mean ω over mean |k|, both weighted by power, in sites per step. 0 when nothing moves.
  double speed = 0;

  /// (height, width): Σ_b power, the directions of the waves.
  std::vector<double> by_direction() const {
    std::vector<double> result(height * width);
    for (std::size_t i = 0; i < power.size(); ++i) result[i % result.size()] += power[i];
    return result;
  }
  /// (bins, width): power over the frequency and the wave number along the columns, summed over the wave
  /// number down the rows.
  std::vector<double> along_columns() const {
    std::vector<double> result(bins * width);
    for (std::size_t i = 0; i < power.size(); ++i)
      result[i / (height * width) * width + i % width] += power[i];
    return result;
  }
};

namespace detail {

using Complexes = std::vector<std::complex<double>>;

/// Transforms `count` numbers in place; they lie `stride` apart.
inline void transform(Eigen::FFT<double>& fft, std::complex<double>* values, std::size_t count,
                      std::size_t stride, Complexes& in, Complexes& out) {
  in.resize(count);
  for (std::size_t i = 0; i < count; ++i) in[i] = values[i * stride];
  fft.fwd(out, in);
  for (std::size_t i = 0; i < count; ++i) values[i * stride] = out[i];
}

/// DFT over time and space of one channel (steps, height, width), at all frequencies. A Hann window in time
/// keeps waves without a whole number of periods from leaking into the opposite direction.
inline Complexes space_time_dft(const std::vector<double>& values, std::size_t steps, std::size_t height,
                                std::size_t width) {
  Eigen::FFT<double> fft;
  Complexes z(values.size()), in, out;
  const std::size_t n = height * width;
  for (std::size_t t = 0; t < steps; ++t) {
    const double phase = (static_cast<double>(t) + 0.5) / static_cast<double>(steps);
    const double window = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * phase);
    std::complex<double>* plane = z.data() + t * n;
    for (std::size_t p = 0; p < n; ++p) plane[p] = window * values[t * n + p];
    for (std::size_t y = 0; y < height; ++y) transform(fft, plane + y * width, width, 1, in, out);
    for (std::size_t x = 0; x < width; ++x) transform(fft, plane + x, height, width, in, out);
  }
  for (std::size_t p = 0; p < n; ++p) transform(fft, z.data() + p, steps, n, in, out);
  return z;
}

/// Wave number of DFT index i of n, in −π..π, but 0 for the index that is its own opposite.
inline double wave_number(std::size_t i, std::size_t n) {
  const auto index = static_cast<double>(i), size = static_cast<double>(n);
  return 2 * std::numbers::pi * (2 * i < n ? index : index - size) / size;
}
inline double direction(std::size_t i, std::size_t n) { return 2 * i == n ? 0 : wave_number(i, n); }

}  // namespace detail

/// The spectrum of a series on a torus, or of waves that stay clear of the edges. Waves should complete at
/// least two periods in the series. trend: order of the drift in time that is removed from each neuron's
/// series (`centred`). Throws Error when the series does not fit its sizes or the trend is above a quarter of
/// its steps.
inline SpaceTimeSpectrum space_time_spectrum(const SeriesView& s, std::size_t trend = default_trend) {
  s.check("nwm::analysis::space_time_spectrum");
  SpaceTimeSpectrum result{.steps = s.steps, .bins = (s.steps - 1) / 2, .height = s.height, .width = s.width};
  const std::size_t n = s.plane();
  result.power.resize(result.bins * n);
  double energy = 0, moving = 0, net = 0, both = 0, omega = 0, wave = 0;
  std::vector<double> total(n);
  for (std::size_t c = 0; c < s.channels; ++c) {
    const Centred channel = centred(s, c, trend);
    energy += channel.varying;
    if (!channel.moves()) continue;
    moving += channel.moving;
    const detail::Complexes z = detail::space_time_dft(channel.values, s.steps, s.height, s.width);
    std::fill(total.begin(), total.end(), 0.0);
    for (std::size_t p = 1; p < n; ++p) {
      const std::size_t y = p / s.width, x = p % s.width;
      const std::size_t to = (y + s.height / 2) % s.height * s.width + (x + s.width / 2) % s.width;
      const double ky = detail::wave_number(y, s.height), kx = detail::wave_number(x, s.width);
      for (std::size_t b = 1; b <= result.bins; ++b) {
        // exp(i(k·x − ωt)) stands at frequency −ω in the DFT.
        const double power = std::norm(z[(s.steps - b) * n + p]);
        result.power[(b - 1) * n + to] += power;
        total[p] += power;
        omega += power * 2 * std::numbers::pi * static_cast<double>(b) / static_cast<double>(s.steps);
      }
      wave += total[p] * std::hypot(ky, kx);
      const double dy = detail::direction(y, s.height), dx = detail::direction(x, s.width);
      if (dy != 0 || dx != 0) {
        result.down += total[p] * dy / std::hypot(dy, dx);
        result.right += total[p] * dx / std::hypot(dy, dx);
      }
    }
    for (std::size_t p = 1; p < n; ++p) {
      const std::size_t opposite =
          (s.height - p / s.width) % s.height * s.width + (s.width - p % s.width) % s.width;
      net += 0.5 * std::abs(total[p] - total[opposite]);  // each pair comes twice
      both += total[p];
    }
  }
  if (energy > 0) result.moving = moving / energy;
  if (both > 0) {
    result.directed = net / both;
    result.down /= both, result.right /= both;
    result.speed = omega / wave;
  }
  return result;
}

}  // namespace nwm::analysis

#include "nwm/pop_macros.inc"
