// The paper's figures from stored weights and curves, as PNG and SVG that go into a paper.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "nwm/data/dataset.hpp"
#include "registry.hpp"
#include "results.hpp"

namespace study {

/// Writes what one trained network does into a folder, which is made:
///   strip.png            picture, waves at five moments (where there are any), prediction, target: a row an
///                        image
///   receptive-field.png  the change of the scores, root mean square over classes and images, when the middle
///                        pixel changes: logarithmic, three decades
/// and of a network with waves
///   states.png, waves.gif               all oscillators of one image at five moments, and at every step
///   spectra.png, spectra.svg, spectra.csv  mean |DFT| by class
///   features.png         what the head reads of one image: A·y (`matrix` (K, T), the linear readout's; else
///                        left out), and below it the unwindowed |rfft| from its least value on, at ten of
///                        the K features
/// `set` are the images looked at (the test set): the first 50 for spectra, up to four for the rest. Throws
/// nwm::Error where a file cannot be written.
void write_network(const std::filesystem::path& folder, const Network& network, const nwm::data::Dataset& set,
                   std::span<const float> matrix);

/// A run's validation losses, an epoch each.
struct Losses {
  Run run;
  std::vector<double> validation;
};

/// curves-<configuration>.png and .svg: the validation loss of every seed.
void write_curves(const std::filesystem::path& folder, const std::vector<Losses>& runs);
/// bars-<data>.png and .svg: foreground IoU of every configuration, mean and spread over seeds, beside the
/// published. `results` in the order of the study.
void write_bars(const std::filesystem::path& folder, const std::vector<Result>& results);

/// A chart or comparison of nwm/report as a file of its own: plain colours, and `legend` inside. Other text
/// around the <svg> is left out.
std::string standalone_svg(const std::string& html, const std::vector<std::string>& legend);

}  // namespace study
