// A line chart drawn on an Image. It needs no plotting program on the machine.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/plot/colour.hpp"
#include "nwm/plot/draw.hpp"
#include "nwm/plot/series.hpp"

namespace nwm::plot {

/// One line of a chart. Points with a value that is not finite (or, on a logarithmic axis, not positive) are
/// left out.
struct Curve {
  std::string label = {};              ///< in the legend
  Rgb colour = {};                     ///< of the line
  std::vector<double> x = {}, y = {};  ///< points; both of one length
};

/// Texts, size and axis of a chart.
struct ChartOptions {
  std::string title = {}, x_label = {}, y_label = {};  ///< above the chart, and beside its axes
  std::size_t width = 960, height = 540;               ///< pixels, 320 x 200 to 65535 x 65535
  bool logarithmic = false;                            ///< y axis in decades
};

namespace detail {

/// One axis: the values at its ends, the pixels of its ends, the values that get a tick.
struct Axis {
  double low = 0, high = 1, from = 0, to = 1;
  bool logarithmic = false;
  std::vector<double> ticks;

  double place(double value) const {
    const double part = logarithmic ? (std::log(value) - std::log(low)) / (std::log(high) - std::log(low))
                                    : (value - low) / (high - low);
    return from + part * (to - from);
  }
};

/// Ticks at 1, 2 or 5 times a power of ten, about `wanted` of them, inside the axis. None on an axis whose
/// ends are too close, for their size, for numbers between them.
inline void set_linear_ticks(Axis& axis, double wanted) {
  const double rough = (axis.high - axis.low) / wanted, power = std::pow(10.0, std::floor(std::log10(rough)));
  const double mantissa = rough / power;
  const double step = power * (mantissa < 1.5 ? 1 : mantissa < 3.5 ? 2 : mantissa < 7.5 ? 5 : 10);
  if (!std::isfinite(step) || !(std::max(std::abs(axis.low), std::abs(axis.high)) < 1e14 * step)) return;
  for (double i = std::ceil(axis.low / step - 1e-9); i * step <= axis.high + 1e-9 * step; ++i)
    axis.ticks.push_back(i * step + 0.0);  // + 0.0 makes -0 a 0
}

/// Ticks at the decades, thinned to at most `most`; when there are few, also at 2 and 5 times each decade.
inline void set_decade_ticks(Axis& axis, double most) {
  const double first = std::floor(std::log10(axis.low)), last = std::ceil(std::log10(axis.high));
  const double stride = std::max(1.0, std::ceil((last - first) / most));
  for (double decade = first; decade <= last; decade += stride)
    for (const double digit : {1.0, 2.0, 5.0}) {
      if (digit > 1 && last - first > 3) continue;
      const double tick = digit * std::pow(10.0, decade);
      if (tick >= axis.low * (1 - 1e-9) && tick <= axis.high * (1 + 1e-9)) axis.ticks.push_back(tick);
    }
}

/// The smallest axis that holds all points of the curves, with `value(curve, i)` the coordinate and unusable
/// points left out. Throws Error when no point is left.
template <class Value>
Axis fitted(std::span<const Curve> curves, bool logarithmic, Value&& value) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Axis axis{infinity, -infinity, 0, 1, logarithmic, {}};
  for (const Curve& curve : curves)
    for (std::size_t i = 0; i < curve.x.size(); ++i) {
      const double v = value(curve, i);
      if (!std::isfinite(v) || (logarithmic && v <= 0)) continue;
      axis.low = std::min(axis.low, v), axis.high = std::max(axis.high, v);
    }
  if (axis.low > axis.high) throw Error("nwm::plot::chart", "curves", "a point that can be drawn", "none");
  // The axis needs a length that floating-point numbers can resolve; otherwise the ticks could not be
  // counted.
  const double largest = std::max(std::abs(axis.low), std::abs(axis.high));
  if (largest > 1e300) throw Error("nwm::plot::chart", "curves", "values below 1e300", number(largest));
  if (!logarithmic && axis.high - axis.low < 1e-9 * largest)
    axis.low -= 0.5 * largest, axis.high += 0.5 * largest;
  return axis;
}

}  // namespace detail

