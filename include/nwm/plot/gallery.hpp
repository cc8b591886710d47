// Pictures of a machine's work on chosen images, at any moment during or after training: input, target,
// prediction and the oscillators' states as PNG, and the T steps as an animated GIF. Call it from the
// trainer's callback to watch a machine learn. Needs libpng and giflib (target nwm::plot).
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "nwm/data/dataset.hpp"
#include "nwm/error.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/plot/colour.hpp"
#include "nwm/plot/draw.hpp"
#include "nwm/plot/field.hpp"
#include "nwm/plot/film.hpp"
#include "nwm/plot/png.hpp"
#include "nwm/plot/series.hpp"
#include "nwm/plot/spectrum.hpp"
#include "nwm/plot/strip.hpp"
#include "nwm/train/per_image_executor.hpp"

namespace nwm::plot {

/// The shape (T, C, H, W) of the series `Machine` records.
template <class Machine>
constexpr SeriesShape series_shape() {
  return {Machine::shape.steps, Machine::shape.oscillators, Machine::shape.height, Machine::shape.width};
}

/// One image of a data set and a machine's output for it.
struct Scene {
  std::size_t index = 0;                         ///< index of the image in its data set
  std::vector<float> input;                      ///< (image_channels, H, W)
  std::vector<float> series;                     ///< y_1..y_T, (T, C, H, W)
  std::vector<std::uint8_t> prediction, target;  ///< (H, W), class numbers

  /// A view of the scene for `strip`; the scene must outlive the view.
  StripRow row() const { return {input, series, prediction, target}; }
};

namespace detail {
/// Throws Error unless the set's pictures fit the machine, and its masks, where they are not left out.
template <class Machine>
void require_scenes(const data::Dataset& set) {
  require_fit<Machine>(set, loss::CrossEntropy{.ignore_index = left_out(255, Machine::outputs) ? 255 : -1});
}
}  // namespace detail

/// Runs a machine over images, one at a time, and returns its outputs. Memory is allocated once. The machine
/// must have `scores` and `record`, as WaveMachine has.
template <class Machine>
class Observer {
 public:
  using Real = typename Machine::Real;

  /// Runs `machine` on picture `index` of `set`. On equal scores the prediction is the lower class. Throws
  /// Error (index) when there is no such image, and as require_fit and Machine::scores do. Target pixels of
  /// class 255 count nothing (left_out): they stay 255, and are drawn grey.
  Scene scene(const Machine& machine, const data::Dataset& set, std::size_t index) {
    Scene scene;
    scene.index = index;
    scene.series = record(machine, set, index);
    scene.input.assign(image_.data(), image_.data() + image_.size());
    machine.scores(input(), std::span<Real, Machine::score_size>(scores_.data(), Machine::score_size),
                   *space_);
    scene.prediction.resize(Machine::sites);
    for (std::size_t k = 1; k < Machine::outputs; ++k)
      for (std::size_t p = 0; p < Machine::sites; ++p)
        if (scores_[k * Machine::sites + p] > scores_[scene.prediction[p] * Machine::sites + p])
          scene.prediction[p] = static_cast<std::uint8_t>(k);
    const auto target = set.mask(index);
    scene.target.assign(target.begin(), target.end());
    return scene;
  }

  /// Only the series (T, C, H, W) of picture `index`. Throws as `scene`.
  std::vector<float> record(const Machine& machine, const data::Dataset& set, std::size_t index) {
    detail::require_scenes<Machine>(set);
    if (index >= set.size())
      throw Error(set.name(), "index", "below " + std::to_string(set.size()), std::to_string(index));
    set.picture(index, image_.span());
    machine.record(input(), std::span<Real, Machine::series_size>(series_.data(), Machine::series_size),
                   *space_);
    return {series_.data(), series_.data() + series_.size()};
  }

 private:
  std::span<const Real, Machine::image_size> input() const {
    return std::span<const Real, Machine::image_size>(image_.data(), Machine::image_size);
  }

