// Batch normalisation followed by ReLU, one image at a time: the sums over a batch are put together by
// whoever runs the batch (model/unet.hpp), in a fixed order.
#pragma once

#include <cmath>
#include <cstddef>

#include "nwm/backend/kernels.hpp"
#include "nwm/cell/activation.hpp"

namespace nwm::layer {

namespace detail {

/// (x − centre)².
template <class Real>
struct SquaredDeviation {
  double centre;
  const Real* from;
  template <class Lane>
  constexpr typename Lane::Value operator()(Lane lane) const {
    using V = typename Lane::Value;
    const V d = lane.load(from) - V(centre);
    return d * d;
  }
};
/// y = relu((x − centre)·scale + shift).
template <class Real>
struct Normalise {
  double centre, scale, shift;
  const Real* from;
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    lane.store(to, math::relu((lane.load(from) - V(centre)) * V(scale) + V(shift)));
  }
};
/// The gradient g before the ReLU, left in place.
template <class Real>
struct MaskByRelu {
  const Real* out;
  Real* g;
  template <class Lane>
  constexpr typename Lane::Value operator()(Lane lane) const {
    const auto v = activation_adjoint<Activation::relu>(lane.load(out), lane.load(g));
    lane.store(g, v);
    return v;
  }
};
/// g·x̂, the part of γ's gradient.
template <class Real>
struct NormSlope {
  double centre, scale;
  const Real *from, *g;
  template <class Lane>
  constexpr typename Lane::Value operator()(Lane lane) const {
    using V = typename Lane::Value;
    return lane.load(g) * (lane.load(from) - V(centre)) * V(scale);
  }
};
/// g = scale·(g − average − (x − centre)·slope).
template <class Real>
struct UndoNormalise {
  double centre, scale, average, slope;
  const Real* from;
  Real* g;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    const V rest = lane.load(g) - V(average) - (lane.load(from) - V(centre)) * V(slope);
    lane.store(g, V(scale) * rest);
  }
};

}  // namespace detail

/// y = relu(γ (x − mean) / sqrt(variance + ε) + β) per channel (Ioffe, Szegedy 2015), ε = 1e-5, momentum 0.1:
/// biased variance to normalise, unbiased in the running variance, as PyTorch. Images are (channels, sites).
template <std::size_t channels, std::size_t sites>
struct BatchNorm {
  static constexpr double epsilon = 1e-5, momentum = 0.1;

  /// Sets sums (channels): Σ x, then with the mean known, squares (channels): Σ (x − mean)².
  template <class B, class Real>
  static void add_up(const Real* x, double* sums) {
    for (std::size_t c = 0; c < channels; ++c) {
      sums[c] = B::template sum<Real>(sites, kernel::Read<Real>{x + c * sites});
    }
  }
  template <class B, class Real>
  static void add_up_squares(const Real* x, const double* mean, double* squares) {
    for (std::size_t c = 0; c < channels; ++c) {
      squares[c] = B::template sum<Real>(sites, detail::SquaredDeviation<Real>{mean[c], x + c * sites});
    }
  }

  /// Sets y (channels, sites). mean and inverse = 1/sqrt(variance + ε) are per channel.
  template <class B, class Real>
  static void normalise(const Real* x, const double* mean, const double* inverse, const Real* gamma,
                        const Real* beta, Real* y) {
    for (std::size_t c = 0; c < channels; ++c) {
      const double scale = inverse[c] * static_cast<double>(gamma[c]);
      const double centre = mean[c], shift = static_cast<double>(beta[c]);
      B::template map<Real>(sites,
                            detail::Normalise<Real>{centre, scale, shift, x + c * sites, y + c * sites});
    }
  }

  /// Replaces gradient (channels, sites), that of y, by that before the ReLU, g; sets sums (2·channels): Σ g
  /// and Σ g x̂ with x̂ = (x − mean)·inverse: this image's part of the gradients of β and γ.
  template <class B, class Real>
  static void mask(const Real* x, const Real* y, const double* mean, const double* inverse, Real* gradient,
                   double* sums) {
    for (std::size_t c = 0; c < channels; ++c) {
      const Real* from = x + c * sites;
      const Real* out = y + c * sites;
      Real* g = gradient + c * sites;
      sums[c] = B::template sum<Real>(sites, detail::MaskByRelu<Real>{out, g});
      sums[channels + c] =
          B::template sum<Real>(sites, detail::NormSlope<Real>{mean[c], inverse[c], from, g});
    }
  }

  /// Replaces g (see mask) by the gradient of x: γ·inverse (g − Σg/M − x̂ Σ(g x̂)/M), the sums over the whole
  /// batch and M its numbers per channel.
  template <class B, class Real>
  static void backward(const Real* x, const double* mean, const double* inverse, const Real* gamma,
                       const double* sums, double count, Real* gradient) {
    for (std::size_t c = 0; c < channels; ++c) {
      const Real* from = x + c * sites;
      Real* g = gradient + c * sites;
      const double centre = mean[c], scale = inverse[c] * static_cast<double>(gamma[c]);
      const double average = sums[c] / count, slope = sums[channels + c] / count * inverse[c];
      B::template map<Real>(sites, detail::UndoNormalise<Real>{centre, scale, average, slope, from, g});
    }
  }
};

}  // namespace nwm::layer
