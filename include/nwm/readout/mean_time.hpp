// The average over the run.
#pragma once

#include <cstddef>
#include <string_view>

#include "nwm/readout/readout.hpp"

namespace nwm::readout {

namespace detail {

/// row += Σ_t series_t, after 0 at first.
template <std::size_t length, std::size_t columns, class Real>
struct AddSteps {
  bool first;
  const Real* series;
  Real* row;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    V sum = first ? V(0) : lane.load(row);
    for (std::size_t t = 0; t < length; ++t) sum += lane.load(series + t * columns);
    lane.store(row, sum);
  }
};

}  // namespace detail

/// features = (1/T) Σ_t y_t.
struct MeanTime {
  static constexpr std::string_view name = "mean_time";
  template <std::size_t>
  static constexpr std::size_t features = 1;
  template <std::size_t>
  static constexpr std::size_t rows = 1;
  template <std::size_t steps>
  static constexpr std::size_t matrix_rows = frequencies(steps);
  static constexpr bool learns_matrix = false;

  template <class B, std::size_t, std::size_t length, std::size_t columns, class Real>
  static void gather(const Real*, std::size_t t0, const Real* series, Real* rows_) {
    B::template map<Real>(columns, detail::AddSteps<length, columns, Real>{t0 == 0, series, rows_});
  }
  template <class B, std::size_t, std::size_t length, std::size_t columns, class Real>
  static void gather_adjoint(const Real*, std::size_t, const Real*, const Real* row_gradient,
                             Real* series_gradient, Real*) {
    for (std::size_t t = 0; t < length; ++t) B::copy(columns, row_gradient, series_gradient + t * columns);
  }
  template <class B, std::size_t steps, std::size_t n, class Real>
  static void form(const Real* rows_, std::size_t, Real* out, std::size_t) {
    B::template map<Real>(n, kernel::Scale<Real>{1.0 / static_cast<double>(steps), rows_, out});
  }
  template <class B, std::size_t steps, std::size_t n, class Real>
  static void form_adjoint(Real* rows_, std::size_t, const Real* gradient, std::size_t) {
    B::template map<Real>(n, kernel::Scale<Real>{1.0 / static_cast<double>(steps), gradient, rows_});
  }
};

}  // namespace nwm::readout
