// A head whose first product somebody else has taken: what comes after it.
#pragma once

#include <cstddef>

#include "nwm/layer/head.hpp"

namespace nwm::layer {

/// The layer::Head `H` from the sums W_0 x (H::width(1), pixels) on: bias and activation of its first layer,
/// then the others. A HeadLayer with the parameters of H, all of them; it neither reads the first matrix nor
/// adds to its gradient.
template <class H>
struct AfterFirst {
  /// Sums and scores of a pixel, rows of the hidden layers, numbers of H in all.
  static constexpr std::size_t in = H::width(1), out = H::out, hidden = H::hidden, parameters = H::parameters;
  static constexpr std::size_t widest = H::widest_from(1);  ///< rows of the widest layer but the features

  /// As H does.
  template <class L>
  static constexpr void describe(L& layout, const Name& prefix) {
    H::describe(layout, prefix);
  }

  /// Sets scores (out, n) and hidden_ (hidden, n) from sums (in, n).
  template <class B, std::size_t n, class Real>
  static void forward(const Real* parameters_, const Real* sums, Real* hidden_, Real* scores) {
    H::template forward_from_sums<B, n>(parameters_, sums, hidden_, scores);
  }

  /// Adds to parameter_gradient and sets sums_gradient (in, n); score_gradient (out, n) belongs to the
  /// scores. work holds 2·widest·n numbers.
  template <class B, std::size_t n, class Real>
  static void backward(const Real* parameters_, const Real*, const Real* hidden_, const Real* score_gradient,
                       Real* sums_gradient, Real* parameter_gradient, Real* work) {
    H::template backward_to_sums<B, n>(parameters_, hidden_, score_gradient, sums_gradient,
                                       parameter_gradient, work);
  }
};

}  // namespace nwm::layer
