// Data sets of sequences: vectors or frames at every step, with targets for the whole or for each step.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "nwm/data/dataset.hpp"
#include "nwm/data/targets.hpp"
#include "nwm/error.hpp"
#include "nwm/memory/count.hpp"

namespace nwm::data {

/// The extent of `count` sequences of `steps` vectors of `numbers`.
inline Extent vectors(std::size_t count, std::size_t steps, std::size_t numbers) {
  return {.images = count, .channels = numbers, .height = 1, .width = 1, .steps = steps};
}
/// The extent of `count` sequences of `steps` frames (channels, height, width).
inline Extent frames(std::size_t count, std::size_t steps, std::size_t channels, std::size_t height,
                     std::size_t width) {
  return {.images = count, .channels = channels, .height = height, .width = width, .steps = steps};
}

/// Sequences with one label each: inputs (N, T, n) or (N, T, C, H, W), labels (N). Throws Error as Dataset.
inline Dataset label_each(Extent extent, Pictures inputs, Targets::Bytes labels,
                          std::string name = "sequences") {
  extent.positions = 1;
  return {extent, std::move(inputs), Targets::labels(std::move(labels)), std::move(name)};
}
/// Sequences with a label at every step: labels (N, T).
inline Dataset label_steps(Extent extent, Pictures inputs, Targets::Bytes labels,
                           std::string name = "sequences") {
  extent.positions = extent.steps;
  return {extent, std::move(inputs), Targets(std::move(labels)), std::move(name)};
}
/// Sequences with `outputs` numbers each: numbers (N, outputs).
inline Dataset numbers_each(Extent extent, Pictures inputs, std::size_t outputs, Targets::Floats numbers,
                            std::string name = "sequences") {
  extent.positions = 1;
  return {extent, std::move(inputs), Targets::numbers(outputs, std::move(numbers)), std::move(name)};
}
/// Sequences with `outputs` numbers at every step: numbers (N, T, outputs). Throws Error, too, where their
/// count is another.
inline Dataset numbers_steps(Extent extent, Pictures inputs, std::size_t outputs,
                             const Targets::Floats& numbers, std::string name = "sequences") {
  extent.positions = extent.steps;
  const std::size_t all = checked_product(name, "targets", std::array{extent.images, outputs, extent.steps});
  const std::size_t each = outputs * extent.steps;
  if (numbers.size() != all)
    throw Error(name, "targets", std::to_string(all) + " numbers for " + to_string(extent),
                std::to_string(numbers.size()));
  Targets::Floats planes(numbers.size());  // (N, outputs, T), as targets are kept
  for (std::size_t i = 0; i < extent.images; ++i)
    for (std::size_t t = 0; t < extent.steps; ++t)
      for (std::size_t k = 0; k < outputs; ++k)
        planes[i * each + k * extent.steps + t] = numbers[i * each + t * outputs + k];
  return {extent, std::move(inputs), Targets::numbers(outputs, std::move(planes)), std::move(name)};
}

}  // namespace nwm::data
