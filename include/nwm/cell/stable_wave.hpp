// A wave cell that cannot run away, whatever is learned.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>

#include "nwm/cell/cell.hpp"
#include "nwm/cell/wave.hpp"

namespace nwm::cell {

/// The step of WaveOn, with natural frequency and damping held inside ranges:
///   omega = middle of [omega_low, omega_high] + half its width · m,   alpha likewise with n,
///   z' = z + dt (tanh(W * y) − omega ⊙ y − alpha ⊙ z),   y' = y + dt z'
/// m and n are maps encoded from the image that end in tanh, so in (−1, 1): "omega_level" and "alpha_level".
/// y is recorded. WaveOn's omega and alpha end in a ReLU: where omega is 0 nothing pulls back, and y drifts
/// for as long as the run lasts; where they are large a step is unstable.
///
/// The displacement is bounded for all weights, images and lengths of run. Without z the step reads
///   y_{t+1} = s y_t − p y_{t−1} + dt² f_t,   p = 1 − dt alpha,  s = 1 + p − dt² omega,  |f_t| ≤ 1,
/// with y_{−1} = y_0, as z_0 = 0. With the roots √p exp(±iθ) of λ² − s λ + p = 0, cos θ = s/(2√p), its
/// answer to one push is h_k = √p^k sin((k+1)θ)/sin θ, so |h_k| ≤ √p^k / sin θ, and
///   y_t = (h_t − p h_{t−1}) y_0 + dt² Σ_{k<t} h_k f_{t−1−k},   |y_t| ≤ (2 |y_0| + dt²/(1 − √p)) / sin θ.
/// W is in f alone, which tanh bounds. This needs 0 < p < 1 and s² < 4p at every corner of the two ranges
/// (each oscillator then swings by itself, and a step multiplies its swing by √p < 1): `largest_displacement`
/// is the bound over the ranges, and infinite where they do not give one. A learned W may still hold y away
/// from 0 for good, but there omega |y| = |tanh(W * y)|, so by at most 1/omega_low.
template <Boundary Boundary_ = Periodic>
struct StableWaveOn {
  static constexpr std::string_view name = "stable_wave";
  double dt = 0.4;                            ///< time step, in the units of 1/sqrt(omega)
  double omega_low = 0.5, omega_high = 5;     ///< natural frequency squared, > 0
  double alpha_low = 0.02, alpha_high = 0.5;  ///< damping, > 0

  static constexpr auto numbers = cell::numbers(
      "dt", &StableWaveOn::dt, "omega_low", &StableWaveOn::omega_low, "omega_high", &StableWaveOn::omega_high,
      "alpha_low", &StableWaveOn::alpha_low, "alpha_high", &StableWaveOn::alpha_high);

  using Boundary = Boundary_;
  enum Field : std::size_t { y, z, omega_level, alpha_level };
  static constexpr std::array fields{encoded_map(omega_level, "omega_level", 3, Activation::tanh),
                                     encoded_map(alpha_level, "alpha_level", 3, Activation::tanh),
                                     encoded_state(y, "hy", 4, Activation::tanh), resting_state(z, "hz")};
  static constexpr std::size_t recorded = y;
  static constexpr Coupling coupling{.name = "cell.Wy", .from = {y}, .initial = Initial::laplacian};

  /// Natural frequency squared and damping at a site.
  template <class Site>
  static constexpr typename Site::Value omega(const StableWaveOn& cell, const Site& now) {
    return between<typename Site::Value>(cell.omega_low, cell.omega_high, now[omega_level]);
  }
  /// The damping at a site.
  template <class Site>
  static constexpr typename Site::Value alpha(const StableWaveOn& cell, const Site& now) {
    return between<typename Site::Value>(cell.alpha_low, cell.alpha_high, now[alpha_level]);
  }

  template <class Site>
  static constexpr void update(const StableWaveOn& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    const V dt = V(cell.dt);
    const V pull = math::tanh(now.coupled()) - omega(cell, now) * now[y] - alpha(cell, now) * now[z];
    const V velocity = now[z] + dt * pull;
    next[y] = now[y] + dt * velocity;
    next[z] = velocity;
  }

