// The cell of the Neural Wave Machine: coupled, damped, nonlinear oscillators.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "nwm/cell/cell.hpp"

namespace nwm::cell {

/// Jacobs et al., arXiv 2502.06034, semi-implicit (symplectic) Euler:
///   z' = z + dt (tanh(W * y) − omega ⊙ y − alpha ⊙ z),   y' = y + dt z'
/// y: displacement, z: velocity, omega: natural frequency squared (≥ 0), alpha: damping (≥ 0), W: a learned
/// 3×3 stencil coupling all channels under the boundary `Boundary_`, at first the Laplacian. y is recorded.
template <Boundary Boundary_ = Periodic>
struct WaveOn {
  double dt = 0.1;  ///< time step, in the units of 1/sqrt(omega)

  using Boundary = Boundary_;
  enum : std::size_t { y, z, omega, alpha };
  static constexpr std::array fields{encoded_state("hy", 4, Activation::tanh), resting_state("hz"),
                                     encoded_map("omega", 3, Activation::relu),
                                     encoded_map("alpha", 3, Activation::relu)};
  static constexpr std::array<std::size_t, 3> encoding_order{omega, alpha, y};
  static constexpr std::size_t recorded = y;

  static constexpr Coupling coupling{.name = "cell.Wy", .initial = Initial::laplacian};
  static constexpr std::array<std::size_t, 1> from{y};
  static constexpr std::array<std::size_t, 4> reads{y, z, omega, alpha};
  static constexpr std::array<std::size_t, 2> writes{y, z};

  template <class V>
  static constexpr std::array<V, 2> update(const WaveOn& cell, const std::array<V, 1>& coupled,
                                           const std::array<V, 4>& site) {
    using math::tanh;
    const V dt = V(cell.dt);
    const auto& [y, z, omega, alpha] = site;
    const V velocity = z + dt * (tanh(coupled[0]) - omega * y - alpha * z);
    return {y + dt * velocity, velocity};
  }

  /// The adjoint of `update`, written out: three times fewer operations than on dual numbers. check_cell
  /// compares the two. Gradients with respect to coupled value and site, given those of y' and z'.
  template <class V>
  static constexpr std::pair<std::array<V, 1>, std::array<V, 4>> adjoint(const WaveOn& cell,
                                                                         const std::array<V, 1>& coupled,
                                                                         const std::array<V, 4>& site,
                                                                         const std::array<V, 2>& gradient) {
    using math::tanh;
    const V dt = V(cell.dt), pull = tanh(coupled[0]);
    const auto& [y, z, omega, alpha] = site;
    const V velocity = gradient[1] + dt * gradient[0], force = dt * velocity;
    return {{force * (V(1) - pull * pull)},
            {gradient[0] - force * omega, velocity - force * alpha, -(force * y), -(force * z)}};
  }

  /// The scheme is stable where this is below 1: (dt² omega + 2 dt alpha)/4 (Jury's conditions for the linear
  /// oscillator; the coupling is bounded by tanh and cannot diverge). Fields: `bounded`.
  static constexpr std::array<std::size_t, 2> bounded{omega, alpha};
  static constexpr const char* bound = "(dt^2 omega + 2 dt alpha) / 4 < 1";
  template <class V>
  static constexpr V stability(const WaveOn& cell, const std::array<V, 2>& map) {
    const V dt = V(cell.dt);
    return V(0.25) * dt * (dt * map[0] + V(2) * map[1]);
  }

  /// What one step multiplies the linear oscillator by at most: the larger |λ| of
  /// λ² − (2 − dt alpha − dt² omega) λ + (1 − dt alpha) = 0. Fields: `bounded`.
  template <class V>
  static constexpr V growth(const WaveOn& cell, const std::array<V, 2>& map) {
    using math::if_positive, math::sqrt;
    const V dt = V(cell.dt), product = V(1) - dt * map[1], sum = V(1) + product - dt * dt * map[0];
    const V discriminant = sum * sum - V(4) * product;
    const V real = V(0.5) * (math::abs(sum) + sqrt(math::relu(discriminant)));
    return if_positive(discriminant, real, sqrt(math::relu(product)) + (sum - sum));  // NaN stays NaN
  }

  /// The step run backwards (checkpointing::Reversible), from a site after it: first y, whose coupling then
  /// gives the coupled value of that step, then {y, z}. Divides by 1 − dt alpha.
  template <class V>
  static constexpr std::array<V, 1> coupled_before(const WaveOn& cell, const std::array<V, 4>& after) {
    return {after[0] - V(cell.dt) * after[1]};
  }
  template <class V>
  static constexpr std::array<V, 2> inverse(const WaveOn& cell, const std::array<V, 1>& coupled,
                                            const std::array<V, 4>& after) {
    using math::tanh;
    const V dt = V(cell.dt), y = coupled_before(cell, after)[0];
    const auto& [y_after, z_after, omega, alpha] = after;
    return {y, (z_after - dt * (tanh(coupled[0]) - omega * y)) / (V(1) - dt * alpha)};
  }

  /// What one step backwards multiplies an error by at most, for the linear oscillator: 1 / the smaller |λ|
  /// of `growth`, that is growth / (1 − dt alpha); 1/0 where that is not positive. Fields: `bounded`.
  static constexpr const char* inverse_bound = "1 - dt alpha > 0";
  template <class V>
  static constexpr V inverse_growth(const WaveOn& cell, const std::array<V, 2>& map) {
    const V product = V(1) - V(cell.dt) * map[1];
    return growth(cell, map) / math::relu(product);
  }
};

using Wave = WaveOn<>;

}  // namespace nwm::cell
