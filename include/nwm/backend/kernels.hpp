// The kernels that layers, readouts and models share. A kernel is a type at namespace scope whose operator()
// is constexpr and a template on the lane (the index or indices it handles). nvcc can then put it into a
// __global__ function, which does not work with lambdas. Other kernels are defined beside their use.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "nwm/cell/activation.hpp"

namespace nwm::kernel {

/// Number of indices that a lane covers, beginning at lane.index. For kernels that access memory without the
/// lane's load and store.
template <class Lane>
constexpr std::size_t count_of(Lane lane) {
  if constexpr (requires { lane.count; }) return lane.count;
  else return 1;
}

/// Loads the numbers of several fields at a lane.
template <class Lane, class Real, std::size_t n>
constexpr std::array<typename Lane::Value, n> load_all(Lane lane, const std::array<const Real*, n>& fields) {
  std::array<typename Lane::Value, n> values;
  for (std::size_t i = 0; i != n; ++i) values[i] = lane.load(fields[i]);
  return values;
}

namespace detail {
template <class Lane, class Real, class V, std::size_t n, std::size_t... i>
constexpr void store_each(Lane lane, const std::array<Real*, n>& fields, const std::array<V, n>& values,
                          std::index_sequence<i...>) {
  (lane.store(fields[i], values[i]), ...);
}
}  // namespace detail

/// Stores into several fields at a lane. (Not a loop: compilers would put the values into memory first.)
template <class Lane, class Real, class V, std::size_t n>
constexpr void store_all(Lane lane, const std::array<Real*, n>& fields, const std::array<V, n>& values) {
  detail::store_each(lane, fields, values, std::make_index_sequence<n>{});
}

/// Loads the coupled values of a coupling's n groups at a lane; group g begins at coupled + g·columns.
template <std::size_t n, class Lane, class Real>
constexpr std::array<typename Lane::Value, n> load_groups(Lane lane, const Real* coupled,
                                                          std::size_t columns) {
  std::array<typename Lane::Value, n> values;
  for (std::size_t g = 0; g != n; ++g) values[g] = lane.load(coupled + g * columns);
  return values;
}

/// to += from.
template <class Real>
struct Accumulate {
  const Real* from;
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    lane.store(to, lane.load(to) + lane.load(from));
  }
};

/// to += factor · from, row by row of (rows, n): from and to have strides of their own.
template <class Real>
struct AddRows {
  std::size_t n, from_stride, to_stride;
  const Real* from;
  Real* to;
  double factor = 1;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    const std::size_t row = lane.index / n;
    const Real* source = from + row * from_stride - row * n;
    Real* target = to + row * to_stride - row * n;
    lane.store(target, lane.load(target) + lane.load(source) * V(factor));
  }
};

/// to = factor · from, row by row of (rows, n), as AddRows.
template <class Real>
struct ScaleRows {
  double factor;
  std::size_t n, from_stride, to_stride;
  const Real* from;
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    const std::size_t row = lane.index / n;
    lane.store(to + row * to_stride - row * n, lane.load(from + row * from_stride - row * n) * V(factor));
  }
};

/// y += factors[row] · x for each row of (rows, n).
template <class Real>
struct AddTimesRows {
  std::size_t n;            ///< columns of a row
  const Real *factors, *x;  ///< a number a row, and the rows
  Real* y;                  ///< what is added to
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    lane.store(y, lane.load(y) + V(static_cast<double>(factors[lane.index / n])) * lane.load(x));
  }
};

/// to = a · b.
template <class Real>
struct Multiply {
  const Real *a, *b;  ///< the factors
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    lane.store(to, lane.load(a) * lane.load(b));
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
  double bias;   ///< one for all columns
  Real* values;  ///< changed in place
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    lane.store(values, activate<f>(lane.load(values) + V(bias)));
  }
};

/// gradient = f'(x) · gradient, computed from out = f(x).
template <Activation f, class Real>
struct ActivationAdjoint {
  const Real* out;  ///< f(x)
  Real* gradient;   ///< that of f(x) before, that of x afterwards
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    lane.store(gradient, activation_adjoint<f>(lane.load(out), lane.load(gradient)));
  }
};

/// Read and Square: the numbers themselves and their squares, for sum and maximum.
template <class Real>
struct Read {
  const Real* from;
  template <class Lane>
  constexpr typename Lane::Value operator()(Lane lane) const {
    return lane.load(from);
  }
};
/// The squares of numbers, for sum and maximum.
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
