#include "figures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstdint>
#include <numbers>
#include <utility>

#include "../disk.hpp"
#include "numbers.hpp"
#include "nwm/error.hpp"
#include "nwm/io/atomic_file.hpp"
#include "nwm/plot/chart.hpp"
#include "nwm/plot/draw.hpp"
#include "nwm/plot/field.hpp"
#include "nwm/plot/film.hpp"
#include "nwm/plot/gallery.hpp"
#include "nwm/plot/png.hpp"
#include "nwm/plot/spectrum.hpp"
#include "nwm/plot/strip.hpp"
#include "nwm/report/chart.hpp"
#include "nwm/report/comparison.hpp"
#include "table.hpp"

namespace study {
namespace {

namespace plot = nwm::plot;
namespace report = nwm::report;
using nwm::data::Dataset;
using nwm::data::Extent;

/// Up to `most` images of a set, the first that show a class not shown before.
std::vector<std::size_t> one_of_each(const Dataset& set, std::size_t most) {
  std::vector<std::size_t> chosen;
  std::array<bool, 256> seen{};
  for (std::size_t i = 0; i < set.size() && chosen.size() < most; ++i) {
    bool fresh = false;
    for (const std::uint8_t label : set.mask(i))
      if (label > 0 && !seen[label]) fresh = seen[label] = true;
    if (fresh) chosen.push_back(i);
  }
  if (chosen.empty() && set.size() > 0) chosen.push_back(0);
  return chosen;
}

std::vector<float> picture(const Dataset& set, std::size_t i) {
  std::vector<float> out(set.extent().values());
  set.picture(i, std::span(out));
  return out;
}

/// A set of these pictures, as floats, with masks of background.
Dataset set_of(const Extent& like, const std::vector<std::vector<float>>& pictures) {
  Extent e = like;
  e.images = pictures.size();
  Dataset::Floats all;
  for (const auto& p : pictures) all.insert(all.end(), p.begin(), p.end());
  return {e, std::move(all), nwm::data::Targets::Bytes(e.images * e.pixels()), "pictures"};
}

std::vector<std::uint8_t> labels(std::span<const float> scores, std::size_t sites) {
  std::vector<std::uint8_t> out(sites);
  for (std::size_t k = 1; k < scores.size() / sites; ++k)
    for (std::size_t p = 0; p < sites; ++p)
      if (scores[k * sites + p] > scores[out[p] * sites + p]) out[p] = static_cast<std::uint8_t>(k);
  return out;
}

/// How the scores change when the middle pixel does: three decades below the largest change.
plot::Image receptive_field(const Network& network, const Dataset& set,
                            const std::vector<std::size_t>& images) {
  const Extent& e = set.extent();
  std::vector<std::vector<float>> both;
  for (const std::size_t i : images) {
    both.push_back(picture(set, i));
    both.push_back(both.back());
    const std::size_t middle = e.height / 2 * e.width + e.width / 2;
    for (std::size_t c = 0; c < e.channels; ++c) {
      float& value = both.back()[c * e.height * e.width + middle];
      value += value > 0.5f ? -0.1f : 0.1f;
    }
  }
  const nwm::Array<float> scores = network.scores(set_of(e, both));
  const std::size_t sites = e.height * e.width;
  std::vector<double> change(sites);
  for (std::size_t i = 0; i < images.size(); ++i)
    for (std::size_t j = 0; j < scores.each(); ++j)
      change[j % sites] += std::pow(static_cast<double>(scores[2 * i + 1][j] - scores[2 * i][j]), 2);
  const double most = *std::ranges::max_element(change);
  std::vector<float> shown;
  for (const double c : change)
    shown.push_back(c > 0 ? static_cast<float>(std::max(0.0, 3 + 0.5 * std::log10(c / most))) : 0.0f);
  return plot::magnitude_field(shown, e.height, e.width, 3).enlarged(std::max<std::size_t>(1, 384 / e.width));
}

/// What the head reads of one series (T, C, H, W): rows of maps for channel 0, a row a kind.
plot::Image features(std::span<const float> series, const plot::SeriesShape& shape,
                     std::span<const float> matrix) {
  const std::size_t rows = shape.steps / 2 + 1, shown = std::min<std::size_t>(10, rows),
                    plane = shape.plane();
  std::vector<plot::Image> kinds;
  for (const bool learned : {true, false}) {
    if (learned && matrix.size() != rows * shape.steps) continue;
    std::vector<plot::Image> maps;
    for (std::size_t i = 0; i < shown; ++i) {
      const std::size_t k = shown > 1 ? i * (rows - 1) / (shown - 1) : 0;
      std::vector<float> map(plane);
      std::vector<std::complex<double>> sums(plane);
      for (std::size_t t = 0; t < shape.steps; ++t) {
        const auto turn = static_cast<double>(k * t % shape.steps) / static_cast<double>(shape.steps);
        const std::complex<double> factor = learned ? static_cast<double>(matrix[k * shape.steps + t])
                                                    : std::polar(1.0, -2 * std::numbers::pi * turn);
        for (std::size_t p = 0; p < plane; ++p)
          sums[p] += factor * static_cast<double>(series[t * shape.state() + p]);
      }
      for (std::size_t p = 0; p < plane; ++p)
        map[p] = static_cast<float>(learned ? sums[p].real() : std::abs(sums[p]));
      if (!learned) {  // from the least on: neurons that drift have a floor of it at every bin
        const float least = *std::ranges::min_element(map);
        for (float& value : map) value -= least;
      }
      const auto scale = std::max(1e-30, static_cast<double>(plot::symmetric_scale(map, 0.999)));
      const plot::Image field = learned ? plot::diverging_field(map, shape.height, shape.width, scale)
                                        : plot::magnitude_field(map, shape.height, shape.width, scale);
      const plot::Image large = field.enlarged(std::max<std::size_t>(1, 96 / shape.width));
      plot::Image head(large.width(), plot::text_height(1) + 4, plot::paper);
      plot::draw_text(head, 2, 2, (learned ? "A*y " : "|rfft| ") + std::to_string(k), plot::ink);
      maps.push_back(plot::stacked({head, large}, 0, plot::paper));
    }
    kinds.push_back(plot::beside(maps, 4, plot::paper));
  }
  return plot::framed(plot::stacked(kinds, 8, plot::paper), 6, plot::paper);
}

void write_waves(const std::filesystem::path& folder, const Network& network, const Dataset& set,
                 std::span<const float> matrix, const nwm::Array<float>& series, std::size_t classes) {
  const plot::SeriesShape shape{series.shape[1], series.shape[2], series.shape[3], series.shape[4]};
  plot::write_png(folder / "states.png", plot::states(series[0], shape));
  plot::write_film(folder / "waves.gif", series[0], shape,
                   {.title = folder.filename().string(), .quantile = 0.98});
  plot::write_png(folder / "features.png", features(series[0], shape, matrix));

  plot::ClassSpectra spectra(shape, classes);
  const Dataset looked = set.first(50);
  for (std::size_t i = 0; i < looked.size(); ++i)
    spectra.add(network.series(set_of(set.extent(), {picture(set, i)}))[0], looked.mask(i));
  plot::write_png(folder / "spectra.png", plot::spectrum_chart(spectra));
  plot::write_spectrum_csv(folder / "spectra.csv", spectra);
  std::vector<report::Line> lines;
  std::vector<std::string> names;
  for (std::size_t k = 0; k < classes; ++k) {
    if (spectra.pixels(k) == 0) continue;
    report::Line line{plot::detail::class_name({}, k), {}, spectra.mean(k), lines.size()};
    for (std::size_t bin = 0; bin < spectra.bins(); ++bin) line.x.push_back(static_cast<double>(bin));
    names.push_back(line.label);
    lines.push_back(std::move(line));
  }
  nwm::io::write_whole(folder / "spectra.svg",
                       standalone_svg(report::chart(lines, {.x_label = "frequency bin",
                                                            .y_label = "mean |DFT|",
                                                            .logarithmic = true,
                                                            .width = 720,
                                                            .height = 420}),
                                      names));
}

/// A comparison as a picture: a row a model, its mean as a bar, its spread as a line, the published below.
plot::Image bars(const std::vector<report::Compared>& models) {
  constexpr std::size_t row = 34, left = 200, length = 640, width = left + length + 90;
  constexpr nwm::plot::Rgb here{0, 114, 178}, theirs{213, 94, 0};
  plot::Image image(width, row * models.size() + 40, plot::white);
  const auto place = [&](double v) {
    return left + static_cast<std::size_t>(std::clamp(v, 0.0, 1.0) * length);
  };
  for (const double tick : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    plot::draw_rectangle(image, place(tick), 0, 1, row * models.size() + 4, {220, 220, 220});
    plot::draw_text(image, place(tick) - 8, row * models.size() + 8, report::number(tick, 3), plot::ink);
  }
  plot::draw_text(image, left, row * models.size() + 24, "foreground IoU: mean and deviation, here", here);
  plot::draw_text(image, left + 270, row * models.size() + 24, "and published", theirs);
  for (std::size_t i = 0; i < models.size(); ++i) {
    const std::size_t y = i * row + 6;
    plot::draw_text(image, 6, y + 8, models[i].name, plot::ink);
    const auto bar = [&](double mean, double sd, std::size_t top, plot::Rgb colour) {
      if (!std::isfinite(mean)) return;
      plot::draw_rectangle(image, left, top, std::max<std::size_t>(1, place(mean) - left), 9, colour);
      if (!std::isfinite(sd)) return;
      plot::draw_rectangle(image, place(mean - sd), top + 4, place(mean + sd) - place(mean - sd) + 1, 1,
                           plot::ink);
    };
    const auto [mean, sd] = report::mean_and_sd(models[i].found);
    bar(mean, sd, y, here);
    bar(models[i].published, models[i].published_sd, y + 12, theirs);
  }
  return image;
}

}  // namespace

std::string standalone_svg(const std::string& html, const std::vector<std::string>& legend) {
  static const std::array<const char*, 8> colours{"#0b6fb8", "#d1570f", "#1b8a5a", "#b0367e",
                                                  "#8a6d00", "#6a4fc4", "#50707f", "#a83232"};
  const std::size_t begin = html.find("<svg "), end = html.find("</svg>");
  if (begin == std::string::npos || end == std::string::npos)
    throw nwm::Error("study::standalone_svg", "text", "one with an <svg>", "one without");
  std::string svg = html.substr(begin, end - begin);
  std::string style =
      "<style>text { font: 12px sans-serif; fill: #333 } line.grid { stroke: #ddd } line.axis { stroke: #555 "
      "} "
      "line.mark { stroke: #777 } line.l0 { stroke: #0b6fb8; stroke-width: 2.2 } line.l1 { stroke: #d1570f } "
      "path { fill: none; stroke-width: 1.6 } path.dashed { stroke-dasharray: 6 4 }";
  for (std::size_t i = 0; i < colours.size(); ++i) {
    const std::string n = std::to_string(i);
    style.append(" path.s")
        .append(n)
        .append(" { stroke: ")
        .append(colours[i])
        .append(" } circle.s")
        .append(n);
    style.append(" { fill: ").append(colours[i]).append(" } text.t").append(n).append(" { fill: ");
    style.append(colours[i]).append(" }");
  }
  svg.insert(5, "xmlns=\"http://www.w3.org/2000/svg\" ");
  svg.insert(svg.find('>') + 1, style + "</style>");
  // On the right: losses and spectra fall.
  for (std::size_t i = 0; i < legend.size(); ++i)
    svg += "<text class=\"t" + std::to_string(i % 8) + "\" x=\"98%\" text-anchor=\"end\" y=\"" +
           std::to_string(24 + 15 * i) + "\">" + report::escape(legend[i]) + "</text>\n";
  return svg + "</svg>\n";
}

void write_network(const std::filesystem::path& folder, const Network& network, const Dataset& set,
                   std::span<const float> matrix) {
  disk::make_folder(folder);
  const Extent& e = set.extent();
  const std::size_t sites = e.height * e.width;
  const auto chosen = one_of_each(set, 4);
  std::vector<std::vector<float>> pictures;
  for (const std::size_t i : chosen) pictures.push_back(picture(set, i));
  const Dataset shown = set_of(e, pictures);
  const nwm::Array<float> scores = network.scores(shown);
  std::vector<std::vector<std::uint8_t>> found;
  for (std::size_t i = 0; i < chosen.size(); ++i) found.push_back(labels(scores[i], sites));

  if (network.series) {
    const nwm::Array<float> series = network.series(shown);
    std::vector<plot::StripRow> rows;
    for (std::size_t i = 0; i < chosen.size(); ++i)
      rows.push_back({pictures[i], series[i], found[i], set.mask(chosen[i])});
    const plot::SeriesShape shape{series.shape[1], series.shape[2], series.shape[3], series.shape[4]};
    plot::write_png(folder / "strip.png", plot::strip(rows, shape, {.image_channels = e.channels}));
    write_waves(folder, network, set, matrix, series, scores.shape[1]);
  } else {
    std::vector<plot::Image> rows;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      std::vector<plot::Image> row;
      for (const plot::Image& field : {plot::picture(pictures[i], e.channels, e.height, e.width),
                                       plot::classes(found[i], e.height, e.width),
                                       plot::classes(set.mask(chosen[i]), e.height, e.width)})
        row.push_back(field.enlarged(std::max<std::size_t>(1, 128 / e.width)));
      rows.push_back(plot::beside(row, 6, plot::paper));
    }
    plot::write_png(folder / "strip.png", plot::framed(plot::stacked(rows, 6, plot::paper), 6, plot::paper));
  }
  plot::write_png(folder / "receptive-field.png", receptive_field(network, set, chosen));
}

