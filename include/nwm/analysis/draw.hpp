// Pictures of the analyses' results: receptive fields, spectra over space and time, maps of wave directions.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include "nwm/analysis/phase_waves.hpp"
#include "nwm/analysis/receptive_field.hpp"
#include "nwm/analysis/space_time_spectrum.hpp"
#include "nwm/error.hpp"
#include "nwm/memory/count.hpp"
#include "nwm/plot/colour.hpp"
#include "nwm/plot/draw.hpp"
#include "nwm/plot/field.hpp"
#include "nwm/plot/image.hpp"
#include "nwm/plot/series.hpp"

namespace nwm::analysis {

/// Size of the maps and range of the logarithmic ones.
struct DrawOptions {
  std::size_t minimum_width = 240;  ///< least width of a map in pixels, reached by whole enlargement
  double decades = 4;  ///< range of the logarithmic maps of energy and influence below their maximum
};

namespace detail {

/// Throws Error unless a map has height x width values, at least one.
inline void check_map(const char* field, std::size_t values, std::size_t height, std::size_t width) {
  const std::array sizes{height, width};
  const std::size_t sites = checked_product("nwm::analysis::picture", field, sizes, sizeof(double));
  if (sites == 0 || values != sites)
    throw Error("nwm::analysis::picture", field,
                "a value for each of at least 1 x 1 places: " + std::to_string(height) + " x " +
                    std::to_string(width),
                std::to_string(values));
}

inline std::size_t enlargement(std::size_t width, const DrawOptions& options) {
  return std::max<std::size_t>(options.minimum_width / width + (options.minimum_width % width != 0), 1);
}

/// A logarithmic map of magnitudes; everything more than `decades` below the maximum is dark.
inline plot::Image logarithmic(std::span<const double> values, std::size_t height, std::size_t width,
                               const DrawOptions& options) {
  if (!(options.decades > 0) || !std::isfinite(options.decades))
    throw Error("nwm::analysis", "decades", "a finite number above 0", shown_exactly(options.decades));
  const double most = values.empty() ? 0 : *std::max_element(values.begin(), values.end());
  std::vector<float> shown(values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] > 0)
      shown[i] = static_cast<float>(std::max(0.0, options.decades + std::log10(values[i] / most)));
  return plot::magnitude_field(shown, height, width, options.decades).enlarged(enlargement(width, options));
}

/// The picture below a line of text.
inline plot::Image titled(const plot::Image& image, const std::string& title) {
  plot::Image line(std::max(image.width(), plot::text_width(title)), plot::text_height() + 4, plot::paper);
  plot::draw_text(line, 0, 2, title, plot::ink);
  return plot::stacked({line, image}, 2, plot::paper);
}

/// A direction (down, right) as a colour: hue by angle, brightness by length 0..1. Right is red, down
/// yellow-green, left cyan, up violet.
inline plot::Rgb direction_colour(double down, double right) {
  if (!std::isfinite(down) || !std::isfinite(right)) return plot::not_finite_colour;
  const double hue = 6 * (std::atan2(down, right) / (2 * std::numbers::pi) + 1);
  const double value = std::min(1.0, std::hypot(down, right));
  const auto channel = [&](double shift) {
    const double place = std::fmod(shift + hue, 6.0);
    return static_cast<std::uint8_t>(
        std::lround(255 * value * (1 - std::clamp(std::min(place, 4 - place), 0.0, 1.0))));
  };
  return {channel(5), channel(3), channel(1)};
}

}  // namespace detail

