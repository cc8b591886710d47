// Whether a machine holds waves, in figures: do its neurons swing, at which pitch, are the classes' pitches
// apart, and does what swings travel.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "nwm/analysis/one_way_flow.hpp"
#include "nwm/analysis/oscillation.hpp"
#include "nwm/analysis/series.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/error.hpp"
#include "nwm/plot/spectrum.hpp"

namespace nwm::analysis {

/// Images and surrogates of wave_figures.
struct WaveFigureOptions {
  std::size_t images = 50;      ///< whose neurons and spectra are looked at, from the start of the set
  std::size_t flow_images = 8;  ///< of these, how many are held against surrogates
  FlowOptions flow{};           ///< of the surrogates
};

/// What wave_figures finds of a machine on images of a set.
struct WaveFigures {
  Oscillation shapes{}, ground{};        ///< of the sites of classes above 0, and of class 0
  std::vector<std::size_t> classes{};    ///< those that were seen
  std::vector<std::size_t> peak_bins{};  ///< of each of them: the peak of its mean |DFT| (plot::ClassSpectra)
  double least_distance = 0, mean_distance = 0;  ///< over pairs of classes: spectral_distance of their means
  OneWayFlow flow{};                             ///< of the images held against surrogates

  /// Whether the neurons swing: more than a period in the median neuron in a shape, hardly one monotone, and
  /// no class whose spectrum is highest at rest.
  bool swings() const {
    return shapes.crossings >= 3 && shapes.monotone < 0.01 &&
           std::all_of(peak_bins.begin(), peak_bins.end(), [](std::size_t bin) { return bin > 0; });
  }
  /// Whether what swings travels: some of the energy can, and it flows one way more than any surrogate does.
  bool travels() const {
    return flow.moving >= 0.05 && std::all_of(flow.surrogates.begin(), flow.surrogates.end(),
                                              [&](double s) { return flow.flow > s; });
  }
  /// "waves", "swings, but does not travel", or "no waves".
  const char* verdict() const {
    return !swings() ? "no waves" : travels() ? "waves" : "swings, but does not travel";
  }

  /// The figures in a few lines, without the verdict.
  std::string text() const {
    const auto percent = [](double share) { return shown(100 * share, 3) + " %"; };
    std::string bins;
    for (const std::size_t bin : peak_bins) bins += (bins.empty() ? "" : " ") + std::to_string(bin);
    return "zero crossings of the median neuron: shapes " + shown(shapes.crossings, 3) + ", ground " +
           shown(ground.crossings, 3) + "; monotone: " + percent(shapes.monotone) + ", " +
           percent(ground.monotone) + "\npeak bin of each class: " + bins + "; spectra apart by " +
           shown(least_distance, 2) + " at least, " + shown(mean_distance, 2) + " on average\nmoving " +
           percent(flow.moving) + " of the energy; one-way flow " + shown(flow.flow, 3) +
           ", with phases shuffled " + shown(flow.surrogate_mean(), 3) + " (chance " +
           shown(flow.chance(), 2) + ")\n";
  }
};

/// The figures of `machine` (any cell of a WaveMachine) on the first images of `set`, whose masks say which
/// site belongs to which class; pixels that are left out are not looked at. Throws Error when the set is
/// empty, does not fit the machine or has no mask, or the machine has fewer than 8 steps; Unstable when a
/// wave step is unstable.
template <class Machine>
WaveFigures wave_figures(const Machine& machine, const data::Dataset& set,
                         const WaveFigureOptions& options = {}) {
  const std::size_t images = std::min(options.images, set.size());
  if (images == 0) throw Error("nwm::analysis::wave_figures", "images", "at least 1", "0");
  constexpr auto shape = Machine::shape;
  constexpr std::size_t count = Machine::outputs;
  plot::ClassSpectra spectra({shape.steps, shape.oscillators, shape.height, shape.width}, count);
  OscillationCounter shapes, ground;
  FlowMeter meter(options.flow);
  std::vector<std::uint8_t> in_shape(Machine::sites), on_ground(Machine::sites);
  for (std::size_t i = 0; i < images; ++i) {
    const Recording recording = record(machine, set, i);
    const auto labels = set.mask(i);
    for (std::size_t p = 0; p < labels.size(); ++p) {
      in_shape[p] = labels[p] > 0 && labels[p] < count;
      on_ground[p] = labels[p] == 0;
    }
    shapes.add(recording.view(), in_shape);
    ground.add(recording.view(), on_ground);
    spectra.add(recording.values, labels);
    if (i < options.flow_images) meter.add(recording.view());
  }
  WaveFigures result{.shapes = shapes.result(), .ground = ground.result()};
  std::vector<std::vector<double>> means;
  for (std::size_t c = 0; c < count; ++c)
    if (spectra.pixels(c) > 0) {
      result.classes.push_back(c);
      means.push_back(spectra.mean(c));
      result.peak_bins.push_back(peak_bin(means.back()));
    }
  double least = std::numeric_limits<double>::infinity(), sum = 0, pairs = 0;
  for (std::size_t a = 0; a < means.size(); ++a)
    for (std::size_t b = 0; b < a; ++b) {
      const double distance = spectral_distance(means[a], means[b]);
      least = std::min(least, distance), sum += distance, pairs += 1;
    }
  if (pairs > 0) result.least_distance = least, result.mean_distance = sum / pairs;
  result.flow = meter.result();
  return result;
}

}  // namespace nwm::analysis

#include "nwm/pop_macros.inc"