void write_curves(const std::filesystem::path& folder, const std::vector<Losses>& runs) {
  static const std::array<plot::Rgb, 8> colours{{{11, 111, 184},
                                                 {209, 87, 15},
                                                 {27, 138, 90},
                                                 {176, 54, 126},
                                                 {138, 109, 0},
                                                 {106, 79, 196},
                                                 {80, 112, 127},
                                                 {168, 50, 50}}};
  std::vector<std::string> done;
  for (const Losses& one : runs) {
    const std::string name = one.run.configuration.name();
    if (std::ranges::find(done, name) != done.end()) continue;
    done.push_back(name);
    std::vector<plot::Curve> curves;
    std::vector<report::Line> lines;
    std::vector<std::string> legend;
    for (const Losses& other : runs) {
      if (other.run.configuration != one.run.configuration || other.validation.empty()) continue;
      legend.push_back("seed " + std::to_string(other.run.seed));
      report::Line line{legend.back(), {}, other.validation, lines.size(), other.validation.size() == 1};
      for (std::size_t i = 0; i < other.validation.size(); ++i) line.x.push_back(static_cast<double>(i + 1));
      curves.push_back({legend.back(), colours[lines.size() % colours.size()], line.x, line.y});
      lines.push_back(std::move(line));
    }
    if (lines.empty()) continue;
    plot::write_png(
        folder / ("curves-" + name + ".png"),
        plot::chart(curves,
                    {.title = name, .x_label = "epoch", .y_label = "validation loss", .logarithmic = true}));
    nwm::io::write_whole(folder / ("curves-" + name + ".svg"),
                         standalone_svg(report::chart(lines, {.x_label = "epoch",
                                                              .y_label = "validation loss",
                                                              .logarithmic = true,
                                                              .counted = true,
                                                              .width = 720,
                                                              .height = 420}),
                                        legend));
  }
}

void write_bars(const std::filesystem::path& folder, const std::vector<Result>& results) {
  for (const std::vector<Group>& groups : grouped(results)) {
    std::vector<report::Compared> models;
    for (const Group& g : groups) {
      report::Compared m{.name = g.configuration.title(), .found = {}, .remark = failures(g.runs)};
      for (const Result& r : g.runs) m.found.push_back(r.metrics.iou_foreground);
      if (const Published* p = published_of(g.configuration))
        m.published = p->iou_mean, m.published_sd = p->iou_sd;
      models.push_back(std::move(m));
    }
    const std::string name = "bars-" + groups[0].configuration.data;
    plot::write_png(folder / (name + ".png"), bars(models));
    const report::Figure figure = report::comparison(models, {.quantity = "foreground IoU"});
    nwm::io::write_whole(folder / (name + ".svg"), standalone_svg(figure.content, {}));
  }
}

}  // namespace study
