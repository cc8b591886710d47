// The strike of a report's drum, and its sound.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "nwm/drum/drum.hpp"
#include "nwm/report/html.hpp"
#include "nwm/sound/pitch.hpp"
#include "nwm/sound/wav.hpp"

namespace nwm::report {

/// How the drum of a report is struck and heard.
struct DrumPlan {
  Site at = {};                              ///< site of the strike
  Strike strike = {.width = 1};              ///< how it is struck
  std::optional<std::uint64_t> random = {};  ///< seed of a strike everywhere at once, instead of `at`
  std::size_t steps = 4096;                  ///< recorded for the spectra
  Site ear = {};                             ///< the neuron whose series, spectrum and sound are shown
  std::size_t modes = 12;                    ///< number of modes shown
  double lowest_hertz = 220;                 ///< pitch of the lowest mode, Hz

  /// Strikes the drum.
  template <class Drum>
  void apply(Drum& drum) const {
    if (random) drum.strike_at_random(*random);
    else drum.strike(at, strike);
  }
};

namespace detail {

/// By how much a sound is transposed, as a sentence.
inline std::string transposed(const sound::Pitch& pitch) {
  return "A second of sound is " + number(pitch.per_second) +
         " units of simulated time: f cycles per unit time sound at " + number(pitch.per_second) + " f Hz.";
}

}  // namespace detail

/// The sound of the drum at plan.ear: struck as `plan` says, with a damping by which it falls by 60 dB in
/// `seconds`.
template <class Drum>
sound::Clip drum_sound(const Mask& mask, const drum::Physics& physics, const DrumPlan& plan,
                       const sound::Pitch& pitch, double seconds, std::string title) {
  const double time = seconds * pitch.per_second, damping = physics.damping + 2 * std::log(1000.0) / time;
  Drum drum(mask, {.wave_speed = physics.wave_speed,
                   .dt = physics.dt,
                   .spacing = physics.spacing,
                   .damping = damping,
                   .edge = physics.edge});
  plan.apply(drum);
  const auto recording = drum.run(static_cast<std::size_t>(time / physics.dt), {.probes = {plan.ear}});
  sound::Clip clip = sound::render(recording.series(0), recording.interval(), pitch, std::move(title));
  clip.comment += "; damped by alpha = " + number(damping) + " per unit time, to die away";
  return clip;
}

}  // namespace nwm::report