  std::unique_ptr<typename Machine::Workspace> space_ = std::make_unique<typename Machine::Workspace>();
  Buffer<Real> image_{Machine::image_size}, scores_{Machine::score_size}, series_{Machine::series_size};
};

/// The scenes of `machine` on the images `indices` of `set`. Throws as Observer::scene.
template <class Machine>
std::vector<Scene> scenes(const Machine& machine, const data::Dataset& set,
                          std::span<const std::size_t> indices) {
  Observer<Machine> observer;
  std::vector<Scene> result;
  for (const std::size_t index : indices) result.push_back(observer.scene(machine, set, index));
  return result;
}

/// The mean spectrum of each class over all images of `set`; the targets say which pixel belongs to which
/// class. Throws as Observer::record.
template <class Machine>
ClassSpectra class_spectra(const Machine& machine, const data::Dataset& set) {
  Observer<Machine> observer;
  ClassSpectra spectra(series_shape<Machine>(), Machine::outputs);
  for (std::size_t i = 0; i < set.size(); ++i) spectra.add(observer.record(machine, set, i), set.mask(i));
  return spectra;
}

namespace detail {

/// The share of channel c's energy, over all scenes, that lies outside one fixed spatial pattern that only
/// grows, shrinks or oscillates: 1 − λ/trace of the matrix of products between steps, with λ its largest
/// eigenvalue. In large pictures only some sites are used.
inline double share_in_motion(std::span<const Scene> scenes, const SeriesShape& shape, std::size_t c) {
  const std::size_t steps = shape.steps, stride = (scenes.size() * shape.plane() / 8192) | 1;
  std::vector<double> products(steps * steps), y(steps), image(steps);
  for (const Scene& scene : scenes)
    for (std::size_t p = 0; p < shape.plane(); p += stride) {
      for (std::size_t t = 0; t < steps; ++t)
        y[t] = static_cast<double>(scene.series[t * shape.state() + c * shape.plane() + p]);
      for (std::size_t t = 0; t < steps; ++t)
        for (std::size_t s = 0; s < steps; ++s) products[t * steps + s] += y[t] * y[s];
    }
  double trace = 0, largest = 0;
  for (std::size_t t = 0; t < steps; ++t) trace += products[t * steps + t];
  // Power iteration, started from the last steps, which hold most energy. A close second eigenvalue is
  // harmless.
  std::fill(y.begin(), y.end(), 0.0);
  y.back() = 1;
  for (int iteration = 0; iteration < 100; ++iteration) {
    double square = 0;
    for (std::size_t t = 0; t < steps; ++t) {
      image[t] = 0;
      for (std::size_t s = 0; s < steps; ++s) image[t] += products[t * steps + s] * y[s];
      square += image[t] * image[t];
    }
    largest = std::sqrt(square);
    if (!(largest > 0)) break;
    for (std::size_t t = 0; t < steps; ++t) y[t] = image[t] / largest;
  }
  return trace > 0 ? 1 - largest / trace : 0;
}

}  // namespace detail

/// The oscillator channel with most motion: the largest share of energy outside its strongest fixed spatial
/// pattern. (The share is 0 for a standing pattern and one half for a travelling wave.) Throws Error when a
/// size of `shape` is 0 or a series does not fit it.
inline std::size_t liveliest_channel(std::span<const Scene> scenes, const SeriesShape& shape) {
  (void)detail::check_shape("nwm::plot::liveliest_channel", shape);
  for (const Scene& scene : scenes) detail::check_series("nwm::plot::liveliest_channel", scene.series, shape);
  std::size_t best = 0;
  double most = -1;
  for (std::size_t c = 0; c < shape.channels; ++c) {
    const double share = detail::share_in_motion(scenes, shape, c);
    if (share > most) most = share, best = c;
  }
  return best;
}

/// One oscillator channel of all scenes side by side, as one series (T, scenes, H, W) for a film.
inline std::vector<float> channel_series(std::span<const Scene> scenes, const SeriesShape& shape,
                                         std::size_t channel) {
  constexpr const char* where = "nwm::plot::channel_series";
  if (channel >= shape.channels)
    throw Error(where, "channel", "below " + std::to_string(shape.channels), std::to_string(channel));
  for (const Scene& scene : scenes) detail::check_series(where, scene.series, shape);
  std::vector<float> result;
  result.reserve(shape.steps * scenes.size() * shape.plane());
  for (std::size_t t = 0; t < shape.steps; ++t)
    for (const Scene& scene : scenes) {
      const auto plane =
          std::span(scene.series).subspan(t * shape.state() + channel * shape.plane(), shape.plane());
      result.insert(result.end(), plane.begin(), plane.end());
    }
  return result;
}

/// All oscillators of one scene at a few moments (steps 1..T; when empty, five evenly spaced ones): a
/// labelled column per moment, a row per channel, one colour scale for all. Throws Error when the series does
/// not fit `shape`, or a moment is outside 1..T.
inline Image states(std::span<const float> series, const SeriesShape& shape,
                    std::vector<std::size_t> moments = {}, std::size_t minimum_tile = 96) {
  constexpr const char* where = "nwm::plot::states";
  detail::check_series(where, series, shape);
  if (moments.empty()) moments = evenly_spaced(shape.steps, 5);
  std::vector<float> shown;
  for (const std::size_t t : moments) {
    if (t < 1 || t > shape.steps)
      throw Error(where, "moment", "a step of 1 to " + std::to_string(shape.steps), std::to_string(t));
    const auto state = series.subspan((t - 1) * shape.state(), shape.state());
    shown.insert(shown.end(), state.begin(), state.end());
  }
  const auto scale = static_cast<double>(symmetric_scale(shown, 0.999));
  const std::size_t factor = std::max<std::size_t>((minimum_tile + shape.width - 1) / shape.width, 1);
  const std::size_t tile = shape.width * factor, gap = std::max<std::size_t>(tile / 24, 2);
  const std::size_t text = std::max<std::size_t>(tile / 60, 1);
  std::vector<Image> columns;
  for (std::size_t i = 0; i < moments.size(); ++i) {
    const std::string label = "t=" + std::to_string(moments[i]);
    Image head(std::max(text_width(label, text), tile), text_height(text), paper);
    draw_text(head, (head.width() - text_width(label, text)) / 2, 0, label, ink, text);
    std::vector<Image> column{std::move(head)};
    for (std::size_t c = 0; c < shape.channels; ++c) {
      const auto plane = std::span(shown).subspan(i * shape.state() + c * shape.plane(), shape.plane());
      const Image field = diverging_field(plane, shape.height, shape.width, scale);
      column.push_back(framed(field.enlarged(factor), 1, {200, 202, 206}));
    }
    columns.push_back(stacked(column, gap, paper, Align::centre));
  }
  return framed(beside(columns, gap, paper), 2 * gap, paper);
}

/// Channel, moments, title, colour scale and size of the pictures.
struct GalleryOptions {
  std::optional<std::size_t> channel = {};  ///< channel in the strip; none: the one with most motion
  std::vector<std::size_t> moments = {};    ///< steps 1..T to show; empty: five evenly spaced ones
  std::string title = {};                   ///< line above the films
  double quantile = 0.98;                   ///< quantile of |y| that gets full colour, in strip and films
  std::size_t minimum_tile = 128;           ///< least width in pixels of input, target and prediction
};

namespace detail {

inline void make_folder(const std::filesystem::path& folder) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (code || !std::filesystem::is_directory(folder, code))
    throw Error(folder.string(), "folder", "one that can be made", code ? code.message() : "a file");
}

}  // namespace detail

