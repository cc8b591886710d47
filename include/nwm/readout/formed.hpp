// A readout whose features are formed for the head, tile by tile, from what it gathers while the steps run.
#pragma once

#include <cstddef>

#include "nwm/backend/backend.hpp"
#include "nwm/readout/readout.hpp"

namespace nwm::readout {

/// What stands between the series of a pass and the head of a machine: the memory and the order of calls of
/// readout R, for `channels` series of `steps` steps at each of `sites` pixels, that come `length` steps at a
/// time. Folded (folded.hpp) has the same members.
template <class R, class B, class Real, std::size_t steps, std::size_t length, std::size_t channels,
          std::size_t sites>
class Formed {
  static constexpr std::size_t columns = channels * sites;

 public:
  /// Numbers of a pixel that it gathers.
  static constexpr std::size_t planes = R::template rows<steps> * channels;
  /// Bytes of the backend's memory it holds.
  static constexpr std::size_t bytes = (planes * sites + constant_size<R, steps>)*sizeof(Real);

  /// Before the first gather of a pass. matrix is the learned (K, T), weight the head's first layer (outputs,
  /// features·channels).
  void prepare(const Real*, const Real*) {}

  /// Adds steps t0 .. t0+length-1 to what is gathered; sets it when t0 = 0. series (length, channels, sites).
  void gather(const Real* matrix, std::size_t t0, const Real* series) {
    R::template gather<B, steps, length, columns>(factor(matrix), t0, series, gathered_.data());
  }

  /// What is gathered (planes, sites), then its gradient.
  Real* gathered() { return gathered_.data(); }

  /// Sets x, what the head takes of the n pixels from `start`, from planes of `plane` pixels:
  /// (features·channels, n), feature index k·C + c.
  template <std::size_t n, std::size_t plane>
  static void form(const Real* from, std::size_t start, Real* x) {
    for (std::size_t c = 0; c < channels; ++c)
      R::template form<B, steps, n>(from + c * plane + start, channels * plane, x + c * n, channels * n);
  }
  /// Replaces what is gathered of these pixels by its gradient.
  template <std::size_t n, std::size_t plane>
  static void form_adjoint(Real* from, std::size_t start, const Real* x_gradient) {
    for (std::size_t c = 0; c < channels; ++c)
      R::template form_adjoint<B, steps, n>(from + c * plane + start, channels * plane, x_gradient + c * n,
                                            channels * n);
  }

  /// Sets series_gradient (length, channels, sites); adds to matrix_gradient where R learns its matrix. From
  /// the last steps to the first.
  void gather_adjoint(const Real* matrix, std::size_t t0, const Real* series, Real* series_gradient,
                      Real* matrix_gradient) {
    R::template gather_adjoint<B, steps, length, columns>(factor(matrix), t0, series, gathered_.data(),
                                                          series_gradient, matrix_gradient);
  }

  /// After the last gather_adjoint of a pass: adds what is still missing of the gradients of matrix and
  /// weight.
  void finish(const Real*, Real*, Real*) {}

 private:
  /// What the readout multiplies by: its constant matrix, or the learned one.
  const Real* factor(const Real* matrix) const {
    if constexpr (constant_size<R, steps> > 0) return constant_.data();
    else return matrix;
  }

  typename B::template Memory<Real> gathered_{planes * sites};
  ConstantMatrix<R, B, steps, Real> constant_;
};

}  // namespace nwm::readout
