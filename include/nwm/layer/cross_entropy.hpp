// Softmax cross-entropy over the classes of each pixel.
#pragma once

#include <cstddef>

#include "nwm/cell/math.hpp"

namespace nwm::layer {

namespace detail {
/// The cross-entropy of one pixel, and in place of its scores their gradient.
template <std::size_t classes, std::size_t n, bool partial, class Real>
struct CrossEntropy {
  double factor;
  const Real* target;
  Real* scores;
  template <class Lane>
  constexpr typename Lane::Value operator()(Lane lane) const {
    using V = typename Lane::Value;
    using math::exp;
    using math::if_positive;
    using math::log;
    const V wanted = lane.load(target);
    V largest = lane.load(scores);
    for (std::size_t k = 1; k < classes; ++k) largest = math::max(lane.load(scores + k * n), largest);
    V total(0), chosen(0);
    for (std::size_t k = 0; k < classes; ++k) {
      const V shifted = lane.load(scores + k * n) - largest, e = exp(shifted);
      const V distance = math::abs(wanted - V(static_cast<double>(k)));
      chosen = if_positive(V(0.5) - distance, shifted, chosen);
      total += e;
      lane.store(scores + k * n, e);
    }
    V share = V(factor) / total;
    if constexpr (partial) share = if_positive(wanted + V(0.5), share, V(0));
    for (std::size_t k = 0; k < classes; ++k) {
      const V distance = math::abs(wanted - V(static_cast<double>(k)));
      const V one = if_positive(V(0.5) - distance, V(factor), V(0));
      lane.store(scores + k * n, lane.load(scores + k * n) * share - one);
    }
    if constexpr (partial) return if_positive(wanted + V(0.5), log(total) - chosen, V(0));
    else return log(total) - chosen;
  }
};
}  // namespace detail

/// Returns Σ_p (log Σ_k exp s(k, p) − s(target(p), p)) over n pixels, and replaces scores s (classes, n) by
/// scale · ∂/∂s = scale · (softmax(s) − onehot(target)). target (n) holds class numbers as Reals;
/// where `partial`, pixels whose target is below 0 count nothing and get the gradient 0.
template <class B, std::size_t classes, std::size_t n, bool partial = false, class Real>
double cross_entropy(Real* scores, const Real* target, Real scale) {
  return B::template sum<Real>(
      n, detail::CrossEntropy<classes, n, partial, Real>{static_cast<double>(scale), target, scores});
}
/// The same, its value set in *loss, memory of the backend.
template <class B, std::size_t classes, std::size_t n, bool partial = false, class Real>
void cross_entropy(Real* scores, const Real* target, Real scale, double* loss) {
  B::template sum_rows<Real>(
      1, n, detail::CrossEntropy<classes, n, partial, Real>{static_cast<double>(scale), target, scores},
      loss);
}

}  // namespace nwm::layer
