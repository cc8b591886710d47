// The frequencies at which each class oscillates: the mean |DFT| of the oscillators over a class's pixels,
// gathered image by image, as a table and as a line chart.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/io/atomic_file.hpp"
#include "nwm/plot/chart.hpp"
#include "nwm/plot/colour.hpp"
#include "nwm/plot/series.hpp"

namespace nwm::plot {

/// For every class, the mean over its pixels and all channels of |sum_t y_t exp(-2 pi i k t / T)|, bins
/// k = 0..floor(T/2), without window or scaling (like the fft readout's features).
class ClassSpectra {
 public:
  /// Throws Error unless all sizes and the number of classes (at most 256) are at least 1.
  ClassSpectra(const SeriesShape& shape, std::size_t classes)
      : shape_(shape), classes_(classes), bins_(shape.steps / 2 + 1) {
    (void)detail::check_shape(where, shape);
    if (classes < 1 || classes > 256) throw Error(where, "classes", "1 to 256", std::to_string(classes));
    sums_.resize(classes_ * bins_);
    pixels_.resize(classes_);
    for (std::size_t t = 0; t < shape.steps; ++t) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(t) / static_cast<double>(shape.steps);
      cosine_.push_back(static_cast<float>(std::cos(angle)));
      sine_.push_back(static_cast<float>(std::sin(angle)));
    }
  }

  /// How many classes there are.
  std::size_t classes() const noexcept { return classes_; }
  /// How many frequencies there are.
  std::size_t bins() const noexcept { return bins_; }
  /// Of the series.
  std::size_t steps() const noexcept { return shape_.steps; }

  /// Adds one image: `series` (steps, channels, height, width) and `labels` (height, width), each below the
  /// number of classes, or left out (255): such pixels are not looked at. When either does not fit, throws
  /// Error and adds nothing.
  void add(std::span<const float> series, std::span<const std::uint8_t> labels) {
    detail::check_series(where, series, shape_);
    if (labels.size() != shape_.plane())
      throw Error(where, "labels", std::to_string(shape_.plane()), std::to_string(labels.size()));
    for (const std::uint8_t label : labels)
      if (label >= classes_ && !left_out(label, classes_)) throw out_of_range(label);
    for (const std::uint8_t label : labels)
      if (!left_out(label, classes_)) ++pixels_[label];
    for (std::size_t c = 0; c < shape_.channels; ++c)
      for (std::size_t first = 0; first < shape_.plane(); first += block)
        add_block(series.subspan(c * shape_.plane()), labels, first, std::min(block, shape_.plane() - first));
  }

  /// Pixels of class `label` seen so far. Throws Error for a label that is no class.
  std::size_t pixels(std::size_t label) const {
    if (label >= classes_) throw out_of_range(label);
    return pixels_[label];
  }

  /// The mean |DFT| of a class, bins() values; NaN while no pixel of the class was seen.
  std::vector<double> mean(std::size_t label) const {
    const double count = static_cast<double>(pixels(label) * shape_.channels);
    std::vector<double> result(bins_, std::numeric_limits<double>::quiet_NaN());
    if (count > 0)
      for (std::size_t k = 0; k < bins_; ++k) result[k] = sums_[label * bins_ + k] / count;
    return result;
  }

 private:
  static constexpr const char* where = "nwm::plot::ClassSpectra";
  static constexpr std::size_t block = 128;  // pixels whose whole series stay in cache over all bins

  Error out_of_range(std::size_t label) const {
    return Error(where, "label", "below " + std::to_string(classes_), std::to_string(label));
  }

