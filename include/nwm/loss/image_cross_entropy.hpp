// Cross-entropy for one label an image.
#pragma once

#include "nwm/push_macros.inc"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "nwm/loss/cross_entropy.hpp"
#include "nwm/loss/label_metrics.hpp"

namespace nwm::loss {

/// Scores are averaged over the pixels of an image; the loss is −log softmax(average)[label], averaged over
/// images. The target is a label an image.
struct ImageCrossEntropy {
  static constexpr std::string_view name = "image_cross_entropy";
  using Target = std::uint8_t;
  using Metrics = LabelMetrics;
  static constexpr bool pooled = true;
  static constexpr std::size_t target_size(std::size_t, std::size_t) { return 1; }
  template <std::size_t>
  static constexpr std::size_t planes = 1;
  template <std::size_t outputs>
  static constexpr bool accepts = (outputs >= 2 && outputs <= 256);

  template <class F>
  static void options(const F&) {}
  static void check(const data::Dataset& set, std::size_t outputs) {
    require_kind(set, data::Targets::Kind::labels);
    detail::require_classes(set, outputs, -1);
  }
  static std::span<const Target> target(const data::Dataset& set, std::size_t i) { return set.label(i); }
  static double weight(std::span<const Target>) { return 1; }
  template <std::size_t outputs, class Real>
  static void encode(std::span<const Target> target, Real* to, std::size_t) {
    detail::require_class(target[0], 0, outputs);
    to[0] = static_cast<Real>(target[0]);
  }
  template <std::size_t outputs, class Real>
  static auto kernel(double factor, const Real* target, std::size_t, Real* scores, std::size_t score_stride) {
    return CrossEntropyKernel<outputs, false, Real>{factor, 0, score_stride, target, scores};
  }
  template <class Real>
  static Metrics measure(std::span<const Real> scores, std::span<const Target> target, std::size_t outputs) {
    return measure_label<Real>(scores, target[0], outputs);
  }

  // The same where the scores are (loss/measured.hpp).
  using Measured = ImageCrossEntropy;
  template <std::size_t outputs>
  using Sums = ScoreSums<outputs>;
  template <std::size_t outputs, class Real>
  static constexpr void add_to(Sums<outputs>& sums, const Real* scores, std::size_t stride, const Target*,
                               std::size_t, std::size_t) {
    for (std::size_t k = 0; k < outputs; ++k) sums.scores[k] += static_cast<double>(scores[k * stride]);
  }
  template <std::size_t outputs>
  static Metrics metrics(const Sums<outputs>& sums, std::span<const Target> target, std::size_t sites) {
    return metrics_of(sums, target[0], sites);
  }
};

}  // namespace nwm::loss

#include "nwm/pop_macros.inc"
