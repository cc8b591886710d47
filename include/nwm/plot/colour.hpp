// Colours for numbers: blue-white-red about zero for signed fields, a perceptual map for magnitudes, and a
// palette for classes that colour-blind readers can tell apart.
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
#include "nwm/plot/image.hpp"

namespace nwm::plot {

/// The colour of a value that is not finite; neither colour map contains it.
inline constexpr Rgb not_finite_colour{255, 0, 255};

/// Ground (`paper`) and writing (`ink`) of the pictures.
inline constexpr Rgb paper{250, 250, 248};
/// Writing, axes and walls.
inline constexpr Rgb ink{34, 38, 46};

namespace detail {

/// The colour at `position` in [0, 1], interpolated linearly in a table of evenly spaced colours.
template <std::size_t N>
inline Rgb interpolate(const std::array<Rgb, N>& table, double position) {
  const double place = std::clamp(position, 0.0, 1.0) * static_cast<double>(N - 1);
  const auto below = std::min(static_cast<std::size_t>(place), N - 2);
  const double part = place - static_cast<double>(below);
  const auto mix = [part](std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>(std::lround((1 - part) * a + part * b));
  };
  const Rgb a = table[below], b = table[below + 1];
  return {mix(a.r, b.r), mix(a.g, b.g), mix(a.b, b.b)};
}

inline void check_scale(double scale, const char* where) {
  if (!(scale > 0) || !std::isfinite(scale))
    throw Error(where, "scale", "a finite number above 0", shown_exactly(scale));
}

}  // namespace detail

/// Blue for -scale and below, white for 0, red for +scale and above; `not_finite_colour` for NaN and
/// infinities. Throws Error unless `scale` is finite and above 0.
inline Rgb diverging(double value, double scale) {
  detail::check_scale(scale, "nwm::plot::diverging");
  if (!std::isfinite(value)) return not_finite_colour;
  static constexpr std::array<Rgb, 9> map{{{6, 44, 100},
                                           {28, 98, 172},
                                           {82, 155, 206},
                                           {172, 210, 233},
                                           {255, 255, 255},
                                           {251, 203, 177},
                                           {233, 126, 96},
                                           {190, 36, 46},
                                           {110, 2, 30}}};
  return detail::interpolate(map, 0.5 + 0.5 * (value / scale));
}

/// Dark violet for 0 and below, through green, to yellow for `scale` and above (after matplotlib's viridis);
/// `not_finite_colour` for NaN and infinities. Throws Error unless `scale` is finite and above 0.
inline Rgb sequential(double value, double scale) {
  detail::check_scale(scale, "nwm::plot::sequential");
  if (!std::isfinite(value)) return not_finite_colour;
  static constexpr std::array<Rgb, 9> map{{{68, 1, 84},
                                           {71, 44, 122},
                                           {59, 81, 139},
                                           {44, 113, 142},
                                           {33, 144, 141},
                                           {39, 173, 129},
                                           {92, 200, 99},
                                           {170, 220, 50},
                                           {253, 231, 37}}};
  return detail::interpolate(map, value / scale);
}

/// Colour of a class; 0 is the dark background. 1..7 are the colours of Okabe and Ito (2008). 8..15 were each
/// chosen as far as possible (in OKLab) from all colours before, for normal, deuteranopic and protanopic eyes
/// (Machado, Oliveira and Fernandes 2009). Higher labels get hues at golden-angle steps: all different, but
/// harder to tell apart. 255, which pixels that count nothing have, is grey.
inline Rgb class_colour(std::size_t label) {
  if (label == 255) return {128, 128, 128};
  static constexpr std::array<Rgb, 16> palette{{{24, 26, 34},
                                                {230, 159, 0},
                                                {86, 180, 233},
                                                {0, 158, 115},
                                                {204, 121, 167},
                                                {213, 94, 0},
                                                {0, 114, 178},
                                                {240, 228, 66},
                                                {255, 225, 255},
                                                {120, 60, 60},
                                                {0, 0, 255},
                                                {0, 225, 165},
                                                {135, 120, 255},
                                                {75, 60, 150},
                                                {255, 255, 195},
                                                {165, 60, 120}}};
  if (label < palette.size()) return palette[label];
  const double turn = 0.61803398875 * static_cast<double>(label), hue = 6 * (turn - std::floor(turn));
  const auto channel = [hue](double shift) {  // HSV with saturation 0.65 and value 0.9
    const double place = std::fmod(shift + hue, 6.0);
    const double part = std::clamp(std::min(place, 4 - place), 0.0, 1.0);
    return static_cast<std::uint8_t>(std::lround(255 * 0.9 * (1 - 0.65 * part)));
  };
  return {channel(5), channel(3), channel(1)};
}

/// Whether a label of a model with so many classes is that of pixels that count nothing: 255, as
/// `loss::CrossEntropy{.ignore_index = 255}` has it, unless 256 classes need it.
constexpr bool left_out(std::size_t label, std::size_t classes) { return label == 255 && classes <= 255; }

/// The scale s > 0 of a symmetric colour map [-s, s] for `values`: the `quantile` (in (0, 1]; 1 is the
/// maximum) of their magnitudes. Values that are not finite are ignored. The scale is 1 when only zeros are
/// left, so that the result is always usable. Throws Error for a quantile outside (0, 1].
inline float symmetric_scale(std::span<const float> values, double quantile = 1.0) {
  if (!(quantile > 0) || quantile > 1)
    throw Error("nwm::plot::symmetric_scale", "quantile", "a number in (0, 1]", shown_exactly(quantile));
  std::vector<float> magnitudes;
  magnitudes.reserve(values.size());
  for (const float value : values)
    if (std::isfinite(value)) magnitudes.push_back(std::abs(value));
  if (magnitudes.empty()) return 1.0f;
  const auto rank = std::ceil(quantile * static_cast<double>(magnitudes.size())) - 1;
  const auto place = magnitudes.begin() + static_cast<std::ptrdiff_t>(std::max(rank, 0.0));
  std::nth_element(magnitudes.begin(), place, magnitudes.end());
  // The quantile of a field that is zero nearly everywhere would be 0: take the maximum instead.
  const float scale = *place > 0 ? *place : *std::max_element(place, magnitudes.end());
  return scale > 0 ? scale : 1.0f;
}

}  // namespace nwm::plot

#include "nwm/pop_macros.inc"
