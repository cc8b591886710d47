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

#include "nwm/backend/device/unroll.hpp"
#include "nwm/cell/math.hpp"

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

/// What the pixels of an image add up to, from which its SegmentationMetrics follow: doubles alone, so that a
/// backend can add them (loss/measured.hpp). Counts are whole numbers.
struct SegmentationSums {
  double loss = 0, weight = 0;                        ///< weighted cross-entropies, and weights
  double right = 0, counted = 0;                      ///< pixels told right, and all
  double loss_foreground = 0, weight_foreground = 0;  ///< of pixels whose target is not class 0
  double right_foreground = 0, foreground = 0;        ///< likewise
};

/// Adds a pixel whose target is `target` and whose score k stands at scores + k·stride. Ties go to the lower
/// class. A pixel that weighs 0 is left out.
template <class Real>
constexpr void add_pixel(const Real* scores, std::size_t stride, std::size_t classes, std::size_t target,
                         double weight, SegmentationSums& sums) {
  if (weight == 0) return;
  std::size_t best = 0;
  for (std::size_t k = 1; k < classes; ++k)
    if (scores[k * stride] > scores[best * stride]) best = k;
  const auto largest = static_cast<double>(scores[best * stride]);
  double total = 0;
  NWM_ROLLED
  for (std::size_t k = 0; k < classes; ++k)
    total += math::exp(static_cast<double>(scores[k * stride]) - largest);
  const double nll = weight * (math::log(total) - (static_cast<double>(scores[target * stride]) - largest));
  const double right = best == target ? 1 : 0;
  sums.loss += nll;
  sums.weight += weight;
  sums.right += right;
  sums.counted += 1;
  if (target == 0) return;
  sums.loss_foreground += nll;
  sums.weight_foreground += weight;
  sums.right_foreground += right;
  sums.foreground += 1;
}

/// The metrics of an image whose pixels add up to these sums.
inline SegmentationMetrics metrics_of(const SegmentationSums& sums) {
  SegmentationMetrics m;
  m.loss = sums.loss / sums.weight;
  m.acc = sums.right / sums.counted;
  m.iou = m.acc / (2 - m.acc);
  m.loss_foreground = sums.loss_foreground / sums.weight_foreground;
  m.acc_foreground = sums.right_foreground / sums.foreground;
  m.iou_foreground = m.acc_foreground / (2 - m.acc_foreground);
  return m;
}

/// Metrics of one image: scores (classes, sites), target (sites). Ties go to the lower class. weight(class)
/// is what a pixel of that class weighs in the losses; a pixel that weighs 0 is left out of all figures.
template <class Real, class Weight>
SegmentationMetrics measure(std::span<const Real> scores, std::span<const std::uint8_t> target,
                            std::size_t classes, const Weight& weight) {
  SegmentationSums sums;
  for (std::size_t p = 0; p < target.size(); ++p)
    add_pixel(scores.data() + p, target.size(), classes, target[p], weight(target[p]), sums);
  return metrics_of(sums);
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
