// Tones in a spectrum: peaks, located between the bins, and the lowest tone, which is reported only when it
// is clear.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/sound/spectrum.hpp"

namespace nwm::sound {

/// A tone: frequency in cycles per unit time, and amplitude.
struct Tone {
  double frequency = 0, amplitude = 0;  ///< cycles per unit time, and in the units of the samples
};

/// Limits within which peaks count as tones.
struct ToneOptions {
  double threshold = 3e-5;  ///< a tone is at least this share of the loudest peak
  double clearness = 8;     ///< the lowest tone is this many times the median beside it
  double purity = 200;      ///< and this many times everything more than a lobe below it, as far
                            ///< as the window's sidelobes allow
  double form = 0.1;        ///< largest relative error of its shoulders against one tone's
};

/// All peaks at least `threshold` (and 1.5 times the window's sidelobes) as high as the highest, by ascending
/// frequency. A parabola through the logarithms of three bins locates each peak. A peak within two lobes of
/// another one a thousand times as high counts as a ripple of that one and is left out (a decaying tone has
/// more ripples than the window's). A silent spectrum has no tones. Throws Error for a spectrum whose bins
/// have no spacing, or whose peaks have no finite width.
inline std::vector<Tone> tones(const Spectrum& spectrum, const ToneOptions& options = {}) {
  std::vector<Tone> result;
  const auto& a = spectrum.amplitude;
  if (a.size() < 3) return result;
  // The number of bins of a peak must be one.
  const double bins = spectrum.lobe / spectrum.spacing;
  if (!(spectrum.spacing > 0) || !(bins >= 0) || bins > 1e9)
    throw Error("nwm::sound::tones", "spacing and lobe", "a spacing above 0, a lobe of 0 to 1e9 of it",
                shown_exactly(spectrum.spacing) + ", " + shown_exactly(spectrum.lobe));
  const double loudest = *std::max_element(a.begin(), a.end());
  const double least = loudest * std::max(options.threshold, 1.5 * spectrum.sidelobe);
  const auto near = static_cast<std::size_t>(std::ceil(2 * spectrum.lobe / spectrum.spacing));
  const auto ripple = [&](std::size_t k) {
    const std::size_t from = k > near ? k - near : 0, to = std::min(k + near + 1, a.size());
    for (std::size_t i = from; i < to; ++i)
      if (a[i] > 1000 * a[k]) return true;
    return false;
  };
  for (std::size_t k = 1; k + 1 < a.size(); ++k) {
    if (!(a[k] > 0) || !(a[k] >= least) || !(a[k] > a[k - 1]) || !(a[k] >= a[k + 1]) || ripple(k)) continue;
    Tone tone{spectrum.frequency(k), a[k]};
    if (a[k - 1] > 0 && a[k + 1] > 0) {
      const double left = std::log(a[k - 1] / a[k]), right = std::log(a[k + 1] / a[k]);
      const double curve = left + right;
      if (curve < 0) {
        const double shift = 0.5 * (left - right) / curve;
        tone.frequency = spectrum.spacing * (static_cast<double>(k) + shift);
        tone.amplitude = a[k] * std::exp(-0.25 * (left - right) * shift);
      }
    }
    result.push_back(tone);
  }
  return result;
}

namespace detail {

/// Median amplitude of bins [from, to); infinity for fewer than `least` bins.
inline double median(const std::vector<double>& a, std::ptrdiff_t from, std::ptrdiff_t to,
                     std::ptrdiff_t least) {
  from = std::max<std::ptrdiff_t>(from, 1), to = std::min(to, static_cast<std::ptrdiff_t>(a.size()));
  if (to - from < least) return std::numeric_limits<double>::infinity();
  std::vector<double> part(a.begin() + from, a.begin() + to);
  const auto middle = part.begin() + (to - from) / 2;
  std::nth_element(part.begin(), middle, part.end());
  return *middle;
}

/// The amplitude between two bins, interpolated linearly in the logarithms; 0 beyond the spectrum.
inline double amplitude_at(const Spectrum& spectrum, double frequency) {
  const double place = frequency / spectrum.spacing;
  const auto k = static_cast<std::size_t>(std::max(place, 0.0));
  if (k + 1 >= spectrum.amplitude.size()) return 0;
  const double below = spectrum.amplitude[k], above = spectrum.amplitude[k + 1];
  return below > 0 && above > 0 ? below * std::pow(above / below, place - static_cast<double>(k)) : 0;
}

}  // namespace detail

/// The lowest tone, if it is clear. There is none when
/// - the spectrum is silent;
/// - the lowest peak lies so low that the series is too short to locate it;
/// - the spectrum below the peak is too high (a slow swing or drift);
/// - the peak does not stand out from its surroundings (noise);
/// - the peak is wider or narrower than one tone (two tones not told apart, a blur).
/// A higher peak is never returned instead.
inline std::optional<Tone> lowest_tone(const Spectrum& spectrum, const ToneOptions& options = {}) {
  const std::vector<Tone> all = tones(spectrum, options);
  if (all.empty() || all[0].frequency < spectrum.lobe) return std::nullopt;
  const auto& a = spectrum.amplitude;
  const auto centre = static_cast<std::ptrdiff_t>(std::lround(all[0].frequency / spectrum.spacing)),
             lobe = static_cast<std::ptrdiff_t>(std::ceil(spectrum.lobe / spectrum.spacing)),
             least = std::max<std::ptrdiff_t>(lobe, 2);
  const double purity = std::min(options.purity, 1 / (1.5 * spectrum.sidelobe));
  for (std::ptrdiff_t k = 0; k <= std::max<std::ptrdiff_t>(centre - lobe, 0); ++k)
    if (purity * a[static_cast<std::size_t>(k)] > all[0].amplitude) return std::nullopt;
  for (const double side : {-0.5, 0.5}) {
    const double share =
        detail::amplitude_at(spectrum, all[0].frequency + side * spectrum.lobe) / all[0].amplitude;
    if (!(std::abs(share / spectrum.shoulder - 1) < options.form)) return std::nullopt;
  }
  const double below = detail::median(a, centre - 6 * lobe, centre - lobe, least),
               above = detail::median(a, centre + lobe + 1, centre + 6 * lobe + 1, least);
  if (!(all[0].amplitude >= options.clearness * std::min(below, above))) return std::nullopt;
  return all[0];
}

}  // namespace nwm::sound

#include "nwm/pop_macros.inc"