  /// The adjoint of `update`, written out as WaveOn's is.
  template <class Site>
  static constexpr void adjoint(const StableWaveOn& cell, const Site& now, const Site& gradient, Site& to) {
    adjoint_of(cell, now, math::tanh(now.coupled()), gradient, to);
  }

  /// A tape of y alone, as WaveOn's.
  template <class Site>
  static constexpr void recover(const StableWaveOn& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    next[z] = (V(1) / V(cell.dt)) * (next[y] - now[y]);
  }
  /// What a rounding of y is in tanh of the coupled value, a second difference of y.
  static constexpr double recovered_rounding(const StableWaveOn& cell) { return 1 / (cell.dt * cell.dt); }
  /// `adjoint` from what `recover` finds.
  template <class Site>
  static constexpr void recovered_adjoint(const StableWaveOn& cell, const Site& now, const Site& next,
                                          const Site& gradient, Site& to) {
    using V = typename Site::Value;
    adjoint_of(
        cell, now,
        (V(1) / V(cell.dt)) * (next[z] - now[z]) + omega(cell, now) * now[y] + alpha(cell, now) * now[z],
        gradient, to);
  }

  /// Those of WaveOn at the omega and alpha of a site.
  static constexpr const char* bound = WaveOn<Boundary_>::bound;
  template <class Site>
  static constexpr typename Site::Value stability(const StableWaveOn& cell, const Site& map) {
    return WaveOn<Boundary_>::stability(WaveOn<Boundary_>{cell.dt}, wave_maps(cell, map));
  }
  template <class Site>
  static constexpr typename Site::Value growth(const StableWaveOn& cell, const Site& map) {
    return WaveOn<Boundary_>::growth(WaveOn<Boundary_>{cell.dt}, wave_maps(cell, map));
  }

  /// No |y| is ever larger, from |y_0| ≤ `start` and z_0 = 0; infinite where the numbers give no bound. cos θ
  /// is largest, either way, at a corner of the ranges: it is linear in omega, and in √p it is (a/√p + √p)/2
  /// with a = 1 − dt² omega.
  double largest_displacement(double start = 1) const {
    double most = 0;
    for (const double w : {omega_low, omega_high})
      for (const double a : {alpha_low, alpha_high}) {
        const double p = 1 - dt * a, s = 1 + p - dt * dt * w, square = 1 - s * s / (4 * p);
        if (!(p > 0 && p < 1 && square > 0)) return std::numeric_limits<double>::infinity();
        most = std::max(most, 1 / std::sqrt(square));
      }
    return most * (2 * start + dt * dt / (1 - std::sqrt(1 - dt * std::min(alpha_low, alpha_high))));
  }

 private:
  template <class Site>
  static constexpr void adjoint_of(const StableWaveOn& cell, const Site& now,
                                   const typename Site::Value& pull, const Site& gradient, Site& to) {
    using V = typename Site::Value;
    const V dt = V(cell.dt);
    const V velocity = gradient[z] + dt * gradient[y], force = dt * velocity;
    to.coupled() = force * (V(1) - pull * pull);
    to[y] = gradient[y] - force * omega(cell, now);
    to[z] = velocity - force * alpha(cell, now);
    to[omega_level] = -(V(0.5 * (cell.omega_high - cell.omega_low)) * force * now[y]);
    to[alpha_level] = -(V(0.5 * (cell.alpha_high - cell.alpha_low)) * force * now[z]);
  }
  template <class V>
  static constexpr V between(double low, double high, const V& level) {
    return V(0.5 * (low + high)) + V(0.5 * (high - low)) * level;
  }
  /// A site as WaveOn's bounds read it.
  template <class V>
  struct WaveMaps {
    using Value = V;
    V omega, alpha;
    constexpr const V& operator[](std::size_t field) const {
      return field == WaveOn<Boundary_>::omega ? omega : alpha;
    }
  };
  template <class Site>
  static constexpr WaveMaps<typename Site::Value> wave_maps(const StableWaveOn& cell, const Site& map) {
    return {omega(cell, map), alpha(cell, map)};
  }
};

/// The stable wave on a torus.
using StableWave = StableWaveOn<>;

}  // namespace nwm::cell

#include "nwm/pop_macros.inc"
