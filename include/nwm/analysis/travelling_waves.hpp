// Measures of travelling waves, by spectrum and by phase gradients: for one series, or averaged over a
// machine's series on many images beside the same neurons shuffled.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nwm/analysis/phase_waves.hpp"
#include "nwm/analysis/series.hpp"
#include "nwm/analysis/space_time_spectrum.hpp"
#include "nwm/error.hpp"

namespace nwm::analysis {

/// The numbers of SpaceTimeSpectrum and PhaseWaves, which explain their meaning and their zeros.
struct TravellingWaves {
  double moving = 0;          ///< 0 still … 1 all energy off the axes ω = 0 and k = 0
  double directed = 0;        ///< 0 standing … 1 plane waves, by the spectrum
  double spectral_speed = 0;  ///< sites per step, by the spectrum
  double directionality = 0;  ///< 0 standing … 1 every neighbourhood runs one way, by phase gradients
  double plane = 0;           ///< 0 … 1 the whole grid runs one way
  double phase_speed = 0;     ///< sites per step, by phase gradients
};

/// Collects the measures from a spectrum and a phase analysis.
inline TravellingWaves travelling_waves(const SpaceTimeSpectrum& spectrum, const PhaseWaves& phase) {
  return {spectrum.moving, spectrum.directed, spectrum.speed, phase.directionality, phase.plane, phase.speed};
}

/// The measures of one series. Throws Error as space_time_spectrum and phase_waves do.
inline TravellingWaves travelling_waves(const SeriesView& series, const PhaseOptions& options = {}) {
  return travelling_waves(space_time_spectrum(series, options.trend), phase_waves(series, options));
}

/// The mean of each number over `all`.
inline TravellingWaves average(const std::vector<TravellingWaves>& all) {
  TravellingWaves mean;
  for (const TravellingWaves& w : all) {
    const double share = 1 / static_cast<double>(all.size());
    mean.moving += share * w.moving, mean.directed += share * w.directed;
    mean.spectral_speed += share * w.spectral_speed, mean.directionality += share * w.directionality;
    mean.plane += share * w.plane, mean.phase_speed += share * w.phase_speed;
  }
  return mean;
}

/// Images, analysis and shuffles of a machine's measures.
struct WaveOptions {
  std::size_t images = 8;  ///< images, from the start of the set; all when there are fewer
  PhaseOptions phase{};    ///< of the measure by phase gradients
  std::uint64_t seed = 0;  ///< seed of the shuffles
};

/// The measures of a machine's neurons, and of the same series at shuffled sites, where neighbours are
/// unrelated. Waves are present where the first is well above the second.
struct MachineWaves {
  TravellingWaves waves, shuffled;  ///< means over the images
};

/// Measures the recorded states of `machine` (any cell of a WaveMachine) on images of `set`. Throws Error
/// when the set is empty or does not fit the machine, or the machine has fewer than 8 steps; Unstable when a
/// wave step is unstable.
template <class Machine>
MachineWaves travelling_waves(const Machine& machine, const data::Dataset& set,
                              const WaveOptions& options = {}) {
  const std::size_t images = std::min(options.images, set.size());
  if (images == 0) throw Error("nwm::analysis::travelling_waves", "images", "at least 1", "0");
  std::vector<TravellingWaves> waves, null;
  for (std::size_t i = 0; i < images; ++i) {
    const Recording recording = record(machine, set, i);
    waves.push_back(travelling_waves(recording.view(), options.phase));
    null.push_back(travelling_waves(shuffled(recording.view(), options.seed + i).view(), options.phase));
  }
  return {average(waves), average(null)};
}

}  // namespace nwm::analysis

#include "nwm/pop_macros.inc"
