// The kernels that layers, readouts and models share. A kernel is a type of namespace scope, its operator()
// constexpr and a template on the lane, so that nvcc can put it into a __global__ function, where it takes no
// lambda. Other kernels stand beside their use.
#pragma once

#include <cstddef>

#include "nwm/cell/activation.hpp"

namespace nwm::kernel {

/// to += from.
template <class Real>
struct Add {
  const Real* from;
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    lane.store(to, lane.load(to) + lane.load(from));
  }
};

/// to = factor · from.
template <class Real>
struct Scale {
  double factor;
  const Real* from;
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    lane.store(to, lane.load(from) * V(factor));
  }
};

/// values = f(values + bias).
template <Activation f, class Real>
struct AddBias {
  double bias;
  Real* values;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    lane.store(values, activate<f>(lane.load(values) + V(bias)));
  }
};

/// gradient = f'(x) · gradient for `out` = f(x).
template <Activation f, class Real>
struct ActivationAdjoint {
  const Real* out;
  Real* gradient;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    lane.store(gradient, activation_adjoint<f>(lane.load(out), lane.load(gradient)));
  }
};

/// For sum and maximum: the numbers themselves, and their squares.
template <class Real>
struct Read {
  const Real* from;
  template <class Lane>
  constexpr typename Lane::Value operator()(Lane lane) const {
    return lane.load(from);
  }
};
template <class Real>
struct Square {
  const Real* from;
  template <class Lane>
  constexpr typename Lane::Value operator()(Lane lane) const {
    const auto v = lane.load(from);
    return v * v;
  }
};

}  // namespace nwm::kernel
