// How much of what swings runs in one direction that lasts, beside surrogates: the same waves with their
// phases shuffled and no direction preferred.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <string>
#include <unsupported/Eigen/FFT>
#include <utility>
#include <vector>

#include "nwm/analysis/phase_waves.hpp"
#include "nwm/analysis/series.hpp"
#include "nwm/analysis/space_time_spectrum.hpp"
#include "nwm/error.hpp"
#include "nwm/random.hpp"

namespace nwm::analysis {

/// Z_b is the DFT in time of a neuron at frequency bin b, and J_b = −Im(Z_b* ∇Z_b): where waves of that
/// frequency travel, along J_b and, over the whole series, in one direction. A pattern that stands has J = 0,
/// whatever its frequencies; one that runs to and fro, too. |J_b| ≤ |Z_b||∇Z_b|.
struct OneWayFlow {
  /// Share of the energy (about its mean over space and time) that is neither drift nor in step everywhere:
  /// what could travel at all (Centred).
  double moving = 0;
  /// Σ |Σ_near Σ_b J_b| / Σ_near Σ_b |Z_b||∇Z_b|, sums over sites and channels: 0 where all stands, 1 where
  /// every neighbourhood runs in one direction for the whole time.
  double flow = 0;
  /// The same of the surrogates. Each has as much at every frequency and length of wave, at k and −k alike,
  /// and the phase of every wave vector turned by a random angle, the same at all frequencies: standing waves
  /// put together by chance, as smooth as the recording. They flow somewhat, too, here one way and there
  /// another.
  std::vector<double> surrogates{};

  /// The mean flow of the surrogates.
  double surrogate_mean() const {
    double sum = 0;
    for (const double s : surrogates) sum += s / static_cast<double>(surrogates.size());
    return sum;
  }
  /// How likely a flow as large is among surrogates: (1 + how many reach it) / (1 + how many there are).
  double chance() const {
    double reach = 1;
    for (const double s : surrogates) reach += s >= flow ? 1 : 0;
    return reach / static_cast<double>(1 + surrogates.size());
  }
};

/// Surrogates, and what PhaseOptions has, too.
struct FlowOptions {
  std::size_t trend = default_trend;  ///< order of the drift that is removed from each series (`centred`)
  std::size_t neighbourhood = 5;      ///< sites a side within which directions must agree; odd
  std::size_t surrogates = 19;        ///< 19: a chance of 1/20 where the flow is above all of them
  std::uint64_t seed = 0;             ///< of the surrogates' angles
};

/// Measures the one-way flow of recordings, over all that are added.
class FlowMeter {
 public:
  /// Throws Error when the neighbourhood is even, or there are more than a million surrogates.
  explicit FlowMeter(const FlowOptions& options = {})
      : options_(options),
        random_(options.seed),
        flows_(checked(options).surrogates + 1),
        bounds_(options.surrogates + 1) {}

  /// Adds a recording, all channels or one of them. Throws Error when it does not fit its sizes, has no such
  /// channel, or the trend is above a quarter of its steps.
  void add(const SeriesView& s) {
    s.check(where);
    for (std::size_t c = 0; c < s.channels; ++c) add_channel(s, c);
  }
  /// Adds one channel of a recording.
  void add(const SeriesView& s, std::size_t channel) {
    s.check(where);
    if (channel >= s.channels)
      throw Error(where, "channel", "below " + std::to_string(s.channels), std::to_string(channel));
    add_channel(s, channel);
  }

  /// What has been found so far.
  OneWayFlow result() const {
    OneWayFlow r{.moving = varying_ > 0 ? moving_ / varying_ : 0, .flow = ratio(0)};
    for (std::size_t k = 1; k < flows_.size(); ++k) r.surrogates.push_back(ratio(k));
    return r;
  }

 private:
  static constexpr const char* where = "nwm::analysis::FlowMeter";
  static const FlowOptions& checked(const FlowOptions& options) {
    if (options.neighbourhood % 2 == 0)
      throw Error(where, "neighbourhood", "an odd number", std::to_string(options.neighbourhood));
    if (options.surrogates > 1'000'000)
      throw Error(where, "surrogates", "at most 1000000", std::to_string(options.surrogates));
    return options;
  }
  using Waves = std::vector<std::complex<double>>;  // (bins, height, width)

  void add_channel(const SeriesView& s, std::size_t c) {
    const Centred channel = centred(s, c, options_.trend);
    varying_ += channel.varying;
    if (!channel.moves()) return;
    moving_ += channel.moving;
    const Waves z = spectrum(channel.values, s);
    add_flow(z, s, 0);
    if (flows_.size() == 1) return;
    const Waves waves = transformed(z, s);
    for (std::size_t k = 1; k < flows_.size(); ++k) add_flow(surrogate(waves, s), s, k);
  }

  double ratio(std::size_t k) const { return bounds_[k] > 0 ? flows_[k] / bounds_[k] : 0; }

