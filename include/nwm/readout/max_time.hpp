// The largest value over the run.
#pragma once

#include <cstddef>
#include <string_view>

#include "nwm/readout/readout.hpp"

namespace nwm::readout {

namespace detail {

/// Carries the maximum (row 0) and the step that reached it (row 1) on over `length` steps from t0.
template <std::size_t length, std::size_t columns, class Real>
struct Follow {
  std::size_t t0;
  const Real* series;
  Real* rows_;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    using math::if_positive;
    V largest = lane.load(t0 == 0 ? series : rows_), when = t0 == 0 ? V(0) : lane.load(rows_ + columns);
    for (std::size_t t = 0; t < length; ++t) {
      const V value = lane.load(series + t * columns), gain = value - largest;
      when = if_positive(gain, V(static_cast<double>(t0 + t)), when);
      largest = if_positive(gain, value, largest + (value - value));  // NaN stays NaN
    }
    lane.store(rows_, largest);
    lane.store(rows_ + columns, when);
  }
};

/// The gradient (row 0) at the step of row 1, 0 at the others.
template <std::size_t length, std::size_t columns, class Real>
struct ToMaximum {
  std::size_t t0;
  const Real* row_gradient;
  Real* series_gradient;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    const V gradient = lane.load(row_gradient), when = lane.load(row_gradient + columns);
    for (std::size_t t = 0; t < length; ++t) {
      const V distance = math::abs(when - V(static_cast<double>(t0 + t)));
      using math::if_positive;
      lane.store(series_gradient + t * columns, if_positive(V(0.5) - distance, gradient, V(0)));
    }
  }
};

}  // namespace detail

/// features = max_t y_t; the gradient goes to the step that reached it (the first, of equals).
struct MaxTime {
  static constexpr std::string_view name = "max_time";
  template <std::size_t>
  static constexpr std::size_t features = 1;
  template <std::size_t>
  static constexpr std::size_t rows = 2;  // the maximum, and the step that reached it
  template <std::size_t steps>
  static constexpr std::size_t matrix_rows = frequencies(steps);
  static constexpr bool learns_matrix = false;

  template <class B, std::size_t, std::size_t length, std::size_t columns, class Real>
  static void gather(const Real*, std::size_t t0, const Real* series, Real* rows_) {
    B::template map<Real>(columns, detail::Follow<length, columns, Real>{t0, series, rows_});
  }
  template <class B, std::size_t, std::size_t length, std::size_t columns, class Real>
  static void gather_adjoint(const Real*, std::size_t t0, const Real*, const Real* row_gradient,
                             Real* series_gradient, Real*) {
    B::template map<Real>(columns,
                          detail::ToMaximum<length, columns, Real>{t0, row_gradient, series_gradient});
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
