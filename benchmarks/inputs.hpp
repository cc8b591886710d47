// The study's sizes and random inputs, for all benchmarks on any backend.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "nwm/data/dataset.hpp"
#include "nwm/grid/shape.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/random.hpp"

namespace bench {

/// The study's configurations (arXiv 2502.06034).
inline constexpr nwm::Shape tetrominoes{
    .height = 64, .width = 64, .image_channels = 3, .oscillators = 2, .steps = 100, .classes = 6};
inline constexpr nwm::Shape mnist{
    .height = 56, .width = 56, .image_channels = 1, .oscillators = 2, .steps = 100, .classes = 11};
inline constexpr nwm::Shape multi_mnist{
    .height = 128, .width = 128, .image_channels = 1, .oscillators = 16, .steps = 100, .classes = 11};

/// The study's configuration for ConvLSTM.
inline constexpr nwm::Shape tetrominoes_in_twenty_steps = [] {
  nwm::Shape shape = tetrominoes;
  shape.steps = 20;
  return shape;
}();

/// `count` images of random pixels in [0, 1) with random classes; the cost of a step does not depend on
/// values.
template <class Machine>
nwm::data::Dataset random_images(std::size_t count) {
  constexpr nwm::Shape shape = Machine::shape;
  const nwm::data::Extent extent{count, shape.image_channels, shape.height, shape.width};
  nwm::Random random(1);
  std::vector<float> pictures(count * extent.values());
  for (float& v : pictures) v = static_cast<float>(random.uniform());
  std::vector<std::uint8_t> masks(count * extent.pixels());
  for (auto& v : masks) v = static_cast<std::uint8_t>(random.below(shape.classes));
  return nwm::data::Dataset(extent, std::move(pictures), std::move(masks), "random images");
}

/// `size` numbers uniform in [low, high).
inline nwm::Buffer<float> random_numbers(std::size_t size, double low, double high, std::uint64_t seed = 1) {
  nwm::Random random(seed);
  nwm::Buffer<float> numbers(size);
  for (float& v : numbers.span()) v = static_cast<float>(random.uniform(low, high));
  return numbers;
}

}  // namespace bench
