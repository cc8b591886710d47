// Pictures of planar data (channel by channel, row-major): images, class maps, signed fields, magnitudes.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/memory/count.hpp"
#include "nwm/plot/colour.hpp"
#include "nwm/plot/image.hpp"

namespace nwm::plot {

namespace detail {

inline void check_size(const char* where, const char* field, std::size_t found, std::size_t expected) {
  if (found != expected)
    throw Error(where, field, std::to_string(expected) + " values", std::to_string(found) + " values");
}

/// An image with one pixel, colour(value), for each of height x width values.
template <class T, class Colour>
Image mapped(const char* where, std::span<const T> values, std::size_t height, std::size_t width,
             Colour&& colour) {
  check_size(where, "values", values.size(), height * width);
  Image result(width, height);
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t x = 0; x < width; ++x) result.set(x, y, colour(values[y * width + x]));
  return result;
}

}  // namespace detail

/// An image of (channels, height, width) floats in [0, 1]; one channel is grey, three are red, green, blue.
/// Values outside [0, 1] are clipped. A pixel with a value that is not finite gets `not_finite_colour`.
/// Throws Error for another number of channels or values.
inline Image picture(std::span<const float> planar, std::size_t channels, std::size_t height,
                     std::size_t width) {
  if (channels != 1 && channels != 3)
    throw Error("nwm::plot::picture", "channels", "1 or 3", std::to_string(channels));
  const std::size_t plane = height * width;
  detail::check_size("nwm::plot::picture", "values", planar.size(), channels * plane);
  Image result(width, height);
  for (std::size_t i = 0; i < plane; ++i) {
    const float r = planar[i], g = planar[channels == 3 ? i + plane : i],
                b = planar[channels == 3 ? i + 2 * plane : i];
    const auto byte = [](float value) {
      return static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.0f, 1.0f)));
    };
    const bool finite = std::isfinite(r) && std::isfinite(g) && std::isfinite(b);
    result.set(i % width, i / width, finite ? Rgb{byte(r), byte(g), byte(b)} : not_finite_colour);
  }
  return result;
}

/// A class map of (height, width) labels in the colours of `class_colour`. Throws Error for another number of
/// labels.
inline Image classes(std::span<const std::uint8_t> labels, std::size_t height, std::size_t width) {
  return detail::mapped("nwm::plot::classes", labels, height, width,
                        [](std::uint8_t label) { return class_colour(label); });
}

/// A signed field of (height, width) values, blue-white-red about zero with full colour at +-scale
/// (`diverging`). Throws Error for another number of values or a scale that is not finite and above 0.
inline Image diverging_field(std::span<const float> values, std::size_t height, std::size_t width,
                             double scale) {
  detail::check_scale(scale, "nwm::plot::diverging_field");
  return detail::mapped("nwm::plot::diverging_field", values, height, width,
                        [scale](float value) { return diverging(static_cast<double>(value), scale); });
}

/// A field of (height, width) magnitudes from 0 to `scale` (`sequential`). Throws Error for another number of
/// values or a scale that is not finite and above 0.
inline Image magnitude_field(std::span<const float> values, std::size_t height, std::size_t width,
                             double scale) {
  detail::check_scale(scale, "nwm::plot::magnitude_field");
  return detail::mapped("nwm::plot::magnitude_field", values, height, width,
                        [scale](float value) { return sequential(static_cast<double>(value), scale); });
}

/// Number of columns for a near-square arrangement of `count` tiles of height x width with few empty places.
/// 0 when there are no tiles.
inline std::size_t near_square_columns(std::size_t count, std::size_t height, std::size_t width) {
  std::size_t best = 0;
  double best_cost = 0;
  for (std::size_t columns = 1; columns <= count; ++columns) {
    const std::size_t rows = (count + columns - 1) / columns;
    const double aspect =
        static_cast<double>(columns * width) / static_cast<double>(std::max<std::size_t>(rows * height, 1));
    const double empty = static_cast<double>(rows * columns - count) / static_cast<double>(count);
    // Films are watched on screens wider than high, so 2:1 is preferred to 1:2.
    const double cost = std::abs(std::log2(aspect) - 0.5) + 5 * empty;
    if (best == 0 || cost < best_cost) best = columns, best_cost = cost;
  }
  return best;
}

/// All channels of one state (channels, height, width) as signed fields in a near-square arrangement, with
/// `gap` pixels of `background` between two; 0 x 0 where they have no sites. Throws Error for another number
/// of values or a scale that is not finite and above 0.
inline Image diverging_tiles(std::span<const float> state, std::size_t channels, std::size_t height,
                             std::size_t width, double scale, std::size_t gap = 1, Rgb background = ink) {
  const std::size_t plane = height * width;
  detail::check_size("nwm::plot::diverging_tiles", "values", state.size(),
                     checked_product("nwm::plot::diverging_tiles", "values",
                                     std::array{channels, height, width}, sizeof(float)));
  if (plane == 0) return {};
  const std::size_t columns = near_square_columns(channels, height, width);
  std::vector<Image> rows;
  for (std::size_t first = 0; first < channels; first += columns) {
    std::vector<Image> row;
    for (std::size_t c = first; c < std::min(first + columns, channels); ++c)
      row.push_back(diverging_field(state.subspan(c * plane, plane), height, width, scale));
    rows.push_back(beside(row, gap, background));
  }
  return stacked(rows, gap, background);
}

}  // namespace nwm::plot

#include "nwm/pop_macros.inc"
