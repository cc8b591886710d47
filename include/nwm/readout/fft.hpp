// The magnitude spectrum of each neuron's time series.
#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>
#include <string_view>

#include "nwm/readout/readout.hpp"

namespace nwm::readout {

namespace detail {

template <class V>
constexpr V modulus(const V& a, const V& b) {
  using math::sqrt;
  return sqrt(a * a + b * b);
}

/// to = |re + i im| for rows of n numbers, `stride` and `to_stride` apart: a kernel of map_rows.
template <class Real>
struct Modulus {
  std::size_t n, stride, to_stride;
  const Real *re, *im;
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const std::size_t row = lane.index / n, from = row * (stride - n);  // lanes count rows without gaps
    lane.store(to + row * (to_stride - n), modulus(lane.load(re + from), lane.load(im + from)));
  }
};

/// Replaces re and im by their gradients, `from` being that of the modulus, its rows from_stride apart.
template <class Real>
struct ModulusAdjoint {
  std::size_t n, stride, from_stride;
  const Real* from;
  Real *re, *im;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    using math::if_positive;
    const std::size_t row = lane.index / n, at = row * (stride - n);
    const V a = lane.load(re + at), b = lane.load(im + at), m = modulus(a, b);
    const V gradient = lane.load(from + row * (from_stride - n));
    const V scale = if_positive(m, gradient / if_positive(m, m, V(1)), V(0));
    lane.store(re + at, scale * a);
    lane.store(im + at, scale * b);
  }
};

}  // namespace detail

/// features_k = |Σ_t y_t exp(−2πi k t / T)|, k = 0 .. floor(T/2), no window, no scaling; the gradient of the
/// modulus at 0 is 0. The transform is a dense product with a constant (2K, T) matrix: T is small and every
/// column shares it.
struct Fft {
  static constexpr std::string_view name = "fft";
  template <std::size_t steps>
  static constexpr std::size_t features = frequencies(steps);
  template <std::size_t steps>
  static constexpr std::size_t rows = 2 * features<steps>;  // real parts, then imaginary parts
  template <std::size_t steps>
  static constexpr std::size_t matrix_rows = frequencies(steps);
  static constexpr bool learns_matrix = false;

  /// Rows of the matrix that multiplies the series.
  template <std::size_t steps>
  static constexpr std::size_t constant_rows = 2 * features<steps>;

  /// Sets matrix to the DFT, row-major (2K, T): cos(2πkt/T), then −sin(2πkt/T).
  template <std::size_t steps, class Real>
  static void fill_constant(Real* matrix) {
    constexpr std::size_t count = features<steps>;
    for (std::size_t k = 0; k < count; ++k)
      for (std::size_t t = 0; t < steps; ++t) {
        const double angle =
            2 * std::numbers::pi * static_cast<double>(k * t % steps) / static_cast<double>(steps);
        matrix[k * steps + t] = static_cast<Real>(std::cos(angle));
        matrix[(count + k) * steps + t] = static_cast<Real>(-std::sin(angle));
      }
  }

  template <class B, std::size_t steps, std::size_t length, std::size_t columns, class Real>
  static void gather(const Real* matrix, std::size_t t0, const Real* series, Real* rows_) {
    detail::project<B, rows<steps>, steps, length, columns>(matrix, t0, series, rows_);
  }
  template <class B, std::size_t steps, std::size_t length, std::size_t columns, class Real>
  static void gather_adjoint(const Real* matrix, std::size_t t0, const Real*, const Real* row_gradient,
                             Real* series_gradient, Real*) {
    detail::project_adjoint<B, rows<steps>, steps, length, columns>(matrix, t0, row_gradient,
                                                                    series_gradient);
  }
  template <class B, std::size_t steps, std::size_t n, class Real>
  static void form(const Real* rows_, std::size_t stride, Real* out, std::size_t out_stride) {
    constexpr std::size_t count = features<steps>;
    B::template map_rows<Real>(
        count, n, detail::Modulus<Real>{n, stride, out_stride, rows_, rows_ + count * stride, out});
  }
  template <class B, std::size_t steps, std::size_t n, class Real>
  static void form_adjoint(Real* rows_, std::size_t stride, const Real* gradient,
                           std::size_t gradient_stride) {
    constexpr std::size_t count = features<steps>;
    B::template map_rows<Real>(
        count, n,
        detail::ModulusAdjoint<Real>{n, stride, gradient_stride, gradient, rows_, rows_ + count * stride});
  }
};

}  // namespace nwm::readout
