// The spectrum of a time series, with windows, zero-padding and averages.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <numbers>
#include <span>
#include <string>
#include <unsupported/Eigen/FFT>
#include <vector>

#include "nwm/error.hpp"

namespace nwm::sound {

/// The weight of a sample by its place in the segment. Beside a tone, sidelobes are at most 0.22, 0.027,
/// 2.6e-5 of its peak; the peak reaches 1, 2, 4 frequency bins to either side.
enum class Window { rectangular, hann, blackman_harris };

namespace detail {

struct WindowShape {
  std::array<double, 4> terms;  // coefficients of the cosine sum
  double lobe, sidelobe, shoulder;
};
inline WindowShape shape(Window window) {
  switch (window) {
    case Window::hann:
      return {{0.5, -0.5, 0, 0}, 2, 0.027, 0.5};
    case Window::blackman_harris:
      return {{0.35875, -0.48829, 0.14128, -0.01168}, 4, 2.6e-5, 0.14128 / 2 / 0.35875};
    case Window::rectangular:
      break;
  }
  return {{1, 0, 0, 0}, 1, 0.22, 2 / std::numbers::pi};
}

/// The smallest even number >= n whose only prime factors are 2, 3 and 5: such lengths transform quickly.
inline std::size_t quick_length(std::size_t n) {
  for (std::size_t m = std::max<std::size_t>(n + n % 2, 2);; m += 2) {
    std::size_t rest = m;
    for (const std::size_t p : {std::size_t{2}, std::size_t{3}, std::size_t{5}})
      while (rest % p == 0) rest /= p;
    if (rest == 1) return m;
  }
}

}  // namespace detail

/// Window, zero-padding and averaging of a spectrum.
struct SpectrumOptions {
  Window window = Window::blackman_harris;  ///< what each segment is multiplied by
  std::size_t padding = 2;  ///< the transform is at least this many times as long as a segment
  std::size_t segment = 0;  ///< samples of a segment (Welch 1967); 0: one segment, the whole series
  double overlap = 0.5;     ///< share of a segment that overlaps with the next one
};

/// Amplitudes over frequency. A sine of amplitude a at a bin has amplitude a; a constant a has 2a at
/// frequency 0.
struct Spectrum {
  std::vector<double> amplitude;  ///< at frequencies 0, spacing, 2 spacing, ... to half the sampling rate
  double spacing = 0;             ///< cycles per unit time
  double lobe = 0;                ///< half the width of a tone's peak, cycles per unit time
  double sidelobe = 0;            ///< the largest false peak beside a tone, as share of the tone's peak
  double shoulder = 0;            ///< amplitude half a lobe from a tone's frequency, as share of its peak

  /// Frequency of a bin, cycles per unit time.
  double frequency(std::size_t bin) const { return spacing * static_cast<double>(bin); }
};

/// Computes spectra of series of one length; plans and buffers are made once. Use one Ear per thread.
class Ear {
 public:
  /// samples: length of the series; interval: time between two samples. Throws Error unless a segment has at
  /// least 8 samples, interval > 0, padding >= 1 to at most 2^30 samples in all, and 0 <= overlap < 1.
  Ear(std::size_t samples, double interval, const SpectrumOptions& options = {})
      : samples_(samples), segment_(options.segment == 0 ? samples : options.segment), interval_(interval) {
    constexpr const char* where = "nwm::sound::Ear";
    if (segment_ < 8 || segment_ > samples)
      throw Error(where, "segment", "8 to " + std::to_string(samples) + " samples", std::to_string(segment_));
    if (!(interval > 0) || !std::isfinite(interval))
      throw Error(where, "interval", "a finite time above 0", shown_exactly(interval));
    constexpr std::size_t most = std::size_t{1} << 30;
    if (options.padding == 0 || options.padding > most / segment_)
      throw Error(where, "padding", "1 to " + std::to_string(most / segment_),
                  std::to_string(options.padding));
    if (!(options.overlap >= 0) || !(options.overlap < 1))
      throw Error(where, "overlap", "from 0 to below 1", shown_exactly(options.overlap));
    hop_ = std::max<std::size_t>(
        1, static_cast<std::size_t>(std::lround((1 - options.overlap) * static_cast<double>(segment_))));
    const auto shape = detail::shape(options.window);
    lobe_ = shape.lobe, sidelobe_ = shape.sidelobe, shoulder_ = shape.shoulder;
    for (std::size_t i = 0; i < segment_; ++i) {
      // The window is symmetric and would be 0 half a sample beyond either end.
      const double phase =
          2 * std::numbers::pi * (static_cast<double>(i) + 0.5) / static_cast<double>(segment_);
      double w = 0;
      for (std::size_t k = 0; k < shape.terms.size(); ++k)
        w += shape.terms[k] * std::cos(static_cast<double>(k) * phase);
      window_.push_back(w);
      sum_ += w;
    }
    padded_.resize(detail::quick_length(options.padding * segment_));
    fft_.SetFlag(Eigen::FFT<double>::HalfSpectrum);
  }

