// Two figures of the study (arXiv 2502.06034) as its authors' programs compute them, where those of
// segmentation_metrics.hpp are others: a foreground loss of pixels that count alike, and an IoU of class
// numbers read as bits.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "nwm/error.hpp"
#include "nwm/loss/segmentation_metrics.hpp"

namespace nwm {

/// The foreground loss over every `group` images in a row, the last ones perhaps fewer:
///   Σ_groups n (Σ f l / Σ f) / Σ_groups n,   n images in a group, the inner sums over its images,
/// with l the foreground loss of an image and f its foreground pixels, `foreground[i]` of images[i]. The
/// authors' program has groups of 64, shuffled; a group of all images is the mean over all foreground pixels
/// of the set; groups of one are what `average` has. Groups without foreground are left out; NaN when there
/// is no other. Throws Error when group is 0 or the two spans differ in length.
inline double grouped_foreground_loss(std::span<const SegmentationMetrics> images,
                                      std::span<const std::size_t> foreground, std::size_t group) {
  if (group == 0) throw Error("grouped_foreground_loss", "images of a group", "at least 1", "0");
  if (images.size() != foreground.size())
    throw Error("grouped_foreground_loss", "counts of foreground pixels",
                std::to_string(images.size()) + ", one for each image", std::to_string(foreground.size()));
  double sum = 0, counted = 0;
  for (std::size_t start = 0; start < images.size(); start += group) {
    const std::size_t end = start + std::min(group, images.size() - start);
    double loss = 0, pixels = 0;
    for (std::size_t i = start; i < end; ++i) {
      if (foreground[i] == 0) continue;
      const auto f = static_cast<double>(foreground[i]);
      loss += f * images[i].loss_foreground;
      pixels += f;
    }
    if (pixels == 0) continue;
    const auto n = static_cast<double>(end - start);
    sum += n * (loss / pixels);
    counted += n;
  }
  return sum / counted;  // 0/0: NaN
}

/// Σ (said AND target) / Σ (said OR target) over the pixels of an image, of class numbers as binary numbers:
/// classes 2 and 3 share a bit, classes 1 and 2 do not, and the background is nothing. The first version of
/// the authors' program and its tables have it for all pixels, the later one the IoU of one-hot maps
/// (SegmentationMetrics::iou). scores (classes, sites), target (sites); of equal scores the lower class is
/// said. NaN where both are background everywhere.
template <class Real>
double class_bits_iou(std::span<const Real> scores, std::span<const std::uint8_t> target,
                      std::size_t classes) {
  std::size_t both = 0, either = 0;
  for (std::size_t p = 0; p < target.size(); ++p) {
    const std::size_t said = largest_class(scores, p, target.size(), classes), meant = target[p];
    both += said & meant;
    either += said | meant;
  }
  if (either == 0) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(both) / static_cast<double>(either);
}

}  // namespace nwm

#include "nwm/pop_macros.inc"
