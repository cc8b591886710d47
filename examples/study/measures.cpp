#include "measures.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "nwm/loss/authors_metrics.hpp"

namespace study {
namespace {

constexpr std::size_t authors_batch = 64;  // of their program that measures

/// Calls act(scores of an image, its mask, number of classes) for all, a few images in memory at a time.
template <class Act>
void for_images(const nwm::data::Dataset& set, const Scores& scores, const Act& act) {
  for (std::size_t start = 0; start < set.size(); start += authors_batch) {
    const nwm::data::Dataset part = set.part(start, authors_batch);
    const nwm::Array<float> all = scores(part);
    for (std::size_t i = 0; i < part.size(); ++i)
      act(std::span<const float>(all[i]), part.mask(i), all.shape.at(1));
  }
}

}  // namespace

nwm::SegmentationMetrics as_asked(const Options& o, nwm::SegmentationMetrics measured,
                                  const nwm::data::Dataset& set, const Scores& scores) {
  const bool grouped = o.foreground_loss != "image", bits = o.iou == "class-bits";
  if (!grouped && !bits) return measured;
  std::vector<nwm::SegmentationMetrics> images;
  std::vector<std::size_t> foreground;
  double sum = 0, counted = 0;
  for_images(set, scores, [&](std::span<const float> s, std::span<const std::uint8_t> mask, std::size_t n) {
    images.push_back(nwm::measure<float>(s, mask, n));
    foreground.push_back(mask.size() - static_cast<std::size_t>(std::ranges::count(mask, std::uint8_t{0})));
    if (const double iou = nwm::class_bits_iou<float>(s, mask, n); !std::isnan(iou)) sum += iou, counted += 1;
  });
  if (grouped)
    measured.loss_foreground = nwm::grouped_foreground_loss(
        images, foreground,
        o.foreground_loss == "batch" ? authors_batch : std::max<std::size_t>(1, set.size()));
  if (bits) measured.iou = sum / counted;
  return measured;
}

nwm::SegmentationMetrics background_metrics(const Options& o, const nwm::data::Dataset& set) {
  const auto extent = set.extent();
  const std::size_t classes = std::max<std::size_t>(2, set.classes());
  const Scores scores = [&](const nwm::data::Dataset& part) {
    nwm::Array<float> out({part.size(), classes, extent.height, extent.width},
                          -std::numeric_limits<float>::infinity());
    for (std::size_t i = 0; i < part.size(); ++i)
      std::ranges::fill(out[i].first(extent.height * extent.width), 0.0f);
    return out;
  };
  std::vector<nwm::SegmentationMetrics> images;
  for_images(set, scores, [&](std::span<const float> s, std::span<const std::uint8_t> mask, std::size_t n) {
    images.push_back(nwm::measure<float>(s, mask, n));
  });
  return as_asked(o, nwm::average(images), set, scores);
}

}  // namespace study