/// Writes pictures of `machine` on the images `indices` of `set` into `folder` (created when missing):
///   strip.png                                              a row per image
///   image-<i>/{input,target,prediction,states}.png         states: all oscillators at the moments
///   image-<i>/waves.gif                                    all T steps of all oscillators
/// Each file is written whole or not at all; nothing is written unless every image can be shown. Throws Error
/// when an image or the channel does not exist, the set does not fit the machine, its pictures have neither 1
/// nor 3 channels, or a file cannot be written.
template <class Machine>
void write_gallery(const Machine& machine, const data::Dataset& set, std::span<const std::size_t> indices,
                   const std::filesystem::path& folder, const GalleryOptions& options = {}) {
  constexpr SeriesShape shape = series_shape<Machine>();
  constexpr std::size_t image_channels = Machine::shape.image_channels;
  const std::vector<Scene> all = scenes(machine, set, indices);
  std::vector<StripRow> rows;
  for (const Scene& scene : all) rows.push_back(scene.row());
  const std::size_t channel = options.channel ? *options.channel : liveliest_channel(all, shape);
  const Image overview = strip(rows, shape,
                               {.image_channels = image_channels,
                                .channel = channel,
                                .moments = options.moments,
                                .quantile = options.quantile});
  const std::size_t factor = std::max<std::size_t>((options.minimum_tile + shape.width - 1) / shape.width, 1);
  const auto labels = [&](const std::vector<std::uint8_t>& of) {
    return classes(of, shape.height, shape.width).enlarged(factor);
  };
  for (const Scene& scene : all) {
    const std::filesystem::path own = folder / ("image-" + std::to_string(scene.index));
    detail::make_folder(own);
    write_png(own / "input.png",
              picture(scene.input, image_channels, shape.height, shape.width).enlarged(factor));
    write_png(own / "target.png", labels(scene.target));
    write_png(own / "prediction.png", labels(scene.prediction));
    write_png(own / "states.png", states(scene.series, shape, options.moments));
    write_film(own / "waves.gif", scene.series, shape,
               {.title = options.title, .quantile = options.quantile});
  }
  write_png(folder / "strip.png", overview);
}

}  // namespace nwm::plot

#include "nwm/pop_macros.inc"
