// How well an image's label is told.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

namespace nwm {

/// loss: cross-entropy of the scores averaged over pixels; acc: 1 where the largest of them is the label's.
/// Over several images: their means.
struct LabelMetrics {
  double loss = 0, acc = 0;
};

/// Metrics of one image: scores (classes, sites), label below classes. Ties go to the lower class.
template <class Real>
LabelMetrics measure_label(std::span<const Real> scores, std::size_t label, std::size_t classes) {
  const std::size_t sites = scores.size() / classes;
  std::vector<double> mean(classes);
  std::size_t best = 0;
  for (std::size_t k = 0; k < classes; ++k) {
    for (const Real s : scores.subspan(k * sites, sites)) mean[k] += static_cast<double>(s);
    mean[k] /= static_cast<double>(sites);
    if (mean[k] > mean[best]) best = k;
  }
  double total = 0;
  for (const double m : mean) total += std::exp(m - mean[best]);
  return {std::log(total) - (mean[label] - mean[best]), best == label ? 1.0 : 0.0};
}

/// The average over images, in order.
inline LabelMetrics average(std::span<const LabelMetrics> images) {
  LabelMetrics sum;
  for (const LabelMetrics& m : images) sum.loss += m.loss, sum.acc += m.acc;
  const auto count = static_cast<double>(images.size());
  return {sum.loss / count, sum.acc / count};
}

/// "loss 0.1234  accuracy 0.9876".
inline std::string text(const LabelMetrics& m) {
  std::array<char, 96> line{};
  std::snprintf(line.data(), line.size(), "loss %.4f  accuracy %.4f", m.loss, m.acc);
  return line.data();
}

}  // namespace nwm
