// Rectangular drums of equal width and growing length: the longer one is, the lower it rings, and every
// neuron in it hears that.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include "nwm/drum/drum.hpp"
#include "nwm/drum/hear.hpp"
#include "nwm/drum/outline.hpp"
#include "nwm/error.hpp"
#include "nwm/sound/spectrum.hpp"

namespace nwm {

/// Frequency of mode (m, n) of a clamped rectangle with sides `a` and `b`, exactly as it is on the grid
/// (cycles per unit time). Without damping
///   sin²(πf dt) = (c dt/h)² [ sin²(mπh/2a) + sin²(nπh/2b) ],
/// which tends to f = c/2 sqrt((m/a)² + (n/b)²) as h and dt shrink. 0 for a mode that does not swing. A side
/// may be infinite. Throws Error unless both are above 0, and m and n at least 1.
inline double rectangle_frequency(double a, double b, const drum::Physics& physics, std::size_t m = 1,
                                  std::size_t n = 1) {
  constexpr const char* where = "nwm::rectangle_frequency";
  const auto sine2 = [&](const char* name, double side, std::size_t half_waves) {
    if (!(side > 0)) throw Error(where, name, "a length above 0", shown_exactly(side));
    if (half_waves == 0) throw Error(where, "mode", "at least 1", "0");
    const double s =
        std::sin(static_cast<double>(half_waves) * std::numbers::pi * physics.spacing / (2 * side));
    return s * s;
  };
  const double h = physics.spacing;
  return physics.frequency(4 / (h * h) * (sine2("side a", a, m) + sine2("side b", b, n)));
}

/// A struck rectangle, and what its neurons hear. Frequencies are in cycles per unit time.
struct HeardBar {
  double width = 0, length = 0;        ///< sides, in units of length (lattice spacings times h)
  std::size_t neurons = 0, heard = 0;  ///< how many there are, and how many hear a lowest tone
  double lowest = 0;                   ///< lowest tone, the median over those that hear one
  double least = 0, greatest = 0;      ///< of the same, over the same
  double theory = 0;                   ///< rectangle_frequency(width, length)
  double endless = 0;                  ///< the same of an infinite length: c/2w, but for the lattice
  sound::Spectrum spectrum = {};       ///< root mean square over all neurons
};

/// Strikes a clamped rectangle of each length, all of one width (both in lattice spacings), off its axes of
/// symmetry, and listens at every neuron for `steps` steps. Throws Error when there is no length, the edge is
/// not clamped, a drum does not fit the grid or has no site, a recording is shorter than 8 steps, or no
/// neuron of a drum hears a tone.
template <class Drum>
std::vector<HeardBar> hear_bars(double width, std::span<const double> lengths,
                                const typename Drum::Options& options = {}, std::size_t steps = 8192) {
  constexpr const char* where = "nwm::hear_bars";
  if (lengths.empty()) throw Error(where, "lengths", "at least 1", "0");
  std::vector<HeardBar> result;
  for (const double length : lengths) {
    Drum drum(mask::rectangle(width, length), options);
    const std::span<const std::size_t> sites = drum.mask().sites();
    const std::size_t across = Drum::Grid::width, first = sites.front(), last = sites.back();
    const auto part = [](double share, std::size_t from, std::size_t to) {
      return from + static_cast<std::size_t>(std::lround(share * static_cast<double>(to - from)));
    };
    drum.strike({part(0.37, first / across, last / across), part(0.29, first % across, last % across)});
    const auto recording = drum.run(steps);
    const HeardArea tones = hear_area(recording);
    HeardBar bar{.width = width * drum.physics().spacing,
                 .length = length * drum.physics().spacing,
                 .neurons = sites.size(),
                 .heard = tones.heard,
                 .lowest = detail::median_of_finite(tones.frequency),
                 .least = INFINITY};
    for (const double f : tones.frequency)
      if (std::isfinite(f)) bar.least = std::min(bar.least, f), bar.greatest = std::max(bar.greatest, f);
    bar.theory = rectangle_frequency(bar.width, bar.length, drum.physics());
    bar.endless = rectangle_frequency(bar.width, INFINITY, drum.physics());
    bar.spectrum = mean_spectrum(recording);
    result.push_back(std::move(bar));
  }
  return result;
}

}  // namespace nwm

#include "nwm/pop_macros.inc"
