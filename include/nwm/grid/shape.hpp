// The one compile-time value that fixes every size of a model.
#pragma once

#include <cstddef>

namespace nwm {

/// Sizes of a model: the image, the oscillators over it, the number of time steps, the classes. A template
/// argument: `WaveMachine<Shape{.height = 64, .width = 64, ...}, readout::Linear>`.
struct Shape {
  std::size_t height = 32, width = 32;  ///< pixels, and sites of the wave field
  std::size_t image_channels = 1;       ///< c_in
  std::size_t oscillators = 2;          ///< C, oscillator channels at every site
  std::size_t steps = 100;              ///< T, number of recorded time steps
  std::size_t classes = 2;              ///< class 0 is the background; not given beside `outputs`
  std::size_t encoder_width = 16;       ///< c_mid, channels inside the encoders

  std::size_t outputs = 0;  ///< numbers at every pixel where these are no class scores; 0: one a class

  /// Scores a model gives at every pixel.
  constexpr std::size_t scores() const { return outputs > 0 ? outputs : classes; }
  /// Whether not both are given, and different. (The classes that nobody gives are 2.)
  constexpr bool classes_or_outputs() const { return outputs == 0 || classes == 2 || classes == outputs; }
  /// Pixels of a picture.
  constexpr std::size_t sites() const { return height * width; }
  bool operator==(const Shape&) const = default;
};

/// Sizes that a model can have. For others, the compiler prints the comparison that fails.
template <Shape shape>
concept ValidShape = (shape.height > 0) && (shape.width > 0) && (shape.image_channels > 0) &&
                     (shape.oscillators > 0) && (shape.steps > 0) && (shape.encoder_width > 0) &&
                     (shape.classes >= 2) && (shape.classes <= 256) && (shape.classes_or_outputs());

/// A number of time steps as a type, so that compilers show it in their messages.
template <std::size_t steps>
struct StepCount {
  static constexpr std::size_t value = steps;  ///< the number of steps
};

}  // namespace nwm
