#include "table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

namespace study {
namespace {

using Row = std::vector<std::string>;

std::string fixed(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "∞" : "−∞";
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%.3f", value);
  return out.data();
}

std::string with_sd(double mean, double sd) {
  return fixed(mean) + (std::isnan(sd) ? "" : " ± " + fixed(sd));
}

/// Number of characters (not bytes) of a UTF-8 text.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

/// Aligns the first column to the left, the others to the right.
std::string aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows[0].size(), 3);
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string space(widths[i] - width(rows[r][i]), ' ');
      out.append("| ").append(i == 0 ? rows[r][i] + space : space + rows[r][i]).append(" ");
    }
    out += "|\n";
    if (r > 0) continue;
    for (std::size_t i = 0; i < widths.size(); ++i)
      out += "|" + (i == 0 ? std::string(widths[i] + 2, '-') : std::string(widths[i] + 1, '-') + ":");
    out += "|\n";
  }
  return out;
}

std::string spread(double median, double smallest, double largest) {
  return fixed(median) + " (" + fixed(smallest) + " – " + fixed(largest) + ")";
}

Statistics over(const Group& group, double nwm::SegmentationMetrics::*figure) {
  std::vector<double> values;
  for (const Result& r : group.runs) values.push_back(r.metrics.*figure);
  return statistics(values);
}

Row row(const Group& group, std::size_t parameters) {
  const auto& [c, runs] = group;
  const Statistics acc = over(group, &nwm::SegmentationMetrics::acc_foreground),
                   iou = over(group, &nwm::SegmentationMetrics::iou_foreground);
  const std::string failed = failures(runs);
  Row out{c.title(),
          std::to_string(parameters),
          std::to_string(runs.size()) + (failed.empty() ? "" : " (" + failed + ")"),
          with_sd(acc.mean, acc.sd),
          with_sd(iou.mean, iou.sd),
          spread(iou.median, iou.smallest, iou.largest)};
  const Published* p = published_of(c);
  out.push_back(p ? with_sd(p->acc_mean, p->acc_sd) : "");
  out.push_back(p ? with_sd(p->iou_mean, p->iou_sd) : "");
  out.push_back(p && !std::isnan(p->iou_median) ? spread(p->iou_median, p->iou_smallest, p->iou_largest)
                                                : "");
  return out;
}

}  // namespace

std::vector<std::vector<Group>> grouped(const std::vector<Result>& results) {
  std::vector<std::vector<Group>> all;
  for (const Result& r : results) {
    const Configuration& c = r.run.configuration;
    if (all.empty() || all.back().back().configuration.data != c.data) all.emplace_back();
    if (all.back().empty() || all.back().back().configuration != c) all.back().push_back({c, {}});
    all.back().back().runs.push_back(r);
  }
  return all;
}

std::vector<Row> all_figures(const std::vector<Group>& groups, const Backgrounds& backgrounds) {
  using Metrics = nwm::SegmentationMetrics;
  constexpr std::array<double Metrics::*, 6> figures{&Metrics::acc,  &Metrics::acc_foreground,
                                                     &Metrics::iou,  &Metrics::iou_foreground,
                                                     &Metrics::loss, &Metrics::loss_foreground};
  std::vector<Row> rows{{"model", "accuracy, all pixels", "foreground", "IoU, all pixels", "foreground",
                         "loss, all pixels", "foreground"}};
  for (const Group& g : groups) {
    rows.push_back({g.configuration.title()});
    for (const auto figure : figures) {
      const Statistics s = over(g, figure);
      rows.back().push_back(with_sd(s.mean, s.sd));
    }
  }
  if (const auto found = backgrounds.find(groups[0].configuration.data); found != backgrounds.end()) {
    rows.push_back({"background everywhere"});
    for (const auto figure : figures) rows.back().push_back(fixed(found->second.*figure));
  }
  return rows;
}

std::string failures(const std::vector<Result>& runs) {
  std::string out;
  for (const char* verdict : {"collapsed", "diverged"}) {
    const auto count =
        std::ranges::count_if(runs, [&](const Result& r) { return r.verdict.starts_with(verdict); });
    if (count > 0) out += (out.empty() ? "" : ", ") + std::to_string(count) + " " + verdict;
  }
  return out;
}

const Published* published_of(const Configuration& c) {
  const auto found = std::ranges::find_if(published, [&](const Published& p) {
    return p.data == c.data && p.model == c.model && p.variant == c.variant();
  });
  return found == published.end() ? nullptr : &*found;
}

Statistics statistics(std::vector<double> values) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const std::size_t n = values.size();
  if (n == 0 || std::ranges::any_of(values, [](double v) { return std::isnan(v); }))
    return {n, nan, nan, nan, nan, nan};
  std::ranges::sort(values);
  const auto count = static_cast<double>(n);
  double sum = 0, squares = 0;
  for (const double v : values) sum += v;
  for (const double v : values) squares += (v - sum / count) * (v - sum / count);
  return {.count = n,
          .mean = sum / count,
          .sd = n > 1 ? std::sqrt(squares / (count - 1)) : nan,
          .median = (values[(n - 1) / 2] + values[n / 2]) / 2,
          .smallest = values.front(),
          .largest = values.back()};
}

std::string table(const std::vector<Result>& results,
                  const std::function<std::size_t(const Configuration&)>& parameters,
                  const std::string& budget, const Backgrounds& backgrounds) {
  std::string out =
      "# Study\n\n" + budget +
      "\nTest set, figures over foreground pixels: mean ± sd over the seeds. Paper: ten seeds, the full "
      "protocol.\nCollapsed: nothing found but the background. Diverged: the figures are those of the best "
      "weights until then.\n";
  if (!backgrounds.empty())
    out +=
        "Background everywhere: what saying the background for sure at every pixel scores on the same test "
        "set. "
        "Its losses are ∞: it rules out classes that are there.\n";
  for (const std::vector<Group>& groups : grouped(results)) {
    std::vector<Row> rows{{"model", "parameters", "seeds", "accuracy", "IoU", "IoU: median (min – max)",
                           "paper: accuracy", "paper: IoU", "paper: median (min – max)"}};
    for (const Group& g : groups) rows.push_back(row(g, parameters(g.configuration)));
    out += "\n## " + groups[0].configuration.data + "\n\n" + aligned(rows) + "\nAll figures:\n\n" +
           aligned(all_figures(groups, backgrounds));
  }
  std::string notes;
  for (const Result& r : results)
    if (!r.verdict.empty()) notes += "- " + r.run.name() + ": " + r.verdict + "\n";
  if (!notes.empty()) out += "\n## Runs that failed\n\n" + notes;
  return out;
}

}  // namespace study