  void add_block(std::span<const float> channel, std::span<const std::uint8_t> labels, std::size_t first,
                 std::size_t count) {
    std::array<float, block> real, imaginary;
    for (std::size_t k = 0; k < bins_; ++k) {
      real.fill(0), imaginary.fill(0);
      for (std::size_t t = 0; t < shape_.steps; ++t) {
        const float c = cosine_[k * t % shape_.steps], s = sine_[k * t % shape_.steps];
        const float* y = channel.data() + t * shape_.state() + first;
        for (std::size_t i = 0; i < count; ++i) real[i] += c * y[i], imaginary[i] += s * y[i];
      }
      for (std::size_t i = 0; i < count; ++i) {
        if (left_out(labels[first + i], classes_)) continue;
        sums_[labels[first + i] * bins_ + k] += static_cast<double>(std::hypot(real[i], imaginary[i]));
      }
    }
  }

  SeriesShape shape_;
  std::size_t classes_, bins_;
  std::vector<double> sums_;  // classes x bins
  std::vector<std::size_t> pixels_;
  std::vector<float> cosine_, sine_;
};

/// Axes and names of a spectrum chart.
struct SpectrumOptions {
  std::string title = "Mean spectrum of each class";  ///< above the chart
  double dt = 0;                        ///< time of one step, for an x axis in cycles per unit time; 0: bins
  std::vector<std::string> names = {};  ///< class names; missing: "background" for 0, "class k"
  bool logarithmic = true;              ///< |DFT| in decades
  std::size_t width = 960, height = 540;  ///< pixels
};

namespace detail {

inline std::string class_name(const SpectrumOptions& options, std::size_t label) {
  if (label < options.names.size()) return options.names[label];
  return label == 0 ? "background" : "class " + std::to_string(label);
}

inline double bin_frequency(const ClassSpectra& spectra, double dt, std::size_t bin) {
  return static_cast<double>(bin) / (static_cast<double>(spectra.steps()) * dt);
}

}  // namespace detail

/// The mean spectra as a line chart, one line per class in the class's colour. Classes without pixels are
/// left out. Throws Error when no class has pixels.
inline Image spectrum_chart(const ClassSpectra& spectra, const SpectrumOptions& options = {}) {
  std::vector<Curve> curves;
  for (std::size_t label = 0; label < spectra.classes(); ++label) {
    if (spectra.pixels(label) == 0) continue;
    Curve curve{detail::class_name(options, label), class_colour(label), {}, spectra.mean(label)};
    for (std::size_t k = 0; k < spectra.bins(); ++k)
      curve.x.push_back(options.dt > 0 ? detail::bin_frequency(spectra, options.dt, k)
                                       : static_cast<double>(k));
    curves.push_back(std::move(curve));
  }
  return chart(curves, {.title = options.title,
                        .x_label = options.dt > 0 ? "frequency (cycles per unit time)" : "frequency bin",
                        .y_label = "mean |DFT|",
                        .width = options.width,
                        .height = options.height,
                        .logarithmic = options.logarithmic});
}

/// Writes the mean spectra as comma-separated values, whole or not at all: a header, then a line per bin with
/// the bin, its frequency in cycles per unit time (empty when options.dt is 0) and a column per class (empty
/// for a class without pixels). Throws Error (path) when the file cannot be written.
inline void write_spectrum_csv(const std::filesystem::path& path, const ClassSpectra& spectra,
                               const SpectrumOptions& options = {}) {
  std::string text = "bin,frequency";
  std::vector<std::vector<double>> means;
  for (std::size_t label = 0; label < spectra.classes(); ++label) {
    std::string quoted = "\"";
    for (const char c : detail::class_name(options, label))
      quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    text += "," + quoted + "\"";
    means.push_back(spectra.mean(label));
  }
  text += '\n';
  for (std::size_t k = 0; k < spectra.bins(); ++k) {
    text += std::to_string(k) + ",";
    if (options.dt > 0) text += detail::number(detail::bin_frequency(spectra, options.dt, k), 9);
    for (const std::vector<double>& mean : means) {
      text += ',';
      if (!std::isnan(mean[k])) text += detail::number(mean[k], 9);
    }
    text += '\n';
  }
  io::write_whole(path, std::string_view(text));
}

}  // namespace nwm::plot

#include "nwm/pop_macros.inc"
