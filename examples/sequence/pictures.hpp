// Pictures of what a network does with one sequence.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace sequence {

/// A network's states over a sequence.
struct States {
  std::size_t steps, channels, sites;
  std::span<const float> values;  ///< (steps, channels, sites)
};

/// Writes a PNG: time rightwards, sites upwards, a panel for each of the strongest channels (at most
/// `panels`); above them the inputs (steps, numbers), from 0 (black) to 1 (white). Signed states have one
/// colour scale, others one a step.
void draw_states(const std::filesystem::path& path, const std::string& title, const States& states,
                 std::span<const float> inputs, std::size_t panels = 6);

/// Writes a GIF, an image a step: what comes next, beside what is predicted and, where there are any, the
/// states of the strongest channel on the lattice. Frames are (steps, side, side), in [0, 1]. From step
/// `seen` on, the network saw its own predictions.
void write_prediction_film(const std::filesystem::path& path, std::size_t side, std::size_t seen,
                           std::span<const float> truth, std::span<const float> predicted,
                           const States& states);

}  // namespace sequence
