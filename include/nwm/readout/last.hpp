// The state at the end of the run.
#pragma once

#include <cstddef>
#include <string_view>

#include "nwm/readout/readout.hpp"

namespace nwm::readout {

/// features = y_T.
struct Last {
  static constexpr std::string_view name = "last";
  template <std::size_t>
  static constexpr std::size_t features = 1;
  template <std::size_t>
  static constexpr std::size_t rows = 1;
  template <std::size_t steps>
  static constexpr std::size_t matrix_rows = frequencies(steps);
  static constexpr bool learns_matrix = false;

  template <class B, std::size_t steps, std::size_t length, std::size_t columns, class Real>
  static void gather(const Real*, std::size_t t0, const Real* series, Real* rows_) {
    if (t0 + length == steps) B::copy(columns, series + (length - 1) * columns, rows_);
  }
  template <class B, std::size_t steps, std::size_t length, std::size_t columns, class Real>
  static void gather_adjoint(const Real*, std::size_t t0, const Real*, const Real* row_gradient,
                             Real* series_gradient, Real*) {
    for (std::size_t t = 0; t < length; ++t) {
      Real* to = series_gradient + t * columns;
      if (t0 + t + 1 == steps) B::copy(columns, row_gradient, to);
      else B::fill(columns, Real(0), to);
    }
  }
  template <class B, std::size_t, std::size_t n, class Real>
  static void form(const Real* rows_, std::size_t, Real* out, std::size_t) {
    B::copy(n, rows_, out);
  }
  template <class B, std::size_t, std::size_t n, class Real>
  static void form_adjoint(Real* rows_, std::size_t, const Real* gradient, std::size_t) {
    B::copy(n, gradient, rows_);
  }
};

}  // namespace nwm::readout
