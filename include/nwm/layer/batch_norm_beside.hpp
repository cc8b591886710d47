// Batch normalisation with ReLU, on backends that take sums beside a coupling (backend/pass.hpp): the
// coupling before it gives the sums of a channel, and one map does all the rest.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cstddef>

#include "nwm/cell/activation.hpp"
#include "nwm/cell/math.hpp"
#include "nwm/layer/batch_norm.hpp"
#include "nwm/layer/pooling.hpp"

namespace nwm::layer {

namespace detail {

/// What a channel's normalisation is: (x − centre)·scale + shift.
template <class Real>
struct ChannelScale {
  Real centre, scale, shift;
  constexpr Real operator()(Real x) const { return (x - centre) * scale + shift; }
};

/// Where these stand, a number a channel each.
template <class Real>
struct ChannelScales {
  const Real *centre, *scale, *shift;
  constexpr ChannelScale<Real> operator[](std::size_t c) const { return {centre[c], scale[c], shift[c]}; }
};

/// The end of a coupling before a normalisation: stores its sums x, with terms x and x². These are added up
/// in double: a variance of 1e-9 of the mean's square still has six digits.
template <class Real>
struct KeepAndSquare {
  struct Nothing {};
  Real* to;
  static constexpr Nothing channel(std::size_t) { return {}; }
  static constexpr Nothing read(std::size_t) { return {}; }
  constexpr std::array<double, 2> operator()(std::size_t at, Nothing, Nothing, Real sum) const {
    to[at] = sum;
    const auto x = static_cast<double>(sum);
    return {x, x * x};
  }
};

/// The end of a coupling's adjoint after a normalisation: from the sum, the gradient after the ReLU, stores
/// that before it, g; with terms g and g·(x − centre).
template <class Real>
struct MaskAndSlope {
  ChannelScales<Real> scales;
  const Real* x;
  Real* to;
  constexpr ChannelScale<Real> channel(std::size_t c) const { return scales[c]; }
  constexpr Real read(std::size_t at) const { return x[at]; }
  constexpr std::array<double, 2> operator()(std::size_t at, const ChannelScale<Real>& scale, Real seen,
                                             Real sum) const {
    const Real g = activation_adjoint<Activation::relu>(scale(seen), sum);
    to[at] = g;
    return {static_cast<double>(g), static_cast<double>(g * (seen - scale.centre))};
  }
};

/// The same at 2×2 sites above a pooled one, of n a channel: adds what comes from the pooled field to the
/// gradient before it is masked. A kernel of sum_rows_beside.
template <std::size_t n, std::size_t width, class Real>
struct PoolMaskAndSlope {
  MaskAndSlope<Real> mask;
  const Real *y, *pooled_gradient;
  template <class Lane>
  constexpr std::array<double, 2> operator()(Lane lane) const {
    const ChannelScale<Real> scale = mask.channel(lane.index / n);
    const std::size_t top = corner_above<width>(lane.index), bottom = top + width;
    const auto share = pool_shares(y[top], y[top + 1], y[bottom], y[bottom + 1], pooled_gradient[lane.index]);
    std::array<double, 2> total{};
    const auto add = [&](std::size_t at, Real from_pool) {
      const auto of = mask(at, scale, mask.read(at), mask.to[at] + from_pool);
      total[0] += of[0];
      total[1] += of[1];
    };
    add(top, share[0]);
    add(top + 1, share[1]);
    add(bottom, share[2]);
    add(bottom + 1, share[3]);
    return total;
  }
};

/// A channel's normalisation from Σ x and Σ x²; where `keeps`, once a channel, keeps it for the way back and
/// moves the running statistics. A setup of map_after_sums.
template <class Real>
struct BatchScale {
  using Value = ChannelScale<Real>;
  bool keeps;
  double numbers, momentum;
  InverseDeviation<Real> to;
  const Real* beta;
  Real *centre, *running_mean, *running_variance;
  constexpr Value operator()(std::size_t c, const std::array<double, 2>& sums, bool first) const {
    const double mean = sums[0] / numbers, beside = sums[1] - sums[0] * mean;
    const double squares = beside < 0 ? 0 : beside;  // what is not a number stays so
    const double inverse = 1 / math::sqrt(squares / numbers + to.epsilon);
    const auto scale = static_cast<Real>(inverse * static_cast<double>(to.gamma[c]));
    if (keeps && first) {
      to.set(c, squares / numbers);
      centre[c] = static_cast<Real>(mean);
      move_statistic(running_mean[c], momentum, mean);
      move_statistic(running_variance[c], momentum, squares / (numbers > 2 ? numbers - 1 : 1.0));
    }
    return {static_cast<Real>(mean), scale, beta[c]};
  }
};
/// y = relu of the normalised x.
template <class Real>
struct NormaliseRelu {
  const Real* x;
  Real* y;
  template <class Lane>
  constexpr void operator()(Lane lane, const ChannelScale<Real>& scale) const {
    y[lane.index] = math::relu(scale(x[lane.index]));
  }
};
/// The same at 2×2 sites above a pooled one, and their maximum.
template <std::size_t width, class Real>
struct NormalisePool {
  const Real* x;
  Real *y, *pooled;
  template <class Lane>
  constexpr void operator()(Lane lane, const ChannelScale<Real>& scale) const {
    const std::size_t top = corner_above<width>(lane.index), bottom = top + width;
    const Real xa = x[top], xb = x[top + 1], xc = x[bottom], xd = x[bottom + 1];
    const Real a = math::relu(scale(xa)), b = math::relu(scale(xb));
    const Real c = math::relu(scale(xc)), d = math::relu(scale(xd));
    y[top] = a;
    y[top + 1] = b;
    y[bottom] = c;
    y[bottom + 1] = d;
    pooled[lane.index] = larger(larger(larger(a, b), c), d);
  }
};

/// What the gradient before a normalisation is: scale·(g − average − (x − centre)·slope).
template <class Real>
struct ChannelSlope {
  Real centre, scale, average, slope;
};
/// That from Σ g and Σ g (x − centre); where `keeps`, once a channel, adds to the gradients of γ and β.
template <class Real>
struct BatchSlope {
  using Value = ChannelSlope<Real>;
  bool keeps;
  double numbers;
  const double* inverse;
  const Real *centre, *scale;
  Real *gamma_gradient, *beta_gradient;
  constexpr Value operator()(std::size_t c, const std::array<double, 2>& sums, bool first) const {
    const double steep = sums[1] * inverse[c];  // Σ g x̂, x̂ = (x − centre)·inverse
    if (keeps && first) {
      gamma_gradient[c] += static_cast<Real>(steep);
      beta_gradient[c] += static_cast<Real>(sums[0]);
    }
    return {centre[c], scale[c], static_cast<Real>(sums[0] / numbers),
            static_cast<Real>(steep / numbers * inverse[c])};
  }
};
/// Replaces g by the gradient before the normalisation.
template <class Real>
struct UndoNorm {
  const Real* x;
  Real* g;
  template <class Lane>
  constexpr void operator()(Lane lane, const ChannelSlope<Real>& of) const {
    const std::size_t i = lane.index;
    g[i] = of.scale * (g[i] - of.average - (x[i] - of.centre) * of.slope);
  }
};

}  // namespace detail

/// BatchNorm<channels, n, B, Real> in training, from sums that were taken beside: `parts` parts a pass and
/// channel, in `sums` with the stride count·parts. Its State and parameters are BatchNorm's.
template <std::size_t channels, std::size_t n, class B, class Real>
struct BatchNormBeside {
  using Norm = BatchNorm<channels, n, B, Real>;
  using State = typename Norm::State;

