// How well spectra alone tell classes apart: each pixel is assigned to the class with the nearest mean
// spectrum.
#pragma once

#include "nwm/push_macros.inc"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/plot/colour.hpp"
#include "nwm/plot/series.hpp"

namespace nwm::report {

/// Counts by true class (row) and assigned class (column).
class Confusion {
 public:
  /// Throws Error for more than 65,536 classes.
  explicit Confusion(std::size_t classes) : classes_(classes) {
    if (classes > 65536)
      throw Error("nwm::report::Confusion", "classes", "at most 65536", std::to_string(classes));
    counts_.resize(classes * classes);
  }
  /// How many there are.
  std::size_t classes() const { return classes_; }
  /// Counts one item of class `truth` assigned to `said`. Throws Error, as count does, for a class that there
  /// is not.
  void add(std::size_t truth, std::size_t said) { ++counts_[place(truth, said)]; }
  /// How many items of class `truth` were assigned to `said`.
  std::size_t count(std::size_t truth, std::size_t said) const { return counts_[place(truth, said)]; }
  /// Number of items of class `truth`.
  std::size_t total(std::size_t truth) const {
    std::size_t sum = 0;
    for (std::size_t c = 0; c < classes_; ++c) sum += count(truth, c);
    return sum;
  }
  /// Share of class `truth` that was assigned correctly; NaN when the class did not occur.
  double recall(std::size_t truth) const {
    const std::size_t all = total(truth);
    return all == 0 ? std::numeric_limits<double>::quiet_NaN()
                    : static_cast<double>(count(truth, truth)) / static_cast<double>(all);
  }
  /// Share of all items of classes `from` and above that was assigned correctly; NaN when there are none.
  double accuracy(std::size_t from = 0) const {
    double right = 0, all = 0;
    for (std::size_t c = from; c < classes_; ++c)
      right += static_cast<double>(count(c, c)), all += static_cast<double>(total(c));
    return right / all;
  }
  /// The mean recall of the occurring classes `from` and above. Guessing gives 1/classes().
  double balanced(std::size_t from = 0) const {
    double sum = 0, seen = 0;
    for (std::size_t c = from; c < classes_; ++c)
      if (total(c) > 0) sum += recall(c), ++seen;
    return sum / seen;
  }

 private:
  std::size_t place(std::size_t truth, std::size_t said) const {
    for (const std::size_t c : {truth, said})
      if (c >= classes_)
        throw Error("nwm::report::Confusion", "class", "below " + std::to_string(classes_),
                    std::to_string(c));
    return truth * classes_ + said;
  }

  std::size_t classes_;
  std::vector<std::size_t> counts_;
};

/// |DFT| of every oscillator at every site, bins 0..T/2, without scaling: magnitudes (bins, channels, height,
/// width). Either without a window (like the fft readout's features), or under a Hann window, which keeps a
/// slow drift out of the other bins.
class SeriesSpectra {
 public:
  /// Of series of this shape; with `hann` under that window.
  explicit SeriesSpectra(const plot::SeriesShape& shape, bool hann = false)
      : shape_(shape), bins_(shape.steps / 2 + 1) {
    (void)plot::detail::check_shape("nwm::report::SeriesSpectra", shape);
    const auto rows = static_cast<Eigen::Index>(bins_), steps = static_cast<Eigen::Index>(shape.steps);
    waves_.resize(2 * rows, steps);
    for (Eigen::Index k = 0; k < rows; ++k)
      for (Eigen::Index t = 0; t < steps; ++t) {
        const double angle =
            2 * std::numbers::pi * static_cast<double>(k * t % steps) / static_cast<double>(steps);
        const double place = (static_cast<double>(t) + 0.5) / static_cast<double>(steps);
        const double window = hann ? 0.5 - 0.5 * std::cos(2 * std::numbers::pi * place) : 1;
        waves_(k, t) = static_cast<float>(window * std::cos(angle));
        waves_(rows + k, t) = static_cast<float>(window * std::sin(angle));
      }
  }
  /// How many frequencies there are.
  std::size_t bins() const { return bins_; }

  /// The magnitudes of one series (T, C, H, W). Throws Error for another size.
  std::vector<float> operator()(std::span<const float> series) const {
    plot::detail::check_series("nwm::report::SeriesSpectra", series, shape_);
    const auto rows = static_cast<Eigen::Index>(bins_), columns = static_cast<Eigen::Index>(shape_.state());
    const Eigen::Map<const Matrix> y(series.data(), static_cast<Eigen::Index>(shape_.steps), columns);
    const Matrix both = waves_ * y;
    std::vector<float> result(bins_ * shape_.state());
    Eigen::Map<Matrix>(result.data(), rows, columns) =
        (both.topRows(rows).array().square() + both.bottomRows(rows).array().square()).sqrt();
    return result;
  }

