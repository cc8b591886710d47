// The sizes of a recorded series, for the pictures made from one (film, strip, spectrum).
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>

#include "nwm/error.hpp"
#include "nwm/memory/count.hpp"

namespace nwm::plot {

/// Sizes of a series y_1..y_T of floats: (steps, channels, height, width), row-major, so that a step is
/// contiguous.
struct SeriesShape {
  std::size_t steps = 0, channels = 0, height = 0, width = 0;  ///< its sizes, outermost first

  /// Values of one channel at one step; of one step; of the whole series.
  constexpr std::size_t plane() const noexcept { return height * width; }
  /// Values of one step.
  constexpr std::size_t state() const noexcept { return channels * plane(); }
  /// Values of the whole series.
  constexpr std::size_t size() const noexcept { return steps * state(); }
};

namespace detail {

/// Throws Error unless all sizes are at least 1 and their product has addresses. Returns the sizes as text.
inline std::string check_shape(const char* where, const SeriesShape& shape) {
  const auto sizes = std::to_string(shape.steps) + " x " + std::to_string(shape.channels) + " x " +
                     std::to_string(shape.height) + " x " + std::to_string(shape.width);
  if (shape.steps == 0 || shape.channels == 0 || shape.height == 0 || shape.width == 0)
    throw Error(where, "shape", "steps, channels, height and width of at least 1", sizes);
  (void)checked_product(where, "shape", std::array{shape.steps, shape.channels, shape.height, shape.width},
                        sizeof(float));
  return sizes;
}

/// Throws Error unless the shape is one and `series` has the number of values that it says.
inline void check_series(const char* where, std::span<const float> series, const SeriesShape& shape) {
  const std::string sizes = check_shape(where, shape);
  if (series.size() != shape.size())
    throw Error(where, "series", sizes + " = " + std::to_string(shape.size()) + " values",
                std::to_string(series.size()) + " values");
}

/// A number as text with `digits` significant digits, at most 40; the text is the same in every locale.
inline std::string number(double value, int digits = 6) {
  char text[64];
  const auto end =
      std::to_chars(text, text + sizeof text, value, std::chars_format::general, std::min(digits, 40)).ptr;
  return {text, end};
}

}  // namespace detail

}  // namespace nwm::plot

#include "nwm/pop_macros.inc"
