// Dense products through Eigen, with every size a compile-time constant so that Eigen blocks on the stack and
// allocates nothing.
#pragma once

#include <Eigen/Core>
#include <cstddef>

namespace nwm::cpu {

/// Row-major products y = a x and their two adjoints; meanings as in cpu::Scalar. `Arch` only names the type.
template <class Real, class Arch>
struct Dense {
  template <std::size_t M, std::size_t K, std::size_t N, bool add>
  static void multiply(const Real* a, std::size_t lda, const Real* x, std::size_t ldx, Real* y,
                       std::size_t ldy) {
    auto out = view<M, N>(y, ldy);
    if constexpr (add) out.noalias() += view<M, K>(a, lda) * view<K, N>(x, ldx);
    else out.noalias() = view<M, K>(a, lda) * view<K, N>(x, ldx);
  }

  template <std::size_t M, std::size_t K, std::size_t N>
  static void multiply_transposed(const Real* a, std::size_t lda, const Real* y, std::size_t ldy, Real* x,
                                  std::size_t ldx) {
    view<K, N>(x, ldx).noalias() = view<M, K>(a, lda).transpose() * view<M, N>(y, ldy);
  }

  template <std::size_t M, std::size_t K, std::size_t N>
  static void multiply_outer(const Real* y, std::size_t ldy, const Real* x, std::size_t ldx, Real* a,
                             std::size_t lda) {
    view<M, K>(a, lda).noalias() += view<M, N>(y, ldy) * view<K, N>(x, ldx).transpose();
  }

 private:
  // Eigen wants a single column stored column-major; its stride then is the distance between rows.
  template <std::size_t rows, std::size_t columns>
  static constexpr bool column = columns == 1 && rows != 1;
  template <std::size_t rows, std::size_t columns>
  using Matrix = Eigen::Matrix<Real, static_cast<int>(rows), static_cast<int>(columns),
                               column<rows, columns> ? Eigen::ColMajor : Eigen::RowMajor>;
  template <std::size_t rows, std::size_t columns>
  using Step = std::conditional_t<column<rows, columns>, Eigen::InnerStride<>, Eigen::OuterStride<>>;

  template <std::size_t rows, std::size_t columns>
  static auto view(const Real* p, std::size_t stride) {
    return Eigen::Map<const Matrix<rows, columns>, 0, Step<rows, columns>>(
        p, Step<rows, columns>(static_cast<Eigen::Index>(stride)));
  }
  template <std::size_t rows, std::size_t columns>
  static auto view(Real* p, std::size_t stride) {
    return Eigen::Map<Matrix<rows, columns>, 0, Step<rows, columns>>(
        p, Step<rows, columns>(static_cast<Eigen::Index>(stride)));
  }
};

}  // namespace nwm::cpu