 private:
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  plot::SeriesShape shape_;
  std::size_t bins_;
  Matrix waves_;
};

/// The nearest-spectrum rule. A pixel's spectrum is log(|DFT| + ε) of all its oscillators, with ε a
/// thousandth of the mean magnitude; each number is divided by its standard deviation within the classes. The
/// spectrum of a class is the mean over its pixels. A pixel is assigned to the class at the least Euclidean
/// distance. Only these means and deviations are learned.
class NearestSpectrum {
 public:
  /// For series of this shape. Throws Error unless there are 2 to 256 classes.
  NearestSpectrum(const plot::SeriesShape& shape, std::size_t classes)
      : shape_(shape), spectra_(shape), classes_(classes), features_(spectra_.bins() * shape.channels) {
    if (classes < 2 || classes > 256)
      throw Error("nwm::report::NearestSpectrum", "classes", "2 to 256", std::to_string(classes));
    sums_.assign(classes * features_, 0), squares_.assign(features_, 0), counts_.assign(classes, 0);
  }

  /// Adds one image: its series (T, C, H, W) and the class of each pixel (H, W); pixels that are left out
  /// (plot::left_out) are not looked at. Throws Error when sizes do not fit.
  void learn(std::span<const float> series, std::span<const std::uint8_t> labels) {
    check(labels);
    const std::vector<float> x = features(series);
    for (const std::uint8_t label : labels)
      if (counts(label)) ++counts_[label];
    for (std::size_t f = 0; f < features_; ++f)
      for (std::size_t p = 0; p < labels.size(); ++p) {
        if (!counts(labels[p])) continue;
        const double v = static_cast<double>(x[f * shape_.plane() + p]);
        sums_[labels[p] * features_ + f] += v, squares_[f] += v * v;
      }
    ready_ = false;
  }

  /// Assigns the pixels of another image and adds to the counts: `pixels` by each pixel's own spectrum,
  /// `regions` by the mean spectrum of all pixels of a class in the image. Throws Error when nothing was
  /// learned or the image does not fit.
  void judge(std::span<const float> series, std::span<const std::uint8_t> labels, Confusion& pixels,
             Confusion& regions) {
    check(labels);
    prepare();
    const std::vector<float> x = features(series);
    std::vector<double> region(classes_ * features_), own(features_);
    std::vector<std::size_t> size(classes_);
    for (std::size_t p = 0; p < labels.size(); ++p) {
      if (!counts(labels[p])) continue;
      for (std::size_t f = 0; f < features_; ++f) {
        own[f] = static_cast<double>(x[f * shape_.plane() + p]);
        region[labels[p] * features_ + f] += own[f];
      }
      ++size[labels[p]];
      pixels.add(labels[p], nearest(own.data()));
    }
    for (std::size_t c = 0; c < classes_; ++c) {
      if (size[c] == 0) continue;
      for (std::size_t f = 0; f < features_; ++f) region[c * features_ + f] /= static_cast<double>(size[c]);
      regions.add(c, nearest(region.data() + c * features_));
    }
  }

 private:
  bool counts(std::uint8_t label) const { return !plot::left_out(label, classes_); }
  void check(std::span<const std::uint8_t> labels) const {
    if (labels.size() != shape_.plane())
      throw Error("nwm::report::NearestSpectrum", "labels", std::to_string(shape_.plane()),
                  std::to_string(labels.size()));
    for (const std::uint8_t label : labels)
      if (label >= classes_ && counts(label))
        throw Error("nwm::report::NearestSpectrum", "label", "below " + std::to_string(classes_),
                    std::to_string(label));
  }

  std::vector<float> features(std::span<const float> series) {
    std::vector<float> x = spectra_(series);
    if (floor_ == 0) {
      double mean = 0;
      for (const float v : x) mean += static_cast<double>(v) / static_cast<double>(x.size());
      floor_ = static_cast<float>(std::max(1e-3 * mean, 1e-30));
    }
    for (float& v : x) v = std::log(v + floor_);
    return x;
  }

  void prepare() {
    if (ready_) return;
    std::size_t all = 0;
    for (const std::size_t n : counts_) all += n;
    if (all == 0) throw Error("nwm::report::NearestSpectrum", "images", "some that were learned", "none");
    means_ = sums_, weights_.assign(features_, 0);
    for (std::size_t f = 0; f < features_; ++f) {
      double within = squares_[f];
      for (std::size_t c = 0; c < classes_; ++c) {
        if (counts_[c] == 0) continue;
        const double n = static_cast<double>(counts_[c]), mean = sums_[c * features_ + f] / n;
        means_[c * features_ + f] = mean, within -= n * mean * mean;
      }
      const double variance = within / static_cast<double>(all);
      weights_[f] = variance > 1e-12 ? 1 / variance : 0;
    }
    ready_ = true;
  }

  std::size_t nearest(const double* x) const {
    std::size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t c = 0; c < classes_; ++c) {
      if (counts_[c] == 0) continue;
      double distance = 0;
      for (std::size_t f = 0; f < features_; ++f) {
        const double d = x[f] - means_[c * features_ + f];
        distance += weights_[f] * d * d;
      }
      if (distance < least) least = distance, best = c;
    }
    return best;
  }

  plot::SeriesShape shape_;
  SeriesSpectra spectra_;
  std::size_t classes_, features_;
  float floor_ = 0;
  bool ready_ = false;
  std::vector<double> sums_, squares_, means_, weights_;
  std::vector<std::size_t> counts_;
};

}  // namespace nwm::report

#include "nwm/pop_macros.inc"
