// The machines of the page: as the engine runs them in a browser, and as web_weights trains them.
#pragma once

#include <nwm/nwm.hpp>
#include <string_view>

#include "../shared_machines.hpp"

namespace web {

/// The demo's: 40 steps of 32 x 32 pixels.
struct Polygons {
  static constexpr std::string_view name = "polygons";
  using Machine = shared::Demo;
};
/// The study's pictures, 64 x 64; the longest piece has 28 pixels.
struct Tetrominoes {
  static constexpr std::string_view name = "tetrominoes";
  using Machine = shared::Swinging<nwm::Shape{.height = 64,
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
  using Machine = shared::Swinging<nwm::Shape{.height = 28,
                                              .width = 28,
                                              .image_channels = 1,
                                              .oscillators = 8,
                                              .steps = 40,
                                              .classes = 11,
                                              .encoder_width = 8}>;
};

}  // namespace web
