// Models beside one another and beside published results: every seed a dot, with the numbers as a table.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/report/html.hpp"
#include "nwm/report/page.hpp"

namespace nwm::report {

/// One model: a value for every seed (NaN: diverged), and the published mean and standard deviation (NaN:
/// none).
struct Compared {
  std::string name;                                                ///< of the model
  std::vector<double> found;                                       ///< a value for each seed
  double published = std::numeric_limits<double>::quiet_NaN();     ///< their published mean
  double published_sd = std::numeric_limits<double>::quiet_NaN();  ///< and standard deviation
  std::string remark = {};                                         ///< beside its row
};

/// Title and axis of a comparison.
struct ComparisonOptions {
  std::string title = {}, caption = {};  ///< above and below the chart
  std::string quantity = "value";        ///< label of the axis
  double least = 0, most = 1;            ///< ends of the axis
};

/// Mean and sample standard deviation of the finite values. Without any, the mean is NaN; with fewer than
/// two, the deviation is.
inline std::pair<double, double> mean_and_sd(const std::vector<double>& values) {
  double sum = 0, count = 0, squares = 0;
  for (const double v : values)
    if (std::isfinite(v)) sum += v, ++count;
  const double mean = sum / count;  // 0/0: NaN
  for (const double v : values)
    if (std::isfinite(v)) squares += (v - mean) * (v - mean);
  return {mean, count > 1 ? std::sqrt(squares / (count - 1)) : std::numeric_limits<double>::quiet_NaN()};
}

/// One row per model: dots for its seeds, a bar at their mean, a hollow diamond with whiskers for the
/// published result; all numbers also as a table. Throws Error when there is no model or the axis has no
/// length.
inline Figure comparison(const std::vector<Compared>& models, const ComparisonOptions& options = {}) {
  if (models.empty()) throw Error("nwm::report::comparison", "models", "at least 1", "0");
  if (!(options.most > options.least) || !std::isfinite(options.most - options.least))
    throw Error("nwm::report::comparison", "axis", "finite ends, most above least",
                number(options.least) + " to " + number(options.most));
  const double width = 960, left = 190, right = width - 20, step = 26, top = 10,
               bottom = top + step * static_cast<double>(models.size()), height = bottom + 46;
  const auto at = [](double v) { return plot::detail::number(std::round(v * 100) / 100, 6); };
  const auto place = [&](double value) {
    const double part = (value - options.least) / (options.most - options.least);
    return left + std::clamp(part, 0.0, 1.0) * (right - left);
  };
  std::string svg = "<svg class=\"chart\" viewBox=\"0 0 " + at(width) + " " + at(height) +
                    "\" style=\"--proper: " + at(width) + "px\" role=\"img\" aria-label=\"" +
                    escape(options.quantity + " of each model") + "\">\n";
  const auto line = [&](double x1, double y1, double x2, double y2, const std::string& kind) {
    svg += "<line class=\"" + kind + "\" x1=\"" + at(x1) + "\" y1=\"" + at(y1) + "\" x2=\"" + at(x2) +
           "\" y2=\"" + at(y2) + "\"/>\n";
  };
  const auto text = [&](double x, double y, const char* anchor, const std::string& words, const char* kind) {
    svg += "<text class=\"" + std::string(kind) + "\" x=\"" + at(x) + "\" y=\"" + at(y) +
           "\" text-anchor=\"" + anchor + "\">" + escape(words) + "</text>\n";
  };
  for (int i = 0; i <= 5; ++i) {
    const double value = options.least + (options.most - options.least) * i / 5;
    line(place(value), top, place(value), bottom, "grid");
    text(place(value), bottom + 17, "middle", number(value, 3), "tick");
  }
  text((left + right) / 2, height - 8, "middle", options.quantity, "label");
  Table table{{"Model", "Mean", "sd", "Least", "Greatest", "Seeds", "Published", "sd", "Remark"}};
  for (std::size_t i = 0; i < models.size(); ++i) {
    const Compared& m = models[i];
    const double y = top + step * (static_cast<double>(i) + 0.5);
    text(left - 10, y + 4, "end", m.name, "label");
    line(left, y, right, y, "grid");
    if (std::isfinite(m.published)) {
      const double sd = std::isfinite(m.published_sd) ? m.published_sd : 0, x = place(m.published);
      line(place(m.published - sd), y, place(m.published + sd), y, "l1");
      svg += "<path class=\"s1\" d=\"M" + at(x - 6) + " " + at(y) + "L" + at(x) + " " + at(y - 6) + "L" +
             at(x + 6) + " " + at(y) + "L" + at(x) + " " + at(y + 6) + "Z\"/>\n";
    }
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const double v : m.found)
      if (std::isfinite(v)) {
        low = std::min(low, v), high = std::max(high, v);
        svg += "<circle class=\"s0\" cx=\"" + at(place(v)) + "\" cy=\"" + at(y) + "\" r=\"3.2\"/>\n";
      }
    const auto [mean, sd] = mean_and_sd(m.found);
    if (std::isfinite(mean)) line(place(mean), y - 9, place(mean), y + 9, "l0");
    const auto finite = [](double v) { return std::isfinite(v) ? number(v, 3) : std::string("–"); };
    table.rows.push_back({m.name, finite(mean), finite(sd), finite(low), finite(high),
                          std::to_string(m.found.size()), finite(m.published), finite(m.published_sd),
                          m.remark});
  }
  svg +=
      "</svg>\n<ul class=\"legend\"><li class=\"b0\">here: a dot a seed, a bar their mean</li>"
      "<li class=\"b1\">published: mean and standard deviation</li></ul>\n";
  return {svg, options.title, options.caption, table};
}

}  // namespace nwm::report

#include "nwm/pop_macros.inc"
