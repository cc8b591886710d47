// Pictures of drums: the wave as film and strip, modes, and maps of what each neuron hears.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/drum/mask.hpp"
#include "nwm/drum/recording.hpp"
#include "nwm/error.hpp"
#include "nwm/plot/colour.hpp"
#include "nwm/plot/draw.hpp"
#include "nwm/plot/film.hpp"
#include "nwm/plot/image.hpp"
#include "nwm/plot/strip.hpp"

namespace nwm::drum {

/// Colour outside the drum, in all pictures.
inline constexpr plot::Rgb outside_colour{70, 77, 90};
/// Colour of a drum's site that heard no tone.
inline constexpr plot::Rgb silent_colour{150, 155, 165};

/// The part of the grid in the pictures: the drum and a margin.
struct Frame {
  std::size_t top = 0, left = 0, height = 0, width = 0;  ///< in sites
};
/// The smallest frame around the drum with `margin` sites on each side, cut off at the grid's border.
inline Frame frame(const Mask& mask, std::size_t margin = 3) {
  std::size_t top = mask.height(), bottom = 0, left = mask.width(), right = 0;
  for (const std::size_t i : mask.sites()) {
    top = std::min(top, i / mask.width()), bottom = std::max(bottom, i / mask.width());
    left = std::min(left, i % mask.width()), right = std::max(right, i % mask.width());
  }
  top -= std::min(top, margin), left -= std::min(left, margin);
  bottom = std::min(bottom + margin, mask.height() - 1), right = std::min(right + margin, mask.width() - 1);
  return {top, left, bottom - top + 1, right - left + 1};
}

/// One pixel per site of the frame: colour(i) for place i of `sites` (indices on the grid), `outside_colour`
/// elsewhere.
template <class Colour>
plot::Image site_picture(const Mask& mask, std::span<const std::size_t> sites, const Colour& colour) {
  const Frame f = frame(mask);
  plot::Image result(f.width, f.height, outside_colour);
  for (std::size_t k = 0; k < sites.size(); ++k) {
    const std::size_t row = sites[k] / mask.width(), column = sites[k] % mask.width();
    if (row >= f.top && column >= f.left && row < f.top + f.height && column < f.left + f.width)
      result.set(column - f.left, row - f.top, colour(k));
  }
  return result;
}

/// The drum's shape alone.
inline plot::Image silhouette(const Mask& mask) {
  return site_picture(mask, mask.sites(), [](std::size_t) { return plot::Rgb{236, 222, 196}; });
}

/// A signed field on the drum, blue-white-red with full colour at ±scale. values: (height, width).
inline plot::Image signed_map(const Mask& mask, std::span<const float> values, double scale) {
  if (values.size() != mask.height() * mask.width())
    throw Error("nwm::drum::signed_map", "values", std::to_string(mask.height() * mask.width()),
                std::to_string(values.size()));
  return site_picture(mask, mask.sites(), [&](std::size_t k) {
    return plot::diverging(static_cast<double>(values[mask.sites()[k]]), scale);
  });
}

/// A map of one value per recorded site, from dark `low` to bright `high`. Sites with NaN get
/// `silent_colour`, sites not recorded `outside_colour`. Throws Error unless low < high.
template <class Real>
plot::Image value_map(const Recording<Real>& recording, std::span<const double> values, double low,
                      double high) {
  if (!(low < high))
    throw Error("nwm::drum::value_map", "low", "below " + shown_exactly(high), shown_exactly(low));
  if (values.size() != recording.sites().size())
    throw Error("nwm::drum::value_map", "values", std::to_string(recording.sites().size()),
                std::to_string(values.size()));
  return site_picture(recording.mask(), recording.sites(), [&](std::size_t k) {
    return std::isfinite(values[k]) ? plot::sequential(values[k] - low, high - low) : silent_colour;
  });
}

/// The displacement of full colour: the quantile 0.995 of |u| over the recording.
template <class Real>
double full_colour(const Recording<Real>& recording) {
  std::vector<float> all;
  all.reserve(recording.samples().size());
  for (const Real u : recording.samples()) all.push_back(static_cast<float>(u));
  return static_cast<double>(plot::symmetric_scale(all, 0.995));
}

/// A film with one frame per sample of a full recording, blue-white-red with a dark outside.
template <class Real>
plot::Film film(const Recording<Real>& recording, const plot::FilmOptions& options = {}) {
  const Mask& mask = recording.mask();
  const Frame f = frame(mask);
  const plot::SeriesShape shape{recording.steps(), 1, f.height, f.width};
  std::vector<float> series;
  series.reserve(shape.size());
  for (std::size_t t = 0; t < shape.steps; ++t) {
    const std::vector<float> plane = recording.plane(t);
    for (std::size_t row = f.top; row < f.top + f.height; ++row)
      for (std::size_t column = f.left; column < f.left + f.width; ++column)
        series.push_back(mask.contains({row, column}) ? plane[row * mask.width() + column]
                                                      : std::numeric_limits<float>::quiet_NaN());
  }
  plot::FilmOptions fitted = options;
  if (fitted.scale == 0) fitted.scale = full_colour(recording);
  plot::Film result = plot::film(series, shape, fitted);
  result.palette[plot::film_palette::not_finite] = outside_colour;
  return result;
}

/// The drum at some samples (counted from 0), in rows of `columns`; the step number stands above each. Throws
/// Error for a sample that was not recorded.
template <class Real>
plot::Image strip(const Recording<Real>& recording, std::span<const std::size_t> samples,
                  std::size_t minimum_tile = 140, std::size_t columns = 6) {
  const double scale = full_colour(recording);
  const std::size_t width = frame(recording.mask()).width, factor = (minimum_tile + width - 1) / width;
  std::vector<plot::Image> rows, row;
  for (const std::size_t t : samples) {
    if (t >= recording.steps())
      throw Error("nwm::drum::strip", "sample", "below " + std::to_string(recording.steps()),
                  std::to_string(t));
    plot::Image label(width * factor, plot::text_height(2) + 4, plot::paper);
    plot::draw_text(label, 0, 0, "t=" + std::to_string((t + 1) * recording.every()), plot::ink, 2);
    row.push_back(
        plot::stacked({label, signed_map(recording.mask(), recording.plane(t), scale).enlarged(factor)}));
    if (row.size() == columns) rows.push_back(plot::beside(row, 6, plot::paper)), row.clear();
  }
  if (!row.empty()) rows.push_back(plot::beside(row, 6, plot::paper));
  return plot::framed(plot::stacked(rows, 6, plot::paper), 8, plot::paper);
}

/// Modes side by side in rows of `columns`, each with a label; one label per shape. shapes: (height, width).
inline plot::Image mode_tiles(const Mask& mask, std::span<const std::vector<float>> shapes,
                              std::span<const std::string> labels, std::size_t columns = 6,
                              std::size_t minimum_tile = 128) {
  if (labels.size() != shapes.size() || columns == 0)
    throw Error("nwm::drum::mode_tiles", "labels", std::to_string(shapes.size()),
                std::to_string(labels.size()));
  const std::size_t width = frame(mask).width, factor = (minimum_tile + width - 1) / width;
  std::vector<plot::Image> rows;
  for (std::size_t first = 0; first < shapes.size(); first += columns) {
    std::vector<plot::Image> row;
    for (std::size_t k = first; k < std::min(first + columns, shapes.size()); ++k) {
      plot::Image label(width * factor, plot::text_height(1) + 5, plot::paper);
      plot::draw_text(label, 0, 1, labels[k], plot::ink, 1);
      const auto scale = static_cast<double>(plot::symmetric_scale(shapes[k]));
      row.push_back(plot::stacked({label, signed_map(mask, shapes[k], scale).enlarged(factor)}));
    }
    rows.push_back(plot::beside(row, 6, plot::paper));
  }
  return plot::framed(plot::stacked(rows, 6, plot::paper), 8, plot::paper);
}

}  // namespace nwm::drum

#include "nwm/pop_macros.inc"
