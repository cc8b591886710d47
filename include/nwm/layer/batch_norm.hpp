// Batch normalisation followed by ReLU. Sums, means and running statistics all stay in the backend's memory,
// so that a device processes a whole batch without waiting for the host.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cstddef>

#include "nwm/backend/kernels.hpp"
#include "nwm/cell/activation.hpp"
#include "nwm/cell/math.hpp"
#include "nwm/memory/layout.hpp"

namespace nwm::layer {

namespace detail {

// Kernels at every number of (channels, n). Values per channel are loaded at lane.index / n.

/// Returns (x − centre)².
template <std::size_t n, class Real>
struct SquaredDeviation {
  const Real *centre, *from;
  template <class Lane>
  constexpr typename Lane::Value operator()(Lane lane) const {
    using V = typename Lane::Value;
    const V d = lane.load(from) - V(centre[lane.index / n]);
    return d * d;
  }
};
/// y = relu((x − centre)·scale + shift).
template <std::size_t n, class Real>
struct Normalise {
  const Real *centre, *scale, *shift, *from;
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    const std::size_t c = lane.index / n;
    lane.store(to, math::relu((lane.load(from) - V(centre[c])) * V(scale[c]) + V(shift[c])));
  }
};
/// Replaces the gradient after the ReLU by the gradient g before it, and returns g.
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
/// Returns g·(x − centre).
template <std::size_t n, class Real>
struct NormSlope {
  const Real *centre, *from, *g;
  template <class Lane>
  constexpr typename Lane::Value operator()(Lane lane) const {
    using V = typename Lane::Value;
    return lane.load(g) * (lane.load(from) - V(centre[lane.index / n]));
  }
};
/// g = scale·(g − average − (x − centre)·slope).
template <std::size_t n, class Real>
struct UndoNormalise {
  const Real *centre, *scale, *average, *slope, *from;
  Real* g;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    const std::size_t c = lane.index / n;
    const V rest = lane.load(g) - V(average[c]) - (lane.load(from) - V(centre[c])) * V(slope[c]);
    lane.store(g, V(scale[c]) * rest);
  }
};

// Kernels at every channel: maps over (channels, 1), in double.

/// The sum of a channel over the passes of a batch. The part of pass i is at sums[i·stride + channel]. Parts
/// are added in order, so that the result is the same for any number of threads.
struct PassSums {
  std::size_t passes, stride;
  const double* sums;
  constexpr double operator()(std::size_t channel) const {
    double total = 0;
    for (std::size_t i = 0; i < passes; ++i) total += sums[i * stride + channel];
    return total;
  }
};
/// running += momentum·(now − running).
template <class Real>
constexpr void move_statistic(Real& running, double momentum, double now) {
  running = static_cast<Real>((1 - momentum) * static_cast<double>(running) + momentum * now);
}
/// centre = Σ x / numbers; moves the running mean towards it.
template <class Real>
struct BatchMean {
  PassSums sums;
  double numbers, momentum;
  Real *centre, *running;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const double mean = sums(lane.index) / numbers;
    centre[lane.index] = static_cast<Real>(mean);
    move_statistic(running[lane.index], momentum, mean);
  }
};
/// inverse = 1/sqrt(variance + ε), scale = γ·inverse.
template <class Real>
struct InverseDeviation {
  double epsilon;
  const Real* gamma;
  double* inverse;
  Real* scale;
  constexpr void set(std::size_t channel, double variance) const {
    inverse[channel] = 1 / math::sqrt(variance + epsilon);
    scale[channel] = static_cast<Real>(inverse[channel] * static_cast<double>(gamma[channel]));
  }
};
/// Sets inverse and scale from Σ (x − centre)²; moves the running variance towards the unbiased one.
template <class Real>
struct BatchDeviation {
  PassSums squares;
  double numbers, momentum;
  InverseDeviation<Real> to;
  Real* running;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const double total = squares(lane.index);
    move_statistic(running[lane.index], momentum, total / std::max(numbers - 1, 1.0));
    to.set(lane.index, total / numbers);
  }
};
/// Sets centre, inverse and scale from the running statistics.
template <class Real>
struct RunningDeviation {
  const Real *mean, *variance;
  InverseDeviation<Real> to;
  Real* centre;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    centre[lane.index] = mean[lane.index];
    to.set(lane.index, static_cast<double>(variance[lane.index]));
  }
};
/// Sets a channel's average and slope for UndoNormalise from Σ g and Σ g (x − centre); adds to the gradients
/// of γ and β.
template <class Real>
struct NormGradient {
  PassSums shifts, slopes;
  double numbers;
  const double* inverse;
  Real *average, *slope, *gamma_gradient, *beta_gradient;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const std::size_t c = lane.index;
    const double shift = shifts(c), steep = slopes(c) * inverse[c];  // Σ g x̂, x̂ = (x − centre)·inverse
    gamma_gradient[c] += static_cast<Real>(steep);
    beta_gradient[c] += static_cast<Real>(shift);
    average[c] = static_cast<Real>(shift / numbers);
    slope[c] = static_cast<Real>(steep / numbers * inverse[c]);
  }
};

}  // namespace detail

