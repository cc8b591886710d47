// Dense products on the host systems, with Eigen in place of cuBLAS.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <type_traits>

#include "nwm/backend/device/factor.hpp"

namespace nwm::device::detail {

template <class Real>
using RowMajor = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A row-major matrix in plain memory with `stride` numbers from row to row.
template <class Real>
auto matrix(Real* p, std::size_t rows, std::size_t columns, std::size_t stride) {
  using Plain = RowMajor<std::remove_const_t<Real>>;
  using M = std::conditional_t<std::is_const_v<Real>, const Plain, Plain>;
  return Eigen::Map<M, Eigen::Unaligned, Eigen::OuterStride<>>(
      p, static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns),
      Eigen::OuterStride<>(static_cast<Eigen::Index>(stride)));
}

/// Like `matrix`, with numbers rounded as `Precision` (precision.hpp) says.
template <class Precision, class Real>
auto rounded(const Real* p, std::size_t rows, std::size_t columns, std::size_t stride) {
  const auto plain = matrix(p, rows, columns, stride);
  if constexpr (std::is_same_v<Real, float>)
    return RowMajor<float>(plain.unaryExpr([](float v) { return Precision::rounded(v); }));
  else return plain;
}

/// Sets y = a x, or adds with `add`; a, x and y are matrix expressions.
template <class A, class X, class Y>
void set_product(const A& a, const X& x, Y y, bool add) {
  if (add) y.noalias() += a * x;
  else y.noalias() = a * x;
}

}  // namespace nwm::device::detail

namespace nwm::device {

/// Products of row-major matrices, as cuBLAS computes them on a GPU (cuda.cuh).
struct HostProducts {
  /// Sets y (M×N), rows ldy apart, to a (M×K) x (K×N), or adds with `add`.
  template <class Precision, class Real>
  static void product(std::size_t M, std::size_t K, std::size_t N, Factor<Real> a, Factor<Real> x, Real* y,
                      std::size_t ldy, bool add) {
    using detail::rounded;
    const auto left = a.transposed ? rounded<Precision>(a.data, K, M, a.stride)
                                   : rounded<Precision>(a.data, M, K, a.stride);
    const auto right = x.transposed ? rounded<Precision>(x.data, N, K, x.stride)
                                    : rounded<Precision>(x.data, K, N, x.stride);
    auto to = detail::matrix(y, M, N, ldy);
    if (a.transposed && x.transposed) detail::set_product(left.transpose(), right.transpose(), to, add);
    else if (a.transposed) detail::set_product(left.transpose(), right, to, add);
    else if (x.transposed) detail::set_product(left, right.transpose(), to, add);
    else detail::set_product(left, right, to, add);
  }
};

}  // namespace nwm::device