/// The influence map, logarithmic, with a circle at radius(share) around the changed pixel. Throws Error as
/// ReceptiveField::radius does, when `decades` is not a number above 0, or the map is empty.
inline plot::Image picture(const ReceptiveField& field, double share = 0.95,
                           const DrawOptions& options = {}) {
  detail::check_map("influence", field.influence.size(), field.height, field.width);
  const double radius = field.radius(share);
  plot::Image image = detail::logarithmic(field.influence, field.height, field.width, options);
  if (!std::isnan(radius)) {
    const auto factor = static_cast<double>(detail::enlargement(field.width, options));
    std::vector<plot::Point> circle;
    for (int i = 0; i <= 180; ++i) {
      const double angle = std::numbers::pi * i / 90;
      const auto place = [&](std::size_t size, double shift) {
        return (static_cast<double>(size / 2) + radius * shift + 0.5) * factor - 0.5;
      };
      circle.push_back({place(field.width, std::cos(angle)), place(field.height, std::sin(angle))});
    }
    plot::draw_line(image, circle, 1.5, plot::white);
  }
  return detail::titled(image, plot::detail::number(100 * share, 3) + "% within " +
                                   plot::detail::number(radius, 3) + " pixels");
}

/// Left: power over the wave vector (0 in the centre), that is, the directions of the waves. Right: power
/// over the wave number along the columns and the frequency (0 at the bottom); waves that run right lie right
/// of the middle. Both are logarithmic. Throws Error when there is nothing to draw or the power does not fit
/// its sizes.
inline plot::Image picture(const SpaceTimeSpectrum& spectrum, const DrawOptions& options = {}) {
  const std::array sizes{spectrum.bins, spectrum.height};
  detail::check_map("power", spectrum.power.size(),
                    checked_product("nwm::analysis::picture", "power", sizes, sizeof(double)),
                    spectrum.width);
  const std::vector<double> vectors = spectrum.by_direction(), lines = spectrum.along_columns();
  std::vector<double> upright(lines.size());
  for (std::size_t b = 0; b < spectrum.bins; ++b)
    std::copy_n(lines.data() + b * spectrum.width, spectrum.width,
                upright.data() + (spectrum.bins - 1 - b) * spectrum.width);
  return plot::beside(
      {detail::titled(detail::logarithmic(vectors, spectrum.height, spectrum.width, options), "wave vector"),
       detail::titled(detail::logarithmic(upright, spectrum.bins, spectrum.width, options),
                      "frequency over wave number")},
      8, plot::paper);
}

/// Left: the mean direction of the waves at each site as a hue (the wheel beside it explains the hues);
/// constant directions are brighter. Right: how far each neighbourhood runs one way at a time, 0 to 1. Throws
/// Error when there is nothing to draw or a map does not fit the sizes.
inline plot::Image picture(const PhaseWaves& waves, const DrawOptions& options = {}) {
  detail::check_map("strength", waves.strength.size(), waves.height, waves.width);
  detail::check_map("down", waves.down.size(), waves.height, waves.width);
  detail::check_map("right", waves.right.size(), waves.height, waves.width);
  const std::size_t factor = detail::enlargement(waves.width, options), wheel = 49;
  plot::Image directions(waves.width, waves.height), legend(wheel, wheel, plot::paper);
  std::vector<float> strength(waves.strength.size());
  for (std::size_t i = 0; i < strength.size(); ++i) {
    directions.set(i % waves.width, i / waves.width, detail::direction_colour(waves.down[i], waves.right[i]));
    strength[i] = static_cast<float>(waves.strength[i]);
  }
  for (std::size_t i = 0; i < wheel * wheel; ++i) {
    const auto place = [&](std::size_t at) { return (static_cast<double>(at) - wheel / 2) / (wheel / 2); };
    const double down = place(i / wheel), right = place(i % wheel);
    if (std::hypot(down, right) <= 1) legend.set(i % wheel, i / wheel, detail::direction_colour(down, right));
  }
  const plot::Image local = plot::magnitude_field(strength, waves.height, waves.width, 1.0);
  return plot::beside({detail::titled(directions.enlarged(factor), "mean direction"), legend,
                       detail::titled(local.enlarged(factor), "directionality")},
                      8, plot::paper);
}

}  // namespace nwm::analysis

#include "nwm/pop_macros.inc"