  /// Length of the series; number of frequency bins of a spectrum.
  std::size_t samples() const { return samples_; }
  /// How many frequencies there are.
  std::size_t bins() const { return padded_.size() / 2 + 1; }

  /// The spectrum of a series: the root of the mean of |DFT|² over segments. Throws Error for another length
  /// or a value that is not finite.
  Spectrum operator()(std::span<const double> series) {
    std::vector<double> power(bins(), 0.0);
    add_power(series, power);
    return from_power(power, 1);
  }

  /// Adds the squared amplitudes of a series to `power` (bins() values), for means over many series. Throws
  /// as operator(), and for another number of values in `power`.
  void add_power(std::span<const double> series, std::span<double> power) {
    if (series.size() != samples_)
      throw Error("nwm::sound::Ear", "series", std::to_string(samples_) + " samples",
                  std::to_string(series.size()));
    for (const double x : series)
      if (!std::isfinite(x)) throw Error("nwm::sound::Ear", "series", "finite samples", shown_exactly(x));
    if (power.size() != bins())
      throw Error("nwm::sound::Ear", "power", std::to_string(bins()) + " values",
                  std::to_string(power.size()));
    const std::size_t segments = (samples_ - segment_) / hop_ + 1;
    for (std::size_t s = 0; s < segments; ++s) {
      const auto part = series.subspan(s * hop_, segment_);
      std::fill(padded_.begin(), padded_.end(), 0.0);
      for (std::size_t i = 0; i < segment_; ++i) padded_[i] = window_[i] * part[i];
      fft_.fwd(transformed_, padded_);
      const double scale = 4 / (sum_ * sum_ * static_cast<double>(segments));
      for (std::size_t k = 0; k < bins(); ++k) power[k] += scale * std::norm(transformed_[k]);
    }
  }

  /// The root mean square of `count` spectra, from the sum of their squared amplitudes.
  Spectrum from_power(std::span<const double> power, std::size_t count) const {
    Spectrum result;
    result.spacing = 1 / (interval_ * static_cast<double>(padded_.size()));
    const double resolution = 1 / (interval_ * static_cast<double>(segment_));
    result.lobe = lobe_ * resolution, result.sidelobe = sidelobe_, result.shoulder = shoulder_;
    for (const double p : power)
      result.amplitude.push_back(std::sqrt(p / static_cast<double>(std::max<std::size_t>(count, 1))));
    return result;
  }

 private:
  std::size_t samples_, segment_, hop_ = 1;
  double interval_, lobe_ = 1, sidelobe_ = 0, shoulder_ = 0, sum_ = 0;
  std::vector<double> window_, padded_;
  std::vector<std::complex<double>> transformed_;
  Eigen::FFT<double> fft_;
};

/// The spectrum of one series sampled every `interval`. Throws Error as Ear does.
inline Spectrum spectrum(std::span<const double> series, double interval,
                         const SpectrumOptions& options = {}) {
  return Ear(series.size(), interval, options)(series);
}

}  // namespace nwm::sound

#include "nwm/pop_macros.inc"