  /// Normalises by the batch's statistics, from Σ x and Σ x² of each channel, and moves the running ones in
  /// `moved`: map(pass) is a kernel of map_after_sums at `numbers` numbers a channel.
  template <class LayerExecutor, class Map>
  static void forward(LayerExecutor& executor, std::size_t count, const Real* p, Real* moved, State& s,
                      std::size_t parts, double* sums, std::size_t numbers, const Map& map) {
    const auto joined = B::join_sums(channels, count * parts, sums);
    executor.passes(count, [&](std::size_t i, std::size_t) {
      B::template map_after_sums<Real>(
          channels, numbers, joined,
          detail::BatchScale<Real>{i == 0,
                                   static_cast<double>(count * n),
                                   Norm::momentum,
                                   {Norm::epsilon, p, s.inverse.data(), s.scale.data()},
                                   p + channels,
                                   s.centre.data(),
                                   moved,
                                   moved + channels},
          map(i));
    });
  }

  /// What a coupling's adjoint ends with so that it gives the sums for `backward`: sets `to` (channels, n) of
  /// a pass from x of that pass.
  static detail::MaskAndSlope<Real> mask(const Real* p, const State& s, const Real* x, Real* to) {
    return {{s.centre.data(), s.scale.data(), p + channels}, x, to};
  }

  /// The way back from g, the gradient before the ReLU (count, channels, n), which is replaced by that before
  /// the normalisation, and from Σ g and Σ g (x − centre). Adds to parameter_gradient.
  template <class LayerExecutor>
  static void backward(LayerExecutor& executor, std::size_t count, const Real* x, State& s, std::size_t parts,
                       double* sums, Real* g, Real* parameter_gradient) {
    const auto joined = B::join_sums(channels, count * parts, sums);
    executor.passes(count, [&](std::size_t i, std::size_t) {
      B::template map_after_sums<Real>(
          channels, n, joined,
          detail::BatchSlope<Real>{i == 0, static_cast<double>(count * n), s.inverse.data(), s.centre.data(),
                                   s.scale.data(), parameter_gradient, parameter_gradient + channels},
          detail::UndoNorm<Real>{x + i * n * channels, g + i * n * channels});
    });
  }
};

}  // namespace nwm::layer

#include "nwm/pop_macros.inc"
