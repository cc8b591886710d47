// How well scores segment an image, with and without the background. As in the study (arXiv 2502.06034) the
// figures are per image, then averaged over images.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>

namespace nwm {

/// With a = share of pixels classified right: acc = a and iou = a/(2−a), the micro-averaged intersection over
/// union of one-hot maps; loss = mean cross-entropy. The _foreground figures count pixels whose target is not
/// class 0; NaN when there is none.
struct SegmentationMetrics {
  double loss = 0, acc = 0, iou = 0;  ///< over all pixels
  /// Over pixels whose target is not class 0.
  double loss_foreground = 0, acc_foreground = 0, iou_foreground = 0;
};

/// The class of the largest of scores (classes, sites) at pixel p. Ties go to the lower class.
template <class Real>
std::size_t largest_class(std::span<const Real> scores, std::size_t p, std::size_t sites,
                          std::size_t classes) {
  std::size_t best = 0;
  for (std::size_t k = 1; k < classes; ++k)
    if (scores[k * sites + p] > scores[best * sites + p]) best = k;
  return best;
}

/// Metrics of one image: scores (classes, sites), target (sites). Ties go to the lower class. weight(class)
/// is what a pixel of that class weighs in the losses; a pixel that weighs 0 is left out of all figures.
template <class Real, class Weight>
SegmentationMetrics measure(std::span<const Real> scores, std::span<const std::uint8_t> target,
                            std::size_t classes, const Weight& weight) {
  const std::size_t sites = target.size();
  double loss = 0, loss_foreground = 0, all_weight = 0, foreground_weight = 0;
  std::size_t right = 0, counted = 0, right_foreground = 0, foreground = 0;
  for (std::size_t p = 0; p < sites; ++p) {
    const double w = weight(target[p]);
    if (w == 0) continue;
    const std::size_t best = largest_class(scores, p, sites, classes);
    const auto largest = static_cast<double>(scores[best * sites + p]);
    double total = 0;
    for (std::size_t k = 0; k < classes; ++k)
      total += std::exp(static_cast<double>(scores[k * sites + p]) - largest);
    const double nll = w * (std::log(total) - (static_cast<double>(scores[target[p] * sites + p]) - largest));
    loss += nll;
    all_weight += w;
    ++counted;
    right += best == target[p];
    if (target[p] == 0) continue;
    ++foreground;
    foreground_weight += w;
    loss_foreground += nll;
    right_foreground += best == target[p];
  }
  const auto share = [](std::size_t part, std::size_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
  };
  SegmentationMetrics m;
  m.loss = loss / all_weight;
  m.acc = share(right, counted);
  m.iou = m.acc / (2 - m.acc);
  m.loss_foreground = loss_foreground / foreground_weight;
  m.acc_foreground = share(right_foreground, foreground);
  m.iou_foreground = m.acc_foreground / (2 - m.acc_foreground);
  return m;
}
/// The same where all pixels count alike.
template <class Real>
SegmentationMetrics measure(std::span<const Real> scores, std::span<const std::uint8_t> target,
                            std::size_t classes) {
  return measure<Real>(scores, target, classes, [](std::uint8_t) { return 1.0; });
}

/// The average over images, in order. Images without foreground are left out of the foreground figures, and
/// images without a pixel that counts out of all.
inline SegmentationMetrics average(std::span<const SegmentationMetrics> images) {
  SegmentationMetrics sum;
  double all = 0, some = 0;
  for (const SegmentationMetrics& m : images) {
    if (std::isnan(m.acc)) continue;
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

/// "loss 0.1234  accuracy 0.9876  foreground IoU 0.9543".
inline std::string text(const SegmentationMetrics& m) {
  std::array<char, 128> line{};
  std::snprintf(line.data(), line.size(), "loss %.4f  accuracy %.4f  foreground IoU %.4f", m.loss, m.acc,
                m.iou_foreground);
  return line.data();
}

}  // namespace nwm
