// The machines of the page: as the engine runs them in a browser, and as web_weights trains them.
#pragma once

#include <nwm/cell/stable_wave.hpp>
#include <nwm/layer/encoder_start.hpp>
#include <nwm/nwm.hpp>
#include <string_view>
#include <vector>

namespace web {

/// A wave cell whose oscillators all swing, whatever they learn.
using Cell = nwm::cell::StableWave;

template <nwm::Shape shape>
using Waves = nwm::WaveMachine<shape, nwm::readout::Fft, nwm::head::Narrow, Cell>;

/// The demo's: 40 steps of 32 x 32 pixels.
struct Polygons {
  static constexpr std::string_view name = "polygons";
  using Machine = Waves<nwm::Shape{.height = 32,
                                   .width = 32,
                                   .image_channels = 3,
                                   .oscillators = 8,
                                   .steps = 40,
                                   .classes = 5,
                                   .encoder_width = 8}>;
};
/// The study's pictures, 64 x 64; the longest piece has 28 pixels.
struct Tetrominoes {
  static constexpr std::string_view name = "tetrominoes";
  using Machine = Waves<nwm::Shape{.height = 64,
                                   .width = 64,
                                   .image_channels = 3,
                                   .oscillators = 8,
                                   .steps = 48,
                                   .classes = 6,
                                   .encoder_width = 8}>;
};
/// Handwritten digits as MNIST has them, 28 x 28; the study doubles each pixel.
struct Digits {
  static constexpr std::string_view name = "digits";
  using Machine = Waves<nwm::Shape{.height = 28,
                                   .width = 28,
                                   .image_channels = 1,
                                   .oscillators = 8,
                                   .steps = 40,
                                   .classes = 11,
                                   .encoder_width = 8}>;
};
/// The README's first machine, which learns in the page.
using First = nwm::WaveMachine<
    nwm::Shape{.height = 24, .width = 24, .oscillators = 4, .steps = 32, .classes = 5, .encoder_width = 8},
    nwm::readout::Linear, nwm::head::Narrow>;

/// Before training each channel has a pitch of its own.
template <class Machine>
std::vector<nwm::layer::EncoderStart> pitches() {
  return {{.field = Cell::omega_level, .bias = nwm::layer::linear_spread(Machine::channels, -1, 1)}};
}

}  // namespace web
