// The kernels of the vocabulary's words on rows: biases, and the sums that are their gradients.
#pragma once

#include <cstddef>

#include "nwm/cell/activation.hpp"

namespace nwm::device {

/// y (rows, n) = f(y + bias), rows `stride` apart: one number an index of a map over rows·n.
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

/// to[r] += Σ of row r of y (rows, n), in order and in double: one row an index of a map over rows.
template <class Real>
struct AddRowSums {
  std::size_t n, stride;
  const Real* y;
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    double sum = 0;
    for (std::size_t p = 0; p < n; ++p) sum += static_cast<double>(y[lane.index * stride + p]);
    to[lane.index] += static_cast<Real>(sum);
  }
};

}  // namespace nwm::device