/// The curves as a line chart on a light ground: axes with numbered ticks, a grid, title, axis labels, and a
/// legend at the right. The y axis starts at 0 unless it is logarithmic or some value is negative. Throws
/// Error when a curve's x and y differ in length, when no point can be drawn, or when the picture would be
/// smaller than 320 x 200 or larger than 65535 pixels a side.
inline Image chart(std::span<const Curve> curves, const ChartOptions& options = {}) {
  for (const Curve& curve : curves)
    if (curve.x.size() != curve.y.size())
      throw Error("nwm::plot::chart", "curve " + curve.label, std::to_string(curve.x.size()) + " y values",
                  std::to_string(curve.y.size()));
  if (options.width < 320 || options.height < 200 || options.width > 65535 || options.height > 65535)
    throw Error("nwm::plot::chart", "size", "320 x 200 to 65535 x 65535 pixels",
                std::to_string(options.width) + " x " + std::to_string(options.height));
  const std::size_t text = options.width >= 640 ? 2 : 1, line = text_height(text) + 3 * text, pad = 8 * text;
  constexpr Rgb grid{226, 228, 231}, grey{104, 109, 118};

  detail::Axis x = detail::fitted(curves, false, [](const Curve& c, std::size_t i) { return c.x[i]; });
  detail::Axis y =
      detail::fitted(curves, options.logarithmic, [](const Curve& c, std::size_t i) { return c.y[i]; });
  if (options.logarithmic) y.low /= 1.3, y.high *= 1.3;
  else y.low = std::min(y.low * 1.05, 0.0), y.high = std::max(y.high * 1.05, 0.0);
  if (x.low == x.high) x.low -= 0.5, x.high += 0.5;
  if (y.low == y.high) y.high = y.low + 1;
  set_linear_ticks(x, static_cast<double>(options.width) / (60.0 * static_cast<double>(text)));
  const double y_ticks = static_cast<double>(options.height) / (34.0 * static_cast<double>(text));
  if (options.logarithmic) set_decade_ticks(y, y_ticks);
  else set_linear_ticks(y, y_ticks);

  std::size_t number_width = 0, legend_width = 0;
  for (const double tick : y.ticks)
    number_width = std::max(number_width, text_width(detail::number(tick), text));
  for (const Curve& curve : curves) legend_width = std::max(legend_width, text_width(curve.label, text));
  const std::size_t swatch = 14 * text;
  const std::size_t left = pad + number_width + 5 * text,
                    right = options.width - legend_width - swatch - 3 * pad,
                    top = pad + (options.title.empty() ? 0 : line) + (options.y_label.empty() ? 0 : line) +
                          2 * text,
                    bottom = options.height - pad - line * (options.x_label.empty() ? 1 : 2);
  if (right > options.width || right < left + 40 || bottom < top + 40)
    throw Error("nwm::plot::chart", "size", "room for labels and lines",
                std::to_string(options.width) + " x " + std::to_string(options.height) + " pixels");
  x.from = static_cast<double>(left), x.to = static_cast<double>(right);
  y.from = static_cast<double>(bottom), y.to = static_cast<double>(top);

  Image result(options.width, options.height, paper);
  draw_text(result, left, pad, options.title, ink, text);
  draw_text(result, left, top - line, options.y_label, grey, text);
  draw_text(result, right - std::min(right, text_width(options.x_label, text)), bottom + line + 4 * text,
            options.x_label, grey, text);
  for (const double tick : y.ticks) {
    const auto row = static_cast<std::size_t>(std::lround(y.place(tick)));
    const std::string label = detail::number(tick);
    draw_rectangle(result, left, row, right - left, 1, grid);
    draw_text(result, left - 4 * text - text_width(label, text), row - capital_height(text) / 2, label, grey,
              text);
  }
  for (const double tick : x.ticks) {
    const auto column = static_cast<std::size_t>(std::lround(x.place(tick)));
    const std::string label = detail::number(tick);
    draw_rectangle(result, column, bottom, 1, 3 * text, grey);
    draw_text(result, column - text_width(label, text) / 2, bottom + 5 * text, label, grey, text);
  }
  draw_rectangle(result, left, bottom, right - left + 1, 1, grey);

  std::size_t row = top;
  for (const Curve& curve : curves) {
    std::vector<Point> points;
    for (std::size_t i = 0; i < curve.x.size(); ++i)
      points.push_back({x.place(curve.x[i]), options.logarithmic && !(curve.y[i] > 0)
                                                 ? std::numeric_limits<double>::quiet_NaN()
                                                 : y.place(curve.y[i])});
    // The darker edge keeps light colours (yellow, white) visible on the light ground.
    const Rgb edge{static_cast<std::uint8_t>(curve.colour.r * 3 / 5),
                   static_cast<std::uint8_t>(curve.colour.g * 3 / 5),
                   static_cast<std::uint8_t>(curve.colour.b * 3 / 5)};
    const double thick = 1.5 * static_cast<double>(text),
                 level = static_cast<double>(row + capital_height(text) / 2);
    const Point sample[2] = {{static_cast<double>(right + 2 * pad), level},
                             {static_cast<double>(right + 2 * pad + swatch - 6 * text), level}};
    for (const auto& stroke : {std::span<const Point>(points), std::span<const Point>(sample)}) {
      draw_line(result, stroke, thick + 1.5, edge);
      draw_line(result, stroke, thick, curve.colour);
    }
    draw_text(result, right + 2 * pad + swatch, row, curve.label, ink, text);
    row += line;
  }
  return result;
}

}  // namespace nwm::plot

#include "nwm/pop_macros.inc"
