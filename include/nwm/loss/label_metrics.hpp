// How well an image's label is told.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "nwm/loss/mean_of_images.hpp"
#include "nwm/loss/segmentation_metrics.hpp"

namespace nwm {

/// loss: cross-entropy of the scores averaged over pixels; acc: 1 where the largest of them is the label's.
/// Over several images: their means.
struct LabelMetrics {
  double loss = 0, acc = 0;  ///< mean cross-entropy, and share of images whose label was told
};

/// Scores (classes, sites) averaged over the pixels: a number a class.
template <class Real>
std::vector<double> averaged_scores(std::span<const Real> scores, std::size_t classes) {
  const std::size_t sites = scores.size() / classes;
  std::vector<double> mean(classes);
  for (std::size_t k = 0; k < classes; ++k) {
    for (const Real s : scores.subspan(k * sites, sites)) mean[k] += static_cast<double>(s);
    mean[k] /= static_cast<double>(sites);
  }
  return mean;
}

/// Metrics of one image from scores averaged over its pixels, a number a class. Ties go to the lower class.
inline LabelMetrics measure_averaged(std::span<const double> mean, std::size_t label) {
  const std::size_t best = largest_class(mean, 0, 1, mean.size());
  double total = 0;
  for (const double m : mean) total += std::exp(m - mean[best]);
  return {std::log(total) - (mean[label] - mean[best]), best == label ? 1.0 : 0.0};
}
/// Metrics of one image: scores (classes, sites), label below classes. Ties go to the lower class.
template <class Real>
LabelMetrics measure_label(std::span<const Real> scores, std::size_t label, std::size_t classes) {
  const std::vector<double> mean = averaged_scores(scores, classes);
  return measure_averaged(mean, label);
}

/// The scores of an image added over its pixels, a number a class: what a backend can add
/// (loss/measured.hpp).
template <std::size_t classes>
struct ScoreSums {
  std::array<double, classes> scores{};  ///< sums, a number a class
};
/// The metrics of an image of `sites` pixels whose scores add up to these sums.
template <std::size_t classes>
LabelMetrics metrics_of(ScoreSums<classes> sums, std::size_t label, std::size_t sites) {
  for (double& score : sums.scores) score /= static_cast<double>(sites);
  return measure_averaged(sums.scores, label);
}

/// The average over images, in order.
inline LabelMetrics average(std::span<const LabelMetrics> images) {
  return detail::mean_of(images, &LabelMetrics::loss, &LabelMetrics::acc);
}

/// "loss 0.1234  accuracy 0.9876".
inline std::string text(const LabelMetrics& m) {
  std::array<char, 96> line{};
  std::snprintf(line.data(), line.size(), "loss %.4f  accuracy %.4f", m.loss, m.acc);
  return line.data();
}

}  // namespace nwm
