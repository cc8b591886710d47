// Dense products on the host systems: Eigen in the place of cuBLAS.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <type_traits>

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

}  // namespace nwm::device::detail
