// A learned linear map of each neuron's time series: the readout that serves best.
#pragma once

#include <cstddef>
#include <string_view>

#include "nwm/readout/readout.hpp"

namespace nwm::readout {

/// When a machine makes a linear readout and the head's first layer, linear as well, one product in place of
/// two (readout/folded.hpp): the same to rounding.
enum class Fold { where_it_pays, always, never };

/// features = A y with the learned A (width, T) without bias, the same for every channel and site (parameter
/// `fc_time.weight`). width_ = 0 stands for floor(T/2) + 1, the paper's choice.
template <std::size_t width_ = 0, Fold fold_ = Fold::where_it_pays>
struct LinearMap {
  static constexpr std::string_view name = "linear";
  template <std::size_t steps>
  static constexpr std::size_t features = width_ == 0 ? frequencies(steps) : width_;
  template <std::size_t steps>
  static constexpr std::size_t rows = features<steps>;
  template <std::size_t steps>
  static constexpr std::size_t matrix_rows = features<steps>;
  static constexpr bool learns_matrix = true;

  template <class B, std::size_t steps, std::size_t length, std::size_t columns, class Real>
  static void gather(const Real* matrix, std::size_t t0, const Real* series, Real* rows_) {
    detail::project<B, rows<steps>, steps, length, columns>(matrix, t0, series, rows_);
  }
  template <class B, std::size_t steps, std::size_t length, std::size_t columns, class Real>
  static void gather_adjoint(const Real* matrix, std::size_t t0, const Real* series, const Real* row_gradient,
                             Real* series_gradient, Real* matrix_gradient) {
    detail::project_adjoint<B, rows<steps>, steps, length, columns>(matrix, t0, row_gradient,
                                                                    series_gradient);
    for_tiles<columns, column_limit<B>>([&](auto n, std::size_t c) {
      B::template multiply_outer<rows<steps>, length, n>(row_gradient + c, columns, series + c, columns,
                                                         matrix_gradient + t0, steps);
    });
  }
  template <class B, std::size_t steps, std::size_t n, class Real>
  static void form(const Real* rows_, std::size_t stride, Real* out, std::size_t out_stride) {
    B::copy_rows(features<steps>, n, rows_, stride, out, out_stride);
  }
  template <class B, std::size_t steps, std::size_t n, class Real>
  static void form_adjoint(Real* rows_, std::size_t stride, const Real* gradient,
                           std::size_t gradient_stride) {
    B::copy_rows(features<steps>, n, gradient, gradient_stride, rows_, stride);
  }
};

/// The study's: as many features as the spectrum has bins.
using Linear = LinearMap<>;

}  // namespace nwm::readout
