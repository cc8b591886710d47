// Makes the steps of a simulation audible: one factor stretches all of time, so that frequency ratios stay
// the same.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/sound/wav.hpp"

namespace nwm::sound {

/// What small loudspeakers play, Hz: below, a telephone is silent.
inline constexpr double lowest_audible = 200, highest_audible = 2000;

/// Units of simulated time that pass in a second of sound. A tone of f cycles per unit time sounds at
/// f · per_second Hz.
struct Pitch {
  double per_second = 1000;  ///< units of simulated time in a second

  /// The mapping under which `frequency` (cycles per unit time) sounds at `hertz`. Throws Error unless both
  /// are finite and above 0.
  static Pitch tuned(double frequency, double hertz) {
    if (!(frequency > 0) || !(hertz > 0) || !std::isfinite(hertz / frequency))
      throw Error("nwm::sound::Pitch", "frequency", "finite numbers above 0",
                  shown_exactly(frequency) + " as " + shown_exactly(hertz) + " Hz");
    return {hertz / frequency};
  }

  /// The mapping under which frequencies from `low` to `high` (cycles per unit time) sound in the middle of
  /// what small loudspeakers play, lowest_audible to highest_audible Hz: with their geometric means the same.
  /// What spans more than that decade sounds above and below it in equal parts. Throws Error unless
  /// 0 < low <= high, both finite.
  static Pitch audible(double low, double high) {
    if (!(low > 0) || !(high >= low) || !std::isfinite(high))
      throw Error("nwm::sound::Pitch", "band", "two finite numbers above 0, the lower one first",
                  shown_exactly(low) + " to " + shown_exactly(high));
    return tuned(std::sqrt(low) * std::sqrt(high), std::sqrt(lowest_audible * highest_audible));
  }

