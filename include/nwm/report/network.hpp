// A trained machine's response to images, as sections of a report: its waves, its hidden states, its maps of
// frequency and damping.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <numbers>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/cell/cell.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/layer/encoder_start.hpp"
#include "nwm/plot/gallery.hpp"
#include "nwm/report/chart.hpp"
#include "nwm/report/nearest_spectrum.hpp"
#include "nwm/report/page.hpp"
#include "nwm/report/shown_channel.hpp"

namespace nwm::report {

/// Which images, moments and sounds a report shows.
struct NetworkOptions {
  std::vector<std::string> names = {};    ///< class names; missing: "background", "class k"
  std::vector<std::size_t> shown = {0};   ///< indices of images in the test set
  std::vector<std::size_t> moments = {};  ///< steps 1..T; empty: five evenly spaced ones
  std::size_t learn = 200, judge = 200;   ///< images for learning and for testing the nearest-spectrum rule
  double seconds = 1.5;                   ///< length of each class's sound
  double steps_per_second = 0;            ///< of the sounds; 0: such that small loudspeakers play them
  /// Those of the machine before training, which a report sets beside the trained one.
  std::vector<layer::EncoderStart> encoder_starts = {};
};

namespace detail {

inline std::string class_name(const NetworkOptions& options, std::size_t label) {
  if (label < options.names.size()) return options.names[label];
  return label == 0 ? "background" : "class " + std::to_string(label);
}

/// Fields (count, height, width) side by side on a near-square sheet; each value becomes colour(value).
template <class Colour>
plot::Image sheet(std::span<const float> fields, std::size_t count, std::size_t height, std::size_t width,
                  const Colour& colour, std::size_t minimum_tile = 96) {
  const std::size_t factor = (minimum_tile + width - 1) / width,
                    columns = std::max<std::size_t>(1, plot::near_square_columns(count, height, width));
  std::vector<plot::Image> rows, row;
  for (std::size_t k = 0; k < count; ++k) {
    plot::Image tile(width, height);
    for (std::size_t i = 0; i < height * width; ++i)
      tile.set(i % width, i / width, colour(fields[k * height * width + i]));
    row.push_back(tile.enlarged(factor));
    if (row.size() == columns || k + 1 == count)
      rows.push_back(plot::beside(row, 4, plot::paper)), row.clear();
  }
  return plot::stacked(rows, 4, plot::paper);
}

}  // namespace detail

/// Adds input, waves, prediction and target of the images shown. For one of them, adds the waves as a film
/// and all oscillators at a few moments.
template <class Machine>
void add_scenes(Page& page, const Machine& machine, const data::Dataset& test,
                const NetworkOptions& options) {
  constexpr plot::SeriesShape shape = plot::series_shape<Machine>();
  const std::vector<plot::Scene> scenes = plot::scenes(machine, test, options.shown);
  const std::size_t channel = shown_channel<Machine>(scenes);
  std::vector<plot::StripRow> rows;
  for (const plot::Scene& scene : scenes) rows.push_back(scene.row());
  page.section("What it does");
  page.figure({picture(plot::strip(rows, shape,
                                   {.image_channels = Machine::shape.image_channels,
                                    .channel = channel,
                                    .moments = options.moments}),
                       "Images, waves, predictions and targets", 0, false),
               "Held-out images.",
               "The input, oscillator " + std::to_string(channel) +
                   " of every pixel at some moments, what the machine says of each pixel, and what is true. "
                   "Of its " +
                   std::to_string(shape.channels) + " oscillators it is the one whose pattern moves most."});
  const plot::Scene& first = scenes.front();
  const auto film_ = plot::film(first.series, shape, {.delay = 8, .minimum_width = 380});
  std::vector<Line> lines;  // series of one pixel in the middle of each class
  for (std::size_t c = 0; c < Machine::outputs; ++c) {
    std::vector<std::size_t> places;
    for (std::size_t p = 0; p < first.target.size(); ++p)
      if (first.target[p] == c) places.push_back(p);
    if (places.empty()) continue;
    const std::size_t place = places[places.size() / 2];
    Line line{detail::class_name(options, c), {}, {}, c == 0 ? 6 : (c - 1) % 6};
    for (std::size_t t = 0; t < shape.steps; ++t) {
      line.x.push_back(static_cast<double>(t + 1));
      line.y.push_back(
          static_cast<double>(first.series[t * shape.state() + channel * shape.plane() + place]));
    }
    lines.push_back(std::move(line));
  }
  page.row(
      {{film(plot::encode_gif(film_.frames, film_.palette, 8), "All oscillators over all steps"),
        "Every oscillator,", "all " + std::to_string(shape.steps) + " steps, on the first of the images."},
       {chart(lines, {.x_label = "step", .y_label = "y"}), "One pixel of each class,",
        "oscillator " + std::to_string(channel) + ": such series are all the readout sees."}});
  page.figure({picture(plot::states(first.series, shape, options.moments, 80),
                       "Hidden states at some moments", 0, false),
               "Hidden states of the first image.", "A row an oscillator channel, a column a moment."});
}

/// Adds the maps that the encoders compute from one image: natural frequency, damping, and the cell's other
/// maps.
template <class Machine>
void add_maps(Page& page, const Machine& machine, const data::Dataset& test, const NetworkOptions& options) {
  using Cell = typename Machine::Cell;
  using Real = typename Machine::Real;
  std::vector<std::size_t> fields;
  for (std::size_t f = 0; f < cell::field_count<Cell>; ++f)
    if (cell::field<Cell>(f).role == cell::Role::map || cell::field<Cell>(f).encoder_layers > 0)
      fields.push_back(f);
  if (fields.empty() || options.shown.empty()) return;
  const auto space = std::make_unique<typename Machine::Workspace>();
  Buffer<Real> image(Machine::image_size), series(Machine::series_size);
  test.picture(options.shown[0], image.span());
  machine.record(std::span<const Real, Machine::image_size>(image.data(), Machine::image_size),
                 std::span<Real, Machine::series_size>(series.data(), Machine::series_size), *space);
  page.section("What it makes of an image before the waves");
  page.text(
      "Encoders of a few convolutions set, for each pixel and oscillator, where the wave starts and how the "
      "medium is there. From then on only the coupling to neighbours carries anything across the image.");
  std::vector<Figure> figures;
  for (const std::size_t f : fields) {
    std::vector<float> values;
    double low = INFINITY, high = -INFINITY;
    for (const Real v : space->initial(f)) {
      values.push_back(static_cast<float>(v));
      low = std::min(low, static_cast<double>(v)), high = std::max(high, static_cast<double>(v));
    }
    const bool is_signed = low < 0;
    const double full = std::max({std::abs(low), std::abs(high), 1e-12});
    const auto colour = [&](float v) {
      return is_signed ? plot::diverging(static_cast<double>(v), full)
                       : plot::sequential(static_cast<double>(v), full);
    };
    const std::string name(cell::field<Cell>(f).name.view());
    figures.push_back(
        {picture(
             detail::sheet(values, Machine::channels, Machine::shape.height, Machine::shape.width, colour),
             name, 0, false) +
             scale(is_signed ? number(-full, 3) : "0", number(full, 3),
                   [&](double part) {
                     return colour(static_cast<float>(is_signed ? full * (2 * part - 1) : full * part));
                   }),
         name + ".",
         name == "omega"                                ? "Natural frequency squared, a tile an oscillator."
         : name == "alpha"                              ? "Damping, a tile an oscillator."
         : cell::field<Cell>(f).role == cell::Role::map ? "A map, a tile an oscillator."
                                                        : "Where the waves start, a tile an oscillator."});
  }
  page.row(figures);
}

}  // namespace nwm::report

#include "nwm/pop_macros.inc"
