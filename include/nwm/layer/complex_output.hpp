// What a network of complex states gives out: a complex map of the states, of which the real part counts, and
// the input itself, scaled.
#pragma once

#include <cstddef>

#include "nwm/backend/kernels.hpp"
#include "nwm/memory/layout.hpp"

namespace nwm::layer {

/// y = Re(C x) + D ⊙ u with n complex states x and `inputs` numbers u; C (inputs, n, 2) complex, D (inputs).
/// Rusch and Rus, arXiv 2410.03943. The states are two matrices (n, columns), real parts and imaginary parts.
template <std::size_t states, std::size_t inputs>
struct ComplexOutput {
  static_assert(states % 2 == 0, "complex states: as many real parts as imaginary parts");
  static constexpr std::size_t n = states / 2, out = inputs;  ///< complex states, and outputs of a step
  /// Numbers of C, and in all.
  static constexpr std::size_t weights = inputs * states, parameters = weights + inputs;
  static constexpr std::size_t scratch = states + inputs;  ///< rows of scratch memory

  /// Appends "cell.C" and "cell.D".
  template <class L>
  static constexpr void describe(L& layout) {
    layout.add("cell.C", {inputs, n, 2}, n);
    layout.add("cell.D", {inputs}, 1);
  }

  /// Sets y (inputs, columns) from x (states, columns) and u (inputs, columns).
  template <class B, std::size_t columns, class Real>
  static void forward(const Real* parameters_, const Real* x, const Real* u, Real* y, Real* scratch_) {
    interleave<B, columns>(x, scratch_);
    B::template multiply<inputs, states, columns>(parameters_, states, scratch_, columns, y, columns);
    B::template map_rows<Real>(inputs, columns,
                               kernel::AddTimesRows<Real>{columns, parameters_ + weights, u, y});
  }

  /// Adds to parameter_gradient and replaces x by its gradient, given that of y.
  template <class B, std::size_t columns, class Real>
  static void backward(const Real* parameters_, Real* x, const Real* u, const Real* y_gradient,
                       Real* parameter_gradient, Real* scratch_) {
    interleave<B, columns>(x, scratch_);
    B::template multiply_outer<inputs, states, columns>(y_gradient, columns, scratch_, columns,
                                                        parameter_gradient, states);
    Real* products = scratch_ + states * columns;
    B::template map<Real>(inputs * columns, kernel::Multiply<Real>{y_gradient, u, products});
    B::add_row_sums(inputs, columns, products, columns, parameter_gradient + weights);
    B::template multiply_transposed<inputs, states, columns>(parameters_, states, y_gradient, columns,
                                                             scratch_, columns);
    B::copy_rows(n, columns, static_cast<const Real*>(scratch_), 2 * columns, x, columns);
    B::template map_rows<Real>(
        n, columns,
        kernel::ScaleRows<Real>{-1.0, columns, 2 * columns, columns, scratch_ + columns, x + n * columns});
  }

 private:
  /// Rows 2i and 2i + 1 of `to`: the real part of state i, and minus its imaginary part.
  template <class B, std::size_t columns, class Real>
  static void interleave(const Real* x, Real* to) {
    B::copy_rows(n, columns, x, columns, to, 2 * columns);
    B::template map_rows<Real>(
        n, columns,
        kernel::ScaleRows<Real>{-1.0, columns, columns, 2 * columns, x + n * columns, to + columns});
  }
};

}  // namespace nwm::layer
