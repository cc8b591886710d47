// Hears the shape of a drum: computes area and sides from the tones at its neurons.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "nwm/drum/recording.hpp"
#include "nwm/error.hpp"
#include "nwm/sound/spectrum.hpp"
#include "nwm/sound/tone.hpp"

namespace nwm {

/// How spectra are computed and tones found in them.
struct HearingOptions {
  sound::SpectrumOptions spectrum{};  ///< of the spectra
  sound::ToneOptions tone{};          ///< of the tones in them
};

/// The tones and areas that a drum's neurons hear, one value per recorded site. NaN: no tone heard.
struct HeardArea {
  std::vector<double> frequency;           ///< lowest tone, cycles per unit time
  std::vector<double> area;                ///< length², by the exact relation on the grid
  std::vector<double> textbook_area;       ///< c²/(2f²)
  std::size_t heard = 0;                   ///< sites that hear a tone
  double median = 0, textbook_median = 0;  ///< medians over the sites that hear a tone
};

namespace detail {

inline double median_of_finite(std::vector<double> values) {
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The side L from sin²(πh/2L).
inline double side_from(double sine2, double spacing) {
  return std::numbers::pi * spacing / (2 * std::asin(std::sqrt(sine2)));
}

template <class Real>
void check_clamped(const Recording<Real>& recording, const char* where) {
  if (recording.physics().edge != drum::Boundary::clamped)
    throw Error(where, "edge", "a clamped drum, whose area its tones tell", "another");
}

}  // namespace detail

/// Area of the square drum whose lowest tone is `frequency`, by the exact relation on the grid (including
/// damping): without damping sin²(ω dt/2) = 2 (c dt/h)² sin²(πh/2L). NaN when no square has this tone.
inline double square_area(double frequency, const drum::Physics& physics) {
  const double h = physics.spacing, sine2 = physics.eigenvalue(frequency) * h * h / 8;
  if (!(sine2 > 0) || sine2 > 1) return std::numeric_limits<double>::quiet_NaN();
  const double side = detail::side_from(sine2, h);
  return side * side;
}
/// The same by the textbook's formula: c²/(2f²).
inline double textbook_square_area(double frequency, const drum::Physics& physics) {
  const double c = physics.wave_speed;
  return c * c / (2 * frequency * frequency);
}
/// Radius of the disc whose lowest tone is `frequency`: j₀₁ / k. The lattice lowers λ by about λ²h²/16; this
/// is corrected.
inline double disc_radius(double frequency, const drum::Physics& physics) {
  const double h = physics.spacing, lattice = physics.eigenvalue(frequency);
  return 2.404825557695773 / std::sqrt(lattice * (1 + lattice * h * h / 16));
}

/// The area of a square drum as each recorded neuron hears it, from its lowest tone. For a drum of another
/// shape, it is the area of the square with that tone. Throws Error when the drum is not clamped, the
/// recording is shorter than 8 samples, or no neuron hears a tone.
template <class Real>
HeardArea hear_area(const Recording<Real>& recording, const HearingOptions& options = {}) {
  detail::check_clamped(recording, "nwm::hear_area");
  constexpr double silent = std::numeric_limits<double>::quiet_NaN();
  sound::Ear ear(recording.steps(), recording.interval(), options.spectrum);
  HeardArea result;
  for (std::size_t i = 0; i < recording.sites().size(); ++i) {
    const auto tone = sound::lowest_tone(ear(recording.series(i)), options.tone);
    result.heard += tone ? 1 : 0;
    result.frequency.push_back(tone ? tone->frequency : silent);
    result.area.push_back(tone ? square_area(tone->frequency, recording.physics()) : silent);
    result.textbook_area.push_back(tone ? textbook_square_area(tone->frequency, recording.physics())
                                        : silent);
  }
  if (result.heard == 0)
    throw Error("nwm::hear_area", "spectra", "a tone at one neuron at least", "no tone heard");
  result.median = detail::median_of_finite(result.area);
  result.textbook_median = detail::median_of_finite(result.textbook_area);
  return result;
}

/// The root mean square of the spectra at all recorded sites. Throws Error as sound::Ear does.
template <class Real>
sound::Spectrum mean_spectrum(const Recording<Real>& recording, const sound::SpectrumOptions& options = {}) {
  sound::Ear ear(recording.steps(), recording.interval(), options);
  std::vector<double> power(ear.bins());
  for (std::size_t i = 0; i < recording.sites().size(); ++i) ear.add_power(recording.series(i), power);
  return ear.from_power(power, recording.sites().size());
}

/// The sides of a rectangle, and the two tones from which they were computed.
struct HeardRectangle {
  double long_side = 0, short_side = 0;                    ///< by the exact relation on the grid
  double textbook_long_side = 0, textbook_short_side = 0;  ///< f_mn = c/2 sqrt((m/a)² + (n/b)²)
  double first = 0, second = 0;                            ///< f_11 and f_21, cycles per unit time
  std::size_t fitting = 0;                                 ///< higher tones that fit this rectangle
};

/// Both sides of a rectangular drum from the two lowest tones in the mean spectrum. These must be f_11 and
/// f_21, so strike the drum off its symmetry axes. The next tones (up to eight) are checked against the
/// rectangle found. Throws Error when the drum is not clamped, fewer than two tones are heard, no rectangle
/// has these two tones, or the other tones do not fit.
template <class Real>
HeardRectangle hear_rectangle(const Recording<Real>& recording, const HearingOptions& options = {}) {
  constexpr const char* where = "nwm::hear_rectangle";
  detail::check_clamped(recording, where);
  const sound::Spectrum spectrum = mean_spectrum(recording, options.spectrum);
  sound::ToneOptions audible = options.tone;
  audible.threshold = std::max(audible.threshold, 0.01);
  const auto lowest = sound::lowest_tone(spectrum, audible);
  const auto heard = sound::tones(spectrum, audible);
  if (!lowest || heard.size() < 2)
    throw Error(where, "spectrum", "two tones", lowest ? "one" : "no tone heard");

  const drum::Physics& physics = recording.physics();
  const double h = physics.spacing;
  HeardRectangle result;
  result.first = heard[0].frequency, result.second = heard[1].frequency;
  // With s = sin²(πh/2a), t = sin²(πh/2b): s + t = p, 4s(1 − s) + t = q.
  const double p = physics.eigenvalue(result.first) * h * h / 4,
               q = physics.eigenvalue(result.second) * h * h / 4;
  const double root = 9 - 16 * (q - p), s = root > 0 ? (3 - std::sqrt(root)) / 8 : -1, t = p - s;
  const auto refuse = [&](const char* expected) {
    return Error(
        where, "tones", expected,
        shown_exactly(result.first) + " and " + shown_exactly(result.second) + " cycles per unit time");
  };
  // Resolution limits which side is the long one: a square may come out 1 % the other way round.
  if (!(s > 0) || !(t > 0) || !(t < 1) || t < 0.95 * s) throw refuse("f_11 and f_21 of a rectangle");
  result.long_side = detail::side_from(s, h), result.short_side = detail::side_from(t, h);
  const double k1 = physics.textbook_eigenvalue(result.first),
               k2 = physics.textbook_eigenvalue(result.second), a2 = (k2 - k1) / 3;
  result.textbook_long_side = std::numbers::pi / std::sqrt(a2);
  result.textbook_short_side = std::numbers::pi / std::sqrt(k1 - a2);

  std::vector<double> expected;
  for (std::size_t m = 1; m <= 12; ++m)
    for (std::size_t n = 1; n <= 12; ++n) {
      const double x = std::sin(static_cast<double>(m) * std::asin(std::sqrt(s))),
                   y = std::sin(static_cast<double>(n) * std::asin(std::sqrt(t)));
      expected.push_back(physics.frequency(4 / (h * h) * (x * x + y * y)));
    }
  for (std::size_t i = 2; i < std::min<std::size_t>(heard.size(), 10); ++i) {
    const double f = heard[i].frequency;
    const bool fits = std::any_of(expected.begin(), expected.end(), [&](double e) {
      return std::abs(f - e) < std::max(spectrum.lobe, 0.01 * f);
    });
    if (!fits) throw refuse("two lowest tones of a rectangle that has the higher ones, too");
    ++result.fitting;
  }
  return result;
}

}  // namespace nwm

#include "nwm/pop_macros.inc"