  /// Bins 1 to (T − 1)/2 under a Hann window.
  static Waves spectrum(const std::vector<double>& values, const SeriesView& s) {
    const std::size_t bins = (s.steps - 1) / 2, n = s.plane();
    Waves z(bins * n);
    for (std::size_t b = 1; b <= bins; ++b)
      for (std::size_t t = 0; t < s.steps; ++t) {
        const double turn = 2 * std::numbers::pi / static_cast<double>(s.steps);
        const double window = 0.5 - 0.5 * std::cos(turn * (static_cast<double>(t) + 0.5));
        const std::complex<double> factor = std::polar(window, -turn * static_cast<double>(b * t % s.steps));
        for (std::size_t p = 0; p < n; ++p) z[(b - 1) * n + p] += factor * values[t * n + p];
      }
    return z;
  }

  /// The DFT over rows and columns of each bin. Twice, it gives the field again, upside down and n times as
  /// large: flows and their bounds then have the same ratio.
  Waves transformed(Waves z, const SeriesView& s) {
    Waves in, out;
    for (std::size_t start = 0; start < z.size(); start += s.plane()) {
      auto* plane = z.data() + start;
      for (std::size_t y = 0; y < s.height; ++y)
        detail::transform(fft_, plane + y * s.width, s.width, 1, in, out);
      for (std::size_t x = 0; x < s.width; ++x)
        detail::transform(fft_, plane + x, s.height, s.width, in, out);
    }
    return z;
  }

  Waves surrogate(const Waves& waves, const SeriesView& s) {
    const std::size_t n = s.plane();
    Waves z(waves.size());
    for (std::size_t p = 0; p < n; ++p) {
      const double angle = random_.uniform(0, 2 * std::numbers::pi);
      const std::size_t opposite =
          (s.height - p / s.width) % s.height * s.width + (s.width - p % s.width) % s.width;
      for (std::size_t start = 0; start < z.size(); start += n) {
        const std::complex<double> here = waves[start + p];
        const double both = 0.5 * (std::norm(here) + std::norm(waves[start + opposite]));
        z[start + p] = std::polar(std::sqrt(both), std::arg(here) + angle);
      }
    }
    return transformed(std::move(z), s);
  }

  void add_flow(const Waves& z, const SeriesView& s, std::size_t k) {
    const std::size_t n = s.plane();
    std::vector<double> down(n), right(n), bound(n), work, near_down, near_right, near_bound;
    for (std::size_t start = 0; start < z.size(); start += n)
      for (std::size_t p = 0; p < n; ++p) {
        const auto* plane = z.data() + start;
        const std::size_t y = p / s.width, x = p % s.width;
        const auto rows = detail::neighbours(y, s.height, s.torus),
                   columns = detail::neighbours(x, s.width, s.torus);
        const auto vertical = change(plane, rows.before * s.width + x, rows.after * s.width + x, p);
        const auto horizontal = change(plane, y * s.width + columns.before, y * s.width + columns.after, p);
        down[p] -= std::imag(std::conj(plane[p]) * vertical);
        right[p] -= std::imag(std::conj(plane[p]) * horizontal);
        bound[p] += std::sqrt(std::norm(plane[p]) * (std::norm(vertical) + std::norm(horizontal)));
      }
    const std::size_t side =
        std::min({options_.neighbourhood, s.height - 1 + s.height % 2, s.width - 1 + s.width % 2});
    detail::box_sums(down, s, side, work, near_down);
    detail::box_sums(right, s, side, work, near_right);
    detail::box_sums(bound, s, side, work, near_bound);
    for (std::size_t p = 0; p < n; ++p) {
      flows_[k] += std::hypot(near_down[p], near_right[p]);
      bounds_[k] += near_bound[p];
    }
  }

  /// ∂z along an axis; at an edge, where one neighbour is the site itself, over one distance and not two.
  static std::complex<double> change(const std::complex<double>* plane, std::size_t before, std::size_t after,
                                     std::size_t here) {
    return (before == here || after == here ? 1.0 : 0.5) * (plane[after] - plane[before]);
  }

  FlowOptions options_;
  Eigen::FFT<double> fft_;
  Random random_;
  std::vector<double> flows_, bounds_;  // of the recordings, then of each surrogate
  double moving_ = 0, varying_ = 0;
};

/// The channel that shows waves most clearly: that of the largest share of energy that moves times its
/// one-way flow, over all recordings; the first of equals. Throws Error when there is no recording, they have
/// not the same number of channels, or one does not fit its sizes.
inline std::size_t waviest_channel(std::span<const SeriesView> recordings) {
  constexpr const char* where = "nwm::analysis::waviest_channel";
  if (recordings.empty()) throw Error(where, "recordings", "at least 1", "0");
  recordings[0].check(where);
  std::size_t best = 0;
  double most = -1;
  for (std::size_t c = 0; c < recordings[0].channels; ++c) {
    FlowMeter meter({.surrogates = 0});
    for (const SeriesView& s : recordings) {
      if (s.channels != recordings[0].channels)
        throw Error(where, "channels", std::to_string(recordings[0].channels), std::to_string(s.channels));
      meter.add(s, c);
    }
    const OneWayFlow found = meter.result();
    if (found.moving * found.flow > most) most = found.moving * found.flow, best = c;
  }
  return best;
}

}  // namespace nwm::analysis

#include "nwm/pop_macros.inc"
