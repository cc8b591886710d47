// Mean squares for numbers at every pixel: regression.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

#include "nwm/cell/math.hpp"
#include "nwm/error.hpp"
#include "nwm/loss/loss.hpp"
#include "nwm/loss/mean_of_images.hpp"

namespace nwm {

/// loss: mean of (score − target)² over pixels and outputs; mean_target_square: that of 0 in place of the
/// scores, so that loss / mean_target_square is the share that is not told. Over several images: their means.
struct RegressionMetrics {
  double loss = 0, mean_target_square = 0;  ///< mean square of the errors, and of the targets
};

/// The average over images, in order.
inline RegressionMetrics average(std::span<const RegressionMetrics> images) {
  return detail::mean_of(images, &RegressionMetrics::loss, &RegressionMetrics::mean_target_square);
}

/// "loss 0.1234  of 0.5678".
inline std::string text(const RegressionMetrics& m) {
  std::array<char, 96> line{};
  std::snprintf(line.data(), line.size(), "loss %.4g  of %.4g", m.loss, m.mean_target_square);
  return line.data();
}

}  // namespace nwm

namespace nwm::loss {

/// (s − t)² at one pixel, summed over outputs, times the weight at target; in place of each score
/// factor · 2 (s − t) · weight. Score k stands at scores + k·score_stride, number k of the target at
/// target + (k + 1)·target_stride.
template <std::size_t outputs, class Real>
struct SquaresKernel {
  double factor;                            ///< what slopes are multiplied by
  std::size_t target_stride, score_stride;  ///< from one number of a pixel to the next
  const Real* target;                       ///< weights, then numbers
  Real* scores;                             ///< replaced by their slopes
  template <class Lane>
  constexpr typename Lane::Value operator()(Lane lane) const {
    using V = typename Lane::Value;
    using math::if_positive;
    const V weight = if_positive(lane.load(target), V(1), V(0));
    V sum(0);
    for (std::size_t k = 0; k < outputs; ++k) {
      const V apart =
          weight * (lane.load(scores + k * score_stride) - lane.load(target + (k + 1) * target_stride));
      sum += apart * apart;
      lane.store(scores + k * score_stride, V(2 * factor) * apart);
    }
    return sum;
  }
};

/// (score − target)², averaged over outputs, pixels and images: PyTorch's `mse_loss`. The target is `outputs`
/// numbers a pixel.
struct MeanSquares {
  static constexpr std::string_view name = "mean_squares";
  using Target = float;
  using Metrics = RegressionMetrics;
  static constexpr bool pooled = false;
  static constexpr std::size_t target_size(std::size_t outputs, std::size_t sites) { return outputs * sites; }
  template <std::size_t outputs>
  static constexpr std::size_t planes = outputs + 1;  // 1 where the pixel counts, then the numbers
  template <std::size_t outputs>
  static constexpr bool accepts = (outputs >= 1);

  template <class F>
  static void options(const F&) {}
  static void check(const data::Dataset& set, std::size_t outputs) {
    require_kind(set, data::Targets::Kind::numbers);
    if (set.targets().outputs() != outputs)
      throw Error(set.name(), "numbers a pixel of the target", std::to_string(outputs),
                  std::to_string(set.targets().outputs()));
  }
  static std::span<const Target> target(const data::Dataset& set, std::size_t i) { return set.numbers(i); }
  static double weight(std::span<const Target> target) { return static_cast<double>(target.size()); }
  template <std::size_t outputs, class Real>
  static void encode(std::span<const Target> target, Real* to, std::size_t stride) {
    const std::size_t sites = target.size() / outputs;
    for (std::size_t p = 0; p < sites; ++p) to[p] = Real(1);
    for (std::size_t k = 0; k < outputs; ++k)
      for (std::size_t p = 0; p < sites; ++p)
        to[(k + 1) * stride + p] = static_cast<Real>(target[k * sites + p]);
  }
  template <std::size_t outputs, class Real>
  static auto kernel(double factor, const Real* target, std::size_t target_stride, Real* scores,
                     std::size_t score_stride) {
    return SquaresKernel<outputs, Real>{factor, target_stride, score_stride, target, scores};
  }
  template <class Real>
  static Metrics measure(std::span<const Real> scores, std::span<const Target> target, std::size_t) {
    Metrics m;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const auto wanted = static_cast<double>(target[i]), d = static_cast<double>(scores[i]) - wanted;
      m.loss += d * d;
      m.mean_target_square += wanted * wanted;
    }
    const auto count = static_cast<double>(scores.size());
    return {m.loss / count, m.mean_target_square / count};
  }

  // The same where the scores are (loss/measured.hpp).
  using Measured = MeanSquares;
  template <std::size_t outputs>
  using Sums = RegressionMetrics;  // before they are divided
  template <std::size_t outputs, class Real>
  static constexpr void add_to(Sums<outputs>& sums, const Real* scores, std::size_t stride,
                               const Target* target, std::size_t p, std::size_t sites) {
    for (std::size_t k = 0; k < outputs; ++k) {
      const auto wanted = static_cast<double>(target[k * sites + p]),
                 d = static_cast<double>(scores[k * stride]) - wanted;
      sums.loss += d * d;
      sums.mean_target_square += wanted * wanted;
    }
  }
  template <std::size_t outputs>
  static Metrics metrics(const Sums<outputs>& sums, std::span<const Target>, std::size_t sites) {
    const auto count = static_cast<double>(outputs * sites);
    return {sums.loss / count, sums.mean_target_square / count};
  }
};

}  // namespace nwm::loss

#include "nwm/pop_macros.inc"
