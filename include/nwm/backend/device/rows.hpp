// The kernels of a backend's row operations: biases, and the row sums that are their gradients.
#pragma once

#include <cstddef>

#include "nwm/cell/activation.hpp"

namespace nwm::device {

/// y (rows, n) = f(y + bias), rows `stride` apart. A kernel of `map` over rows·n, one number per index.
template <Activation f, class Real>
struct AddBiases {
  std::size_t n, stride;
  const Real* bias;
  Real* y;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const std::size_t r = lane.index / n;
    Real& value = y[r * stride + lane.index % n];
    value = activate<f>(value + bias[r]);
  }
};

/// Reads number i of (rows, n) from memory whose rows are `stride` apart.
template <class Real>
struct ReadRows {
  std::size_t n, stride;
  const Real* from;
  template <class Lane>
  constexpr Real operator()(Lane lane) const {
    return from[lane.index / n * stride + lane.index % n];
  }
};

}  // namespace nwm::device
