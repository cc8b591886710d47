// A picture of a wave machine's work: input, waves at a few moments, prediction and target, a row per image.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/plot/colour.hpp"
#include "nwm/plot/draw.hpp"
#include "nwm/plot/field.hpp"
#include "nwm/plot/series.hpp"

namespace nwm::plot {

/// One image and the machine's output for it. The members are views: their data must outlive the call.
struct StripRow {
  std::span<const float> input;              ///< (image_channels, height, width) in [0, 1]
  std::span<const float> series;             ///< (steps, channels, height, width), the strip's shape
  std::span<const std::uint8_t> prediction;  ///< (height, width) labels
  std::span<const std::uint8_t> target;      ///< (height, width) labels
};

/// Channel, moments, size and colour scale of a strip.
struct StripOptions {
  std::size_t image_channels = 1;         ///< 1 or 3
  std::size_t channel = 0;                ///< the oscillator channel shown
  std::vector<std::size_t> moments = {};  ///< steps 1..T to show; empty: five evenly spaced ones
  std::size_t minimum_tile = 120;         ///< least width of a field in pixels, reached by whole enlargement
  double scale = 0;                       ///< value of full colour; 0: from the moments shown, by `quantile`
  double quantile = 0.999;  ///< quantile of |y|, over all rows and shown moments, that gets full colour
};

/// `count` steps out of 1..steps, evenly spaced from the first to the last. All steps when there are no more;
/// only the last one for a count of 1.
inline std::vector<std::size_t> evenly_spaced(std::size_t steps, std::size_t count) {
  count = std::min(count, steps);
  if (count == 1) return {steps};
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < count; ++i)  // rounded to the nearest step
    result.push_back(1 + (2 * i * (steps - 1) + (count - 1)) / (2 * (count - 1)));
  return result;
}

namespace detail {

inline void check_strip(std::span<const StripRow> rows, const SeriesShape& shape, const StripOptions& options,
                        std::span<const std::size_t> moments) {
  constexpr const char* where = "nwm::plot::strip";
  if (rows.empty()) throw Error(where, "rows", "at least 1", "0");
  if (options.channel >= shape.channels)
    throw Error(where, "channel", "below " + std::to_string(shape.channels), std::to_string(options.channel));
  for (const std::size_t t : moments)
    if (t < 1 || t > shape.steps)
      throw Error(where, "moment", "a step of 1 to " + std::to_string(shape.steps), std::to_string(t));
  for (const StripRow& row : rows) {
    check_series(where, row.series, shape);
    check_size(where, "input", row.input.size(), options.image_channels * shape.plane());
    check_size(where, "prediction", row.prediction.size(), shape.plane());
    check_size(where, "target", row.target.size(), shape.plane());
  }
}

}  // namespace detail

/// The strip has a row of pictures for each of `rows`: the input, the waves of one channel at the chosen
/// moments (blue-white-red about zero, one scale for all), the prediction and the target. Labels above say
/// "input", "t=1", …, "prediction", "target". Throws Error when a row does not fit `shape`, a moment is
/// outside 1..T, the channel is outside 0..C-1, or there are no rows.
inline Image strip(std::span<const StripRow> rows, const SeriesShape& shape,
                   const StripOptions& options = {}) {
  const std::vector<std::size_t> moments =
      options.moments.empty() ? evenly_spaced(shape.steps, 5) : options.moments;
  detail::check_strip(rows, shape, options, moments);
  const std::size_t plane = shape.plane();
  const auto wave = [&](const StripRow& row, std::size_t t) {
    return row.series.subspan((t - 1) * shape.state() + options.channel * plane, plane);
  };

  double scale = options.scale;
  if (scale == 0) {
    std::vector<float> shown;
    for (const StripRow& row : rows)
      for (const std::size_t t : moments) shown.insert(shown.end(), wave(row, t).begin(), wave(row, t).end());
    scale = static_cast<double>(symmetric_scale(shown, options.quantile));
  }

  const std::size_t factor = std::max<std::size_t>((options.minimum_tile + shape.width - 1) / shape.width, 1);
  const std::size_t tile = shape.width * factor, gap = std::max<std::size_t>(tile / 24, 2);
  const std::size_t text = std::max<std::size_t>(tile / 60, 1);  // "prediction" is 59 dots wide
  std::vector<std::string> labels{"input"};
  for (const std::size_t t : moments) labels.push_back("t=" + std::to_string(t));
  labels.insert(labels.end(), {"prediction", "target"});

  std::vector<std::vector<Image>> columns(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    Image label(std::max(text_width(labels[i], text), tile), text_height(text), paper);
    draw_text(label, (label.width() - text_width(labels[i], text)) / 2, 0, labels[i], ink, text);
    columns[i].push_back(std::move(label));
  }
  for (const StripRow& row : rows) {
    std::size_t column = 0;
    // A thin outline separates pictures with a white edge from the ground.
    const auto add = [&](const Image& image) {
      columns[column++].push_back(framed(image.enlarged(factor), 1, {200, 202, 206}));
    };
    add(picture(row.input, options.image_channels, shape.height, shape.width));
    for (const std::size_t t : moments) add(diverging_field(wave(row, t), shape.height, shape.width, scale));
    add(classes(row.prediction, shape.height, shape.width));
    add(classes(row.target, shape.height, shape.width));
  }
  std::vector<Image> joined;
  for (const auto& column : columns) joined.push_back(stacked(column, gap, paper, Align::centre));
  return framed(beside(joined, gap, paper), 2 * gap, paper);
}

}  // namespace nwm::plot

#include "nwm/pop_macros.inc"
