// Softmax cross-entropy over the classes of a pixel, and its slope.
#pragma once

#include "nwm/push_macros.inc"

#include <cstddef>

#include "nwm/cell/math.hpp"

namespace nwm::loss {

/// The cross-entropy of one pixel: log Σ_k exp s(k) − s(class), times the pixel's weight where `weighted`. In
/// place of each score its slope: factor · (softmax(s) − onehot(class)) · weight. Score k stands at
/// scores + k·score_stride; the class, as a Real, at target; the weight at target + target_stride. A pixel
/// whose class is below 0 counts nothing: loss and slopes are 0.
template <std::size_t classes, bool weighted, class Real>
struct CrossEntropyKernel {
  double factor;                            ///< what slopes are multiplied by
  std::size_t target_stride, score_stride;  ///< from one number of a pixel to the next
  const Real* target;                       ///< classes, then weights
  Real* scores;                             ///< replaced by their slopes
  template <class Lane>
  constexpr typename Lane::Value operator()(Lane lane) const {
    using V = typename Lane::Value;
    using math::exp;
    using math::if_positive;
    using math::log;
    const V wanted = lane.load(target);
    V largest = lane.load(scores);
    for (std::size_t k = 1; k < classes; ++k)
      largest = math::max(lane.load(scores + k * score_stride), largest);
    V total(0), chosen(0);
    for (std::size_t k = 0; k < classes; ++k) {
      const V shifted = lane.load(scores + k * score_stride) - largest, e = exp(shifted);
      const V distance = math::abs(wanted - V(static_cast<double>(k)));
      chosen = if_positive(V(0.5) - distance, shifted, chosen);
      total += e;
      lane.store(scores + k * score_stride, e);
    }
    V slope = V(factor);
    if constexpr (weighted) slope = slope * lane.load(target + target_stride);
    const V share = if_positive(wanted + V(0.5), slope / total, V(0));
    for (std::size_t k = 0; k < classes; ++k) {
      const V distance = math::abs(wanted - V(static_cast<double>(k)));
      const V one = if_positive(V(0.5) - distance, slope, V(0));
      lane.store(scores + k * score_stride, lane.load(scores + k * score_stride) * share - one);
    }
    V loss = log(total) - chosen;
    if constexpr (weighted) loss = loss * lane.load(target + target_stride);
    return if_positive(wanted + V(0.5), loss, V(0));
  }
};

}  // namespace nwm::loss

#include "nwm/pop_macros.inc"
