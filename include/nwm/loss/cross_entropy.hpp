// Cross-entropy for a class at every pixel: the loss of the study.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "nwm/error.hpp"
#include "nwm/loss/cross_entropy_kernel.hpp"
#include "nwm/loss/loss.hpp"
#include "nwm/loss/segmentation_metrics.hpp"

namespace nwm::loss {

namespace detail {

/// Throws Error unless `left_out` is a class that a byte holds, or −1 for none.
inline void require_left_out(const char* owner, int left_out) {
  require_option(owner, "ignore_index", left_out, left_out >= -1 && left_out <= 255,
                 "a class from 0 to 255, or -1 for none");
}
/// Throws Error where a class of the set is not among `outputs`.
inline void require_classes(const data::Dataset& set, std::size_t outputs, int left_out) {
  if (set.classes(left_out) > outputs)
    throw Error(set.name(), "class", "below " + std::to_string(outputs),
                std::to_string(set.classes(left_out) - 1));
}
/// Throws Error where `wanted` is no class.
inline void require_class(std::size_t wanted, std::size_t pixel, std::size_t outputs) {
  if (wanted >= outputs)
    throw Error("add_gradient", "class of pixel " + std::to_string(pixel), "below " + std::to_string(outputs),
                std::to_string(wanted));
}

/// Throws Error unless the set has a class a pixel, all of them among `outputs` or left out.
inline void require_masks(const data::Dataset& set, std::size_t outputs, int left_out) {
  require_kind(set, data::Targets::Kind::classes);
  require_classes(set, outputs, left_out);
}
/// Sets `to` to the classes of `target`, −1 where they are left out. Throws Error where one is not among
/// `outputs`.
template <std::size_t outputs, class Real>
void encode_classes(std::span<const std::uint8_t> target, int left_out, Real* to) {
  for (std::size_t p = 0; p < target.size(); ++p) {
    const bool counts = static_cast<int>(target[p]) != left_out;
    if (counts) require_class(target[p], p, outputs);
    to[p] = counts ? static_cast<Real>(target[p]) : Real(-1);
  }
}

}  // namespace detail

/// −log softmax(scores)[class] at every pixel, averaged over the pixels that count: PyTorch's
/// `cross_entropy(…, ignore_index)`. The target is a class a pixel.
struct CrossEntropy {
  int ignore_index = -1;  ///< pixels of this class count nothing, e.g. 255; −1: all pixels count

  static constexpr std::string_view name = "cross_entropy";
  using Target = std::uint8_t;
  using Metrics = nwm::SegmentationMetrics;
  static constexpr bool pooled = false;
  static constexpr std::size_t target_size(std::size_t, std::size_t sites) { return sites; }
  template <std::size_t>
  static constexpr std::size_t planes = 1;
  template <std::size_t outputs>
  static constexpr bool accepts = (outputs >= 2 && outputs <= 256);

  template <class F>
  void options(const F& f) const {
    f("ignore_index", static_cast<double>(ignore_index));
  }
  /// Whether pixels of class c count.
  constexpr bool counts(std::uint8_t c) const { return static_cast<int>(c) != ignore_index; }

  /// Throws Error where `ignore_index` is no class.
  void check_options() const { detail::require_left_out("CrossEntropy", ignore_index); }
  void check(const data::Dataset& set, std::size_t outputs) const {
    check_options();
    detail::require_masks(set, outputs, ignore_index);
  }
  static std::span<const Target> target(const data::Dataset& set, std::size_t i) { return set.mask(i); }
  double weight(std::span<const Target> target) const {
    std::size_t counted = target.size();
    if (ignore_index >= 0)
      for (const Target c : target) counted -= counts(c) ? 0 : 1;
    return static_cast<double>(counted);
  }
  template <std::size_t outputs, class Real>
  void encode(std::span<const Target> target, Real* to, std::size_t) const {
    detail::encode_classes<outputs>(target, ignore_index, to);
  }
  template <std::size_t outputs, class Real>
  auto kernel(double factor, const Real* target, std::size_t, Real* scores, std::size_t score_stride) const {
    return CrossEntropyKernel<outputs, false, Real>{factor, 0, score_stride, target, scores};
  }
  template <class Real>
  Metrics measure(std::span<const Real> scores, std::span<const Target> target, std::size_t outputs) const {
    return nwm::measure<Real>(scores, target, outputs, [this](Target c) { return counts(c) ? 1.0 : 0.0; });
  }

