// How well scores segment an image, with and without the background (systems.md's metrics are per image, then
// averaged over images).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nwm {

/// With a = share of pixels classified right: acc = a and iou = a/(2−a), the micro-averaged intersection over
/// union of one-hot maps; loss = mean cross-entropy. The _foreground figures count pixels whose target is not
/// class 0; NaN when there is none.
struct Metrics {
  double loss = 0, acc = 0, iou = 0;
  double loss_foreground = 0, acc_foreground = 0, iou_foreground = 0;
};

/// Metrics of one image: scores (classes, sites), target (sites). Ties go to the lower class.
template <class Real>
Metrics measure(std::span<const Real> scores, std::span<const std::uint8_t> target, std::size_t classes) {
  const std::size_t sites = target.size();
  double loss = 0, loss_foreground = 0;
  std::size_t right = 0, right_foreground = 0, foreground = 0;
  for (std::size_t p = 0; p < sites; ++p) {
    std::size_t best = 0;
    for (std::size_t k = 1; k < classes; ++k)
      if (scores[k * sites + p] > scores[best * sites + p]) best = k;
    const auto largest = static_cast<double>(scores[best * sites + p]);
    double total = 0;
    for (std::size_t k = 0; k < classes; ++k)
      total += std::exp(static_cast<double>(scores[k * sites + p]) - largest);
    const double nll = std::log(total) - (static_cast<double>(scores[target[p] * sites + p]) - largest);
    loss += nll;
    right += best == target[p];
    if (target[p] == 0) continue;
    ++foreground;
    loss_foreground += nll;
    right_foreground += best == target[p];
  }
  const auto share = [](std::size_t part, std::size_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
  };
  Metrics m;
  m.loss = loss / static_cast<double>(sites);
  m.acc = share(right, sites);
  m.iou = m.acc / (2 - m.acc);
  m.loss_foreground = loss_foreground / static_cast<double>(foreground);
  m.acc_foreground = share(right_foreground, foreground);
  m.iou_foreground = m.acc_foreground / (2 - m.acc_foreground);
  return m;
}

/// The average over images, in order; images without foreground are left out of the foreground figures.
inline Metrics average(std::span<const Metrics> images) {
  Metrics sum;
  double all = 0, some = 0;
  for (const Metrics& m : images) {
    all += 1;
    sum.loss += m.loss, sum.acc += m.acc, sum.iou += m.iou;
    if (std::isnan(m.acc_foreground)) continue;
    some += 1;
    sum.loss_foreground += m.loss_foreground, sum.acc_foreground += m.acc_foreground;
    sum.iou_foreground += m.iou_foreground;
  }
  sum.loss /= all, sum.acc /= all, sum.iou /= all;
  sum.loss_foreground /= some, sum.acc_foreground /= some, sum.iou_foreground /= some;
  return sum;
}

/// The average of measure over the images of a data set, their scores those of executor.predict.
template <class Model, class Executor, class Dataset>
Metrics measure_all(Executor& executor, const Model& model, const Dataset& set) {
  using Real = typename Model::Real;
  std::vector<Metrics> each(set.size());
  executor.predict(model, set, [&](std::size_t i, std::span<const Real> scores) {
    each[i] = measure<Real>(scores, set.mask(i), Model::shape.classes);
  });
  return average(each);
}

}  // namespace nwm
