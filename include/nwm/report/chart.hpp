// Line charts as SVG inside a page: sharp at any size, in the page's light or dark colours.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/plot/chart.hpp"
#include "nwm/report/html.hpp"

namespace nwm::report {

/// One line of a chart, in the page's colour number `colour` (0..7). With `points`, each value gets a dot.
struct Line {
  std::string label;                    ///< in the legend
  std::vector<double> x, y;             ///< of one length; points that are not finite are left out
  std::size_t colour = 0;               ///< of the page, 0 to 7
  bool points = false, dashed = false;  ///< a dot at each value; a broken line
};

/// A vertical mark at x, across the chart, with a short text at its top.
struct Mark {
  double x = 0;           ///< where it stands
  std::string text = {};  ///< at its top
};

/// Texts, marks, axes and size of a chart.
struct ChartOptions {
  std::string title = {};                  ///< text for readers who cannot see the picture
  std::string x_label = {}, y_label = {};  ///< beside the axes
  bool logarithmic = false;                ///< y in decades
  bool counted = false;                    ///< x is a count: ticks at whole numbers only
  double least = 0, most = 0;              ///< ends of the x axis; both 0: taken from the lines
  double floor = 0;                        ///< logarithmic: smaller y are drawn at this value; 0: no floor
  std::vector<Mark> marks = {};            ///< across the chart
  std::size_t width = 480;   ///< CSS pixels at which letters have their proper size; 960 fills a row
  std::size_t height = 300;  ///< CSS pixels, too
};

/// The chart as an <svg>; with more than one line, a legend stands below. Throws Error when a line's x and y
/// differ in length, there is nothing to draw, a width
/// or height is below 120 or above 65535, or the ends of the x axis are not finite or too close for their
/// size.
inline std::string chart(std::vector<Line> lines, const ChartOptions& options = {}) {
  constexpr const char* where = "nwm::report::chart";
  if (std::min(options.width, options.height) < 120 || std::max(options.width, options.height) > 65535)
    throw Error(where, "size", "120 to 65535 pixels a side",
                std::to_string(options.width) + " x " + std::to_string(options.height));
  const double span = options.most - options.least,
               furthest = std::max(std::abs(options.least), std::abs(options.most));
  if (!std::isfinite(span) || (span > 0 && span < 1e-9 * furthest))
    throw Error(where, "x axis", "finite ends that are apart",
                shown_exactly(options.least) + " to " + shown_exactly(options.most));
  const double width = static_cast<double>(options.width), height = static_cast<double>(options.height),
               left = 74, right = width - 14, top = options.marks.empty() ? 12 : 26, bottom = height - 44;
  std::vector<plot::Curve> curves;
  for (Line& line : lines) {
    if (line.x.size() != line.y.size())
      throw Error("nwm::report::chart", "line " + line.label, std::to_string(line.x.size()) + " y values",
                  std::to_string(line.y.size()));
    plot::Curve seen;
    for (std::size_t i = 0; i < line.x.size(); ++i) {
      if (options.most > options.least && (line.x[i] < options.least || line.x[i] > options.most)) continue;
      double y = line.y[i];
      if (options.logarithmic && options.floor > 0) y = std::max(y, options.floor);
      seen.x.push_back(line.x[i]), seen.y.push_back(y);
    }
    line.x = seen.x, line.y = seen.y;
    curves.push_back(std::move(seen));
  }
  auto x = plot::detail::fitted(curves, false, [](const auto& c, std::size_t i) { return c.x[i]; });
  auto y =
      plot::detail::fitted(curves, options.logarithmic, [](const auto& c, std::size_t i) { return c.y[i]; });
  if (options.most > options.least) x.low = options.least, x.high = options.most;
  if (x.low == x.high) x.low -= 0.5, x.high += 0.5;
  if (options.logarithmic) y.low /= 1.2, y.high *= 1.4;
  else {
    const double margin = 0.06 * (y.high - y.low);
    // The y axis starts at 0 unless the lines stay far above 0.
    if (y.low >= 0 && y.low < 0.6 * y.high) y.low = 0;
    else y.low -= margin;
    y.high += margin;
  }
  if (y.low == y.high) y.high = y.low + 1;
  plot::detail::set_linear_ticks(x, width / 75);
  if (options.counted)
    std::erase_if(x.ticks, [](double tick) { return std::abs(tick - std::round(tick)) > 1e-6; });
  if (options.logarithmic) plot::detail::set_decade_ticks(y, 6);
  else plot::detail::set_linear_ticks(y, 5);
  x.from = left, x.to = right, y.from = bottom, y.to = top;

  const auto at = [](double v) { return plot::detail::number(std::round(v * 100) / 100, 6); };
  std::string svg =
      "<svg class=\"chart\" viewBox=\"0 0 " + at(width) + " " + at(height) +
      "\" style=\"--proper: " + at(width) + "px\" role=\"img\" aria-label=\"" +
      escape(options.title.empty() ? options.y_label + " over " + options.x_label : options.title) + "\">\n";
  const auto segment = [&](double x1, double y1, double x2, double y2, const char* kind) {
    svg += "<line class=\"" + std::string(kind) + "\" x1=\"" + at(x1) + "\" y1=\"" + at(y1) + "\" x2=\"" +
           at(x2) + "\" y2=\"" + at(y2) + "\"/>\n";
  };
  const auto text = [&](double tx, double ty, const char* anchor, const std::string& words,
                        const char* kind = "tick") {
    svg += "<text class=\"" + std::string(kind) + "\" x=\"" + at(tx) + "\" y=\"" + at(ty) +
           "\" text-anchor=\"" + anchor + "\">" + escape(words) + "</text>\n";
  };
  for (const double tick : y.ticks) {
    segment(left, y.place(tick), right, y.place(tick), "grid");
    text(left - 6, y.place(tick) + 4, "end", number(tick));
  }
  for (const double tick : x.ticks) {
    segment(x.place(tick), bottom, x.place(tick), bottom + 4, "axis");
    text(x.place(tick), bottom + 17, "middle", number(tick));
  }
  segment(left, bottom, right, bottom, "axis");
  text((left + right) / 2, height - 6, "middle", options.x_label, "label");
  svg += "<text class=\"label\" text-anchor=\"middle\" transform=\"translate(13 " + at((top + bottom) / 2) +
         ") rotate(-90)\">" + escape(options.y_label) + "</text>\n";
  double last = -100;
  for (const Mark& mark : options.marks) {
    if (mark.x < x.low || mark.x > x.high) continue;
    const double place = x.place(mark.x);
    segment(place, top, place, bottom, "mark");
    if (place - last < 24) continue;  // labels would overlap
    text(place, top - 5, "middle", mark.text), last = place;
  }
  for (const Line& line : lines) {
    const std::string colour = "s" + std::to_string(line.colour % 8);
    std::string path;
    bool pen_down = false;
    for (std::size_t i = 0; i < line.x.size(); ++i) {
      if (!std::isfinite(line.x[i]) || !std::isfinite(line.y[i]) ||
          (options.logarithmic && !(line.y[i] > 0))) {
        pen_down = false;
        continue;
      }
      const std::string px = at(x.place(line.x[i])), py = at(y.place(line.y[i]));
      if (line.points)
        svg += "<circle class=\"" + colour + "\" cx=\"" + px + "\" cy=\"" + py + "\" r=\"3\"/>\n";
      path.append(pen_down ? "L" : "M").append(px).append(" ").append(py);
      pen_down = true;
    }
    if (!path.empty())
      svg += "<path class=\"" + colour + (line.dashed ? " dashed" : "") + "\" d=\"" + path + "\"/>\n";
  }
  svg += "</svg>\n";
  if (lines.size() > 1) {
    svg += "<ul class=\"legend\">";
    for (const Line& line : lines)
      svg += "<li class=\"b" + std::to_string(line.colour % 8) + (line.dashed ? " dashed" : "") + "\">" +
             escape(line.label) + "</li>";
    svg += "</ul>\n";
  }
  return svg;
}

}  // namespace nwm::report

#include "nwm/pop_macros.inc"
