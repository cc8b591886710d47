// A small machine and small data that can be learned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/random.hpp"
#include "nwm/readout/linear.hpp"

namespace tools {

/// Compiles and runs fast: what is tested is how it is trained.
template <class B, class Real = float>
using Small = nwm::WaveMachine<nwm::Shape{.height = 5,
                                          .width = 6,
                                          .image_channels = 1,
                                          .oscillators = 2,
                                          .steps = 3,
                                          .classes = 3,
                                          .encoder_width = 3},
                               nwm::readout::Linear, nwm::head::Hidden<6>, nwm::cell::Wave, B, Real>;

/// Bright blocks of a few pixels whose brightness tells the class, on noise.
inline nwm::data::Dataset blocks(std::size_t images, std::uint64_t seed, std::size_t height = 5,
                                 std::size_t width = 6) {
  nwm::Random random(seed);
  const nwm::data::Extent extent{images, 1, height, width};
  nwm::data::Dataset::Bytes pictures(images * extent.values()), masks(images * extent.pixels());
  for (std::size_t i = 0; i < images; ++i) {
    for (std::size_t p = 0; p < extent.pixels(); ++p)
      pictures[i * extent.pixels() + p] = static_cast<std::uint8_t>(random.below(30));
    for (int block = 0; block < 2; ++block) {
      const std::size_t kind = 1 + random.below(2), y = random.below(height - 1), x = random.below(width - 2);
      for (std::size_t dy = 0; dy < 2; ++dy)
        for (std::size_t dx = 0; dx < 3; ++dx) {
          const std::size_t p = i * extent.pixels() + (y + dy) * width + x + dx;
          pictures[p] = static_cast<std::uint8_t>(kind == 1 ? 130 : 250);
          masks[p] = static_cast<std::uint8_t>(kind);
        }
    }
  }
  return {extent, std::move(pictures), std::move(masks), "blocks"};
}

template <class Machine>
std::vector<typename Machine::Real> weights(const Machine& machine) {
  return {machine.parameters().begin(), machine.parameters().end()};
}

}  // namespace tools