  /// The mapping in words, for the metadata of a file.
  std::string text() const {
    std::ostringstream out;
    out.imbue(std::locale::classic());
    out << "1 s of sound is " << per_second
        << " units of simulated time: a tone of f cycles per unit time sounds at " << per_second
        << " f Hz; all frequency ratios are kept";
    return out.str();
  }
};

/// Sampling rate, loudness and fades of a rendered sound.
struct RenderOptions {
  unsigned rate = 44100;  ///< samples per second
  double peak = 0.8;      ///< largest sample, as share of full scale
  double fade = 0.005;    ///< seconds of fading in and out; avoids clicks
};

namespace detail {

/// The value of a series at place x (in samples), low-passed at `cutoff` (<= 1) of its band by a sinc with 16
/// zeros on either side under a Hann window. The series is 0 beyond its ends.
inline double band_limited(std::span<const double> series, double x, double cutoff) {
  const double reach = 16 / cutoff;
  const auto first = static_cast<std::ptrdiff_t>(std::max(0.0, std::ceil(x - reach))),
             last = static_cast<std::ptrdiff_t>(
                 std::min(static_cast<double>(series.size()) - 1, std::floor(x + reach)));
  double sum = 0;
  for (std::ptrdiff_t i = first; i <= last; ++i) {
    const double d = static_cast<double>(i) - x, phase = std::numbers::pi * d * cutoff;
    const double sinc = std::abs(phase) < 1e-9 ? 1 : std::sin(phase) / phase;
    sum += series[static_cast<std::size_t>(i)] * cutoff * sinc *
           (0.5 + 0.5 * std::cos(std::numbers::pi * d / reach));
  }
  return sum;
}

inline void check(const RenderOptions& options, double interval, const Pitch& pitch, const char* where) {
  if (!(interval > 0) || !std::isfinite(interval))
    throw Error(where, "interval", "a finite time above 0", shown_exactly(interval));
  if (!(pitch.per_second > 0) || !std::isfinite(pitch.per_second))
    throw Error(where, "pitch", "a finite factor above 0", shown_exactly(pitch.per_second));
  if (options.rate < 1000 || options.rate > 384000)  // as encode_wav has it
    throw Error(where, "rate", "1000 to 384000 samples per second", std::to_string(options.rate));
  if (!(options.peak > 0) || options.peak > 1)
    throw Error(where, "peak", "in (0, 1]", shown_exactly(options.peak));
  if (!(options.fade >= 0)) throw Error(where, "fade", "at least 0 s", shown_exactly(options.fade));
}

/// A series' samples of sound as a whole number. Throws Error above an hour of them.
inline std::size_t sound_samples(double samples, unsigned rate, const char* where) {
  if (!(samples <= 3600.0 * rate))
    throw Error(where, "pitch", "a factor at which a series lasts an hour at most",
                shown_exactly(samples / rate) + " s");
  return static_cast<std::size_t>(samples);
}

/// Resamples a series and adds it to `out` from sample `start` on, weighted by window(sample, number of
/// samples).
template <class Weight>
void add_resampled(std::span<const double> series, double interval, const Pitch& pitch, unsigned rate,
                   std::vector<double>& out, std::size_t start, const Weight& window, const char* where) {
  const double step = pitch.per_second / rate / interval, cutoff = std::min(1.0, 1 / step);
  const std::size_t count = sound_samples(static_cast<double>(series.size()) / step, rate, where);
  out.resize(std::max(out.size(), start + count));
  for (std::size_t n = 0; n < count; ++n)
    out[start + n] += window(n, count) * band_limited(series, static_cast<double>(n) * step, cutoff);
}

inline std::vector<float> normalised(const std::vector<double>& sound, double peak) {
  double loudest = 0;
  for (const double s : sound) loudest = std::max(loudest, std::abs(s));
  std::vector<float> result;
  for (const double s : sound) result.push_back(static_cast<float>(loudest > 0 ? peak * s / loudest : 0.0));
  return result;
}

}  // namespace detail

/// A series sampled every `interval` as a sound: band-limited, with its loudest sample at `peak` (silence
/// stays silence). The clip's comment states the mapping. Throws Error for a series that is not finite, too
/// short for one sample of sound or longer than an hour of it, and for options out of range.
inline Clip render(std::span<const double> series, double interval, const Pitch& pitch,
                   std::string title = {}, const RenderOptions& options = {}) {
  constexpr const char* where = "nwm::sound::render";
  detail::check(options, interval, pitch, where);
  for (const double x : series)
    if (!std::isfinite(x)) throw Error(where, "series", "finite values", shown_exactly(x));
  std::vector<double> sound;
  const double fade = std::max(1.0, options.fade * options.rate);
  detail::add_resampled(
      series, interval, pitch, options.rate, sound, 0,
      [&](std::size_t n, std::size_t count) {
        return std::min({1.0, static_cast<double>(n) / fade, static_cast<double>(count - 1 - n) / fade});
      },
      where);
  if (sound.empty())
    throw Error(where, "series", "long enough for a sample of sound",
                std::to_string(series.size()) + " steps");
  return {detail::normalised(sound, options.peak), options.rate, std::move(title), pitch.text()};
}

/// Many short series, e.g. of a network's neurons, as one sound of `seconds`. They play one after the other,
/// again and again, each fading in while the one before fades out. The sound's spectrum is the mean of the
/// series' spectra. Throws Error as `render`, or when there is no series or no time.
inline Clip texture(std::span<const std::vector<double>> series, double interval, const Pitch& pitch,
                    double seconds, std::string title = {}, const RenderOptions& options = {}) {
  constexpr const char* where = "nwm::sound::texture";
  detail::check(options, interval, pitch, where);
  if (series.empty()) throw Error(where, "series", "at least 1", "0");
  if (!(seconds > 0) || seconds > 3600)
    throw Error(where, "seconds", "above 0, to an hour", shown_exactly(seconds));
  for (const auto& s : series)
    for (const double x : s)
      if (!std::isfinite(x)) throw Error(where, "series", "finite values", shown_exactly(x));
  std::vector<double> sound;
  const auto length = static_cast<std::size_t>(seconds * options.rate);
  for (std::size_t start = 0, i = 0; start < length; ++i) {
    const auto& grain = series[i % series.size()];
    double mean = 0;
    for (const double x : grain) mean += x / static_cast<double>(grain.size());
    std::vector<double> swing(grain);
    for (double& x : swing) x -= mean;
    const std::size_t count = detail::sound_samples(
        static_cast<double>(grain.size()) * interval * options.rate / pitch.per_second, options.rate, where);
    if (count < 4)
      throw Error(where, "series", "long enough for four samples of sound",
                  std::to_string(grain.size()) + " steps");
    detail::add_resampled(
        swing, interval, pitch, options.rate, sound, start,
        [](std::size_t n, std::size_t all) {
          return 0.5 - 0.5 * std::cos(2 * std::numbers::pi * (static_cast<double>(n) + 0.5) /
                                      static_cast<double>(all));
        },
        where);
    start += count / 2;
  }
  sound.resize(length);
  return {detail::normalised(sound, options.peak), options.rate, std::move(title), pitch.text()};
}

}  // namespace nwm::sound

#include "nwm/pop_macros.inc"
