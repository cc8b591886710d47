// What a readout is: how the time series of an oscillator becomes features.
//
// A readout works in two stages, so that the series never has to exist as a whole. While the steps run it
// gathers `rows` numbers for every column (a column is one oscillator: a channel at a site); at the end the
// rows become `features` numbers a column. Both have their adjoints. Static members of a readout R, with
// `steps` = T:
//
//   R::rows<steps>, R::features<steps>                    numbers per column
//   R::gather<B, steps, length, columns>(matrix, t0, series, rows)
//        adds what steps t0 .. t0+length-1 contribute; sets when t0 = 0. series (length, columns), rows
//        (rows, columns); matrix is the learned (K, T) map `fc_time`, or the readout's constant one
//   R::gather_adjoint<B, steps, length, columns>(matrix, t0, series, row_gradient, series_gradient,
//                                                matrix_gradient)
//        sets series_gradient (length, columns), adds to matrix_gradient where it learns its matrix
//   R::form<B, steps, n>(rows, stride, features, feature_stride)
//        sets the features of n neighbouring columns: row r at rows + r·stride, feature k at
//        features + k·feature_stride
//   R::form_adjoint<B, steps, n>(rows, stride, gradient, gradient_stride)
//        replaces the rows of these columns by their gradient
//   R::matrix_rows<steps>, R::learns_matrix               K of `fc_time`; whether R multiplies by it
//   R::constant_rows<steps>, R::fill_constant<steps>(m)
//        only where it multiplies by a constant matrix (constant_rows, T), row-major, which fill_constant
//        sets; a model's Workspace keeps it (ConstantMatrix)
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include "nwm/backend/backend.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/kernels.hpp"
#include "nwm/backend/pass.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/memory/tiles.hpp"

namespace nwm::readout {

/// The number of frequencies of a real series of T steps, and the default width of the linear readout.
constexpr std::size_t frequencies(std::size_t steps) { return steps / 2 + 1; }

/// A readout, as described at the top of this header.
template <class R>
concept Readout =
    std::is_class_v<R> &&
    requires {
      { R::name } -> std::convertible_to<std::string_view>;
    } &&
    requires {
      { R::learns_matrix } -> std::convertible_to<bool>;
      { R::template rows<8> } -> std::convertible_to<std::size_t>;
      { R::template features<8> } -> std::convertible_to<std::size_t>;
      { R::template matrix_rows<8> } -> std::convertible_to<std::size_t>;
    } &&
    requires(const float* in, float* out, std::size_t n) {
      { R::template gather<cpu::Scalar, 8, 4, 6>(in, n, in, out) } -> std::same_as<void>;
    } &&
    requires(const float* in, float* out, std::size_t n) {
      { R::template gather_adjoint<cpu::Scalar, 8, 4, 6>(in, n, in, in, out, out) } -> std::same_as<void>;
    } &&
    requires(const float* in, float* out, std::size_t n) {
      { R::template form<cpu::Scalar, 8, 6>(in, n, out, n) } -> std::same_as<void>;
    } &&
    requires(const float* in, float* out, std::size_t n) {
      { R::template form_adjoint<cpu::Scalar, 8, 6>(out, n, in, n) } -> std::same_as<void>;
    } &&
    (!requires { R::template constant_rows<8>; } || requires(float* out) { R::template fill_constant<8>(out); });

/// Numbers of R's constant matrix for a series of `steps` steps: 0 where it has none.
template <class R, std::size_t steps>
inline constexpr std::size_t constant_size = [] {
  if constexpr (requires { R::template constant_rows<steps>; })
    return R::template constant_rows<steps> * steps;
  else return std::size_t{0};
}();

/// R's constant matrix in memory of backend B. Waits for it when it is made; holds nothing where R has none.
template <class R, class B, std::size_t steps, class Real>
class ConstantMatrix {
 public:
  ConstantMatrix() {
    if constexpr (size > 0) {
      Buffer<Real> here(size);
      R::template fill_constant<steps>(here.data());
      B::upload(size, static_cast<const Real*>(here.data()), there_.data());
      B::wait();
    }
  }

  /// The first number, in memory of the backend.
  const Real* data() const { return there_.data(); }

 private:
  static constexpr std::size_t size = constant_size<R, steps>;
  typename B::template Memory<Real> there_{size};
};

/// A number of features, as a type: compilers then show it in their messages.
template <std::size_t features>
struct Features {
  static constexpr std::size_t value = features;  ///< how many there are
};

/// A learned map makes at most as many features of a series as that has steps.
template <class Features, class StepCount>
concept NotWiderThanSeries = (Features::value <= StepCount::value);

/// A readout for a series of StepCount::value steps.
template <class R, class StepCount>
concept ReadoutFor =
    Readout<R> && NotWiderThanSeries<Features<R::template matrix_rows<StepCount::value>>, StepCount>;

namespace detail {

/// rows += matrix[:, t0 .. t0+length) · series for a (row_count, steps) matrix; sets when t0 = 0.
template <class B, std::size_t row_count, std::size_t steps, std::size_t length, std::size_t columns,
          class Real>
void project(const Real* matrix, std::size_t t0, const Real* series, Real* rows) {
  for_tiles<columns, column_limit<B>>([&](auto n, std::size_t c) {
    if (t0 == 0)
      B::template multiply<row_count, length, n>(matrix, steps, series + c, columns, rows + c, columns);
    else
      B::template multiply<row_count, length, n, true>(matrix + t0, steps, series + c, columns, rows + c,
                                                       columns);
  });
}

/// Sets series_gradient = matrix[:, t0 ..)ᵀ · row_gradient.
template <class B, std::size_t row_count, std::size_t steps, std::size_t length, std::size_t columns,
          class Real>
void project_adjoint(const Real* matrix, std::size_t t0, const Real* row_gradient, Real* series_gradient) {
  for_tiles<columns, column_limit<B>>([&](auto n, std::size_t c) {
    B::template multiply_transposed<row_count, length, n>(matrix + t0, steps, row_gradient + c, columns,
                                                          series_gradient + c, columns);
  });
}

}  // namespace detail

}  // namespace nwm::readout