  // The same where the scores are (loss/measured.hpp).
  using Measured = CrossEntropy;
  template <std::size_t outputs>
  using Sums = nwm::SegmentationSums;
  template <std::size_t outputs, class Real>
  constexpr void add_to(Sums<outputs>& sums, const Real* scores, std::size_t stride, const Target* target,
                        std::size_t p, std::size_t) const {
    nwm::add_pixel(scores, stride, outputs, target[p], counts(target[p]) ? 1.0 : 0.0, sums);
  }
  template <std::size_t outputs>
  static Metrics metrics(const Sums<outputs>& sums, std::span<const Target>, std::size_t) {
    return nwm::metrics_of(sums);
  }
};

/// The same with a weight for each class w: Σ w(class) · loss / Σ w(class), as PyTorch's
/// `cross_entropy(weight, ignore_index)`. Weights are positive or 0.
template <std::size_t classes>
struct WeightedCrossEntropy {
  /// Of the classes, 0 or positive.
  std::array<double, classes> weights = [] {
    std::array<double, classes> ones{};
    ones.fill(1);
    return ones;
  }();
  int ignore_index = -1;  ///< as CrossEntropy's

  static constexpr std::string_view name = "weighted_cross_entropy";
  using Target = std::uint8_t;
  using Metrics = nwm::SegmentationMetrics;
  static constexpr bool pooled = false;
  static constexpr std::size_t target_size(std::size_t, std::size_t sites) { return sites; }
  template <std::size_t>
  static constexpr std::size_t planes = 2;  // the class, and what it weighs
  template <std::size_t outputs>
  static constexpr bool accepts = outputs == classes;

  template <class F>
  void options(const F& f) const {
    f("ignore_index", static_cast<double>(ignore_index));
    for (std::size_t c = 0; c < classes; ++c) f("weights[" + std::to_string(c) + "]", weights[c]);
  }
  /// What a pixel of class c weighs.
  constexpr double weight_of(std::uint8_t c) const {
    return c >= classes || static_cast<int>(c) == ignore_index ? 0.0 : weights[c];
  }

  /// Throws Error where a weight is negative or no finite number.
  void check_options() const {
    detail::require_left_out("WeightedCrossEntropy", ignore_index);
    for (std::size_t c = 0; c < classes; ++c)
      require_option("WeightedCrossEntropy", "weights[" + std::to_string(c) + "]", weights[c],
                     weights[c] >= 0 && std::isfinite(weights[c]), "0 or a positive number");
  }
  void check(const data::Dataset& set, std::size_t outputs) const {
    check_options();
    detail::require_masks(set, outputs, ignore_index);
  }
  static std::span<const Target> target(const data::Dataset& set, std::size_t i) { return set.mask(i); }
  double weight(std::span<const Target> target) const {
    double sum = 0;
    for (const Target c : target) sum += weight_of(c);
    return sum;
  }
  template <std::size_t outputs, class Real>
  void encode(std::span<const Target> target, Real* to, std::size_t stride) const {
    detail::encode_classes<outputs>(target, ignore_index, to);
    for (std::size_t p = 0; p < target.size(); ++p) to[stride + p] = static_cast<Real>(weight_of(target[p]));
  }
  template <std::size_t outputs, class Real>
  auto kernel(double factor, const Real* target, std::size_t target_stride, Real* scores,
              std::size_t score_stride) const {
    return CrossEntropyKernel<outputs, true, Real>{factor, target_stride, score_stride, target, scores};
  }
  template <class Real>
  Metrics measure(std::span<const Real> scores, std::span<const Target> target, std::size_t outputs) const {
    return nwm::measure<Real>(scores, target, outputs, [this](Target c) { return weight_of(c); });
  }

  // The same where the scores are (loss/measured.hpp).
  using Measured = WeightedCrossEntropy;
  template <std::size_t outputs>
  using Sums = nwm::SegmentationSums;
  template <std::size_t outputs, class Real>
  constexpr void add_to(Sums<outputs>& sums, const Real* scores, std::size_t stride, const Target* target,
                        std::size_t p, std::size_t) const {
    nwm::add_pixel(scores, stride, outputs, target[p], weight_of(target[p]), sums);
  }
  template <std::size_t outputs>
  static Metrics metrics(const Sums<outputs>& sums, std::span<const Target>, std::size_t) {
    return nwm::metrics_of(sums);
  }
};

}  // namespace nwm::loss

#include "nwm/pop_macros.inc"