/// y = relu(γ (x − mean) / sqrt(variance + ε) + β) per channel (Ioffe, Szegedy 2015), ε = 1e-5, momentum 0.1.
/// As in PyTorch, the biased variance normalises and the unbiased one enters the running variance. A batch
/// consists of `count` passes, one behind the other; a pass is a field (channels, n) with n = images · sites.
/// Parameters: γ, β; running statistics: mean, variance. A LayerExecutor runs f(pass, thread) over passes.
template <std::size_t channels, std::size_t n, class B, class Real>
struct BatchNorm {
  /// Ε, and the share of a batch in the running statistics.
  static constexpr double epsilon = 1e-5, momentum = 0.1;
  /// Numbers of a pass, of the parameters and of the running statistics.
  static constexpr std::size_t size = channels * n, parameters = 2 * channels, statistics = 2 * channels;

  /// Appends "<prefix>.weight" (γ) and "<prefix>.bias" (β).
  template <class L>
  static constexpr void describe(L& layout, const Name& prefix) {
    layout.add(prefix + ".weight", {channels}, 1, Initial::one);
    layout.add(prefix + ".bias", {channels}, 1, Initial::zero);
  }
  /// Appends "<prefix>.running_mean" and "<prefix>.running_var".
  template <class L>
  static constexpr void describe_statistics(L& layout, const Name& prefix) {
    layout.add(prefix + ".running_mean", {channels}, 1, Initial::zero, false);
    layout.add(prefix + ".running_var", {channels}, 1, Initial::one, false);
  }

  /// The normalisation of the last forward pass, for the backward pass; sums of up to `capacity` passes.
  struct State {
    /// Memory for up to `capacity` passes.
    explicit State(std::size_t capacity) : sums(capacity * 2 * channels) {}
    /// Partial sums of the passes, and 1 / sqrt(variance + ε).
    typename B::template Memory<double> sums, inverse{channels};
    /// A number a channel each.
    typename B::template Memory<Real> centre{channels}, scale{channels}, average{channels}, slope{channels};
  };

  /// Sets y (count, channels, n) from x of the same shape. With `moved` null (evaluation), normalises by the
  /// running statistics `running`. Otherwise (training), normalises by the batch's statistics and moves the
  /// running ones in `moved` towards them.
  template <class LayerExecutor>
  static void forward(LayerExecutor& executor, std::size_t count, const Real* p, const Real* running,
                      Real* moved, const Real* x, Real* y, State& s) {
    const detail::InverseDeviation<Real> to{epsilon, p, s.inverse.data(), s.scale.data()};
    if (moved) {
      const auto numbers = static_cast<double>(count * n);
      const detail::PassSums sums{count, channels, s.sums.data()};
      executor.passes(count, [&](std::size_t i, std::size_t) {
        B::template sum_rows<Real>(channels, n, kernel::Read<Real>{x + i * size},
                                   s.sums.data() + i * channels);
      });
      each_channel(detail::BatchMean<Real>{sums, numbers, momentum, s.centre.data(), moved});
      executor.passes(count, [&](std::size_t i, std::size_t) {
        B::template sum_rows<Real>(channels, n,
                                   detail::SquaredDeviation<n, Real>{s.centre.data(), x + i * size},
                                   s.sums.data() + i * channels);
      });
      each_channel(detail::BatchDeviation<Real>{sums, numbers, momentum, to, moved + channels});
    } else {
      each_channel(detail::RunningDeviation<Real>{running, running + channels, to, s.centre.data()});
    }
    executor.passes(count, [&](std::size_t i, std::size_t) {
      B::template map_rows<Real>(channels, n,
                                 detail::Normalise<n, Real>{s.centre.data(), s.scale.data(), p + channels,
                                                            x + i * size, y + i * size});
    });
  }

  /// The backward pass after a training forward: replaces gradient (count, channels, n) with respect to y by
  /// the gradient with respect to x, and adds to parameter_gradient. The new gradient is
  ///   γ·inverse (g − Σg/M − x̂ Σ(g x̂)/M),
  /// where g is the gradient before the ReLU, x̂ = (x − mean)·inverse, and M = count · n.
  template <class LayerExecutor>
  static void backward(LayerExecutor& executor, std::size_t count, const Real* x, const Real* y, State& s,
                       Real* gradient, Real* parameter_gradient) {
    constexpr std::size_t stride = 2 * channels;
    executor.passes(count, [&](std::size_t i, std::size_t) {
      double* sums = s.sums.data() + i * stride;
      Real* g = gradient + i * size;
      B::template sum_rows<Real>(channels, n, detail::MaskByRelu<Real>{y + i * size, g}, sums);
      B::template sum_rows<Real>(channels, n, detail::NormSlope<n, Real>{s.centre.data(), x + i * size, g},
                                 sums + channels);
    });
    each_channel(detail::NormGradient<Real>{{count, stride, s.sums.data()},
                                            {count, stride, s.sums.data() + channels},
                                            static_cast<double>(count * n),
                                            s.inverse.data(),
                                            s.average.data(),
                                            s.slope.data(),
                                            parameter_gradient,
                                            parameter_gradient + channels});
    executor.passes(count, [&](std::size_t i, std::size_t) {
      B::template map_rows<Real>(
          channels, n,
          detail::UndoNormalise<n, Real>{s.centre.data(), s.scale.data(), s.average.data(), s.slope.data(),
                                         x + i * size, gradient + i * size});
    });
  }

 private:
  template <class Kernel>
  static void each_channel(const Kernel& kernel_) {
    B::template map_rows<Real>(channels, 1, kernel_);
  }
};

}  // namespace nwm::layer

#include "nwm/pop_macros.inc"
