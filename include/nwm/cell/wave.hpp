// The cell of the Neural Wave Machine: coupled, damped, nonlinear oscillators.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "nwm/cell/cell.hpp"

namespace nwm::cell {

/// Jacobs et al., arXiv 2502.06034, semi-implicit (symplectic) Euler:
///   z' = z + dt (tanh(W * y) − omega ⊙ y − alpha ⊙ z),   y' = y + dt z'
/// y: displacement, z: velocity, omega: natural frequency squared (≥ 0), alpha: damping (≥ 0), W: a learned
/// 3×3 stencil coupling all channels under the boundary `Boundary_`, at first the Laplacian. y is recorded.
template <Boundary Boundary_ = Periodic>
struct WaveOn {
  static constexpr std::string_view name = "wave";
  double dt = 0.1;  ///< time step, in the units of 1/sqrt(omega)

  static constexpr auto numbers = cell::numbers("dt", &WaveOn::dt);

  using Boundary = Boundary_;
  enum Field : std::size_t { y, z, omega, alpha };
  static constexpr std::array fields{encoded_map(omega, "omega", 3, Activation::relu),
                                     encoded_map(alpha, "alpha", 3, Activation::relu),
                                     encoded_state(y, "hy", 4, Activation::tanh), resting_state(z, "hz")};
  static constexpr std::size_t recorded = y;
  static constexpr Coupling coupling{.name = "cell.Wy", .from = {y}, .initial = Initial::laplacian};

  template <class Site>
  static constexpr void update(const WaveOn& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    const V dt = V(cell.dt);
    const V velocity = now[z] + dt * (math::tanh(now.coupled()) - now[omega] * now[y] - now[alpha] * now[z]);
    next[y] = now[y] + dt * velocity;
    next[z] = velocity;
  }

  /// The adjoint of `update`, written out: three times fewer operations than on dual numbers. check_cell
  /// compares the two. Sets the gradients of what `update` reads, given those of y' and z'.
  template <class Site>
  static constexpr void adjoint(const WaveOn& cell, const Site& now, const Site& gradient, Site& to) {
    adjoint_of(cell, now, math::tanh(now.coupled()), gradient, to);
  }

  /// A tape of y alone (cell/series.hpp): z after a step from y before and after it, by the second line of
  /// the step; so tanh of the coupled value by the first, from z before and after.
  /// 1/dt is one number, which compilers take out of loops.
  template <class Site>
  static constexpr void recover(const WaveOn& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    next[z] = (V(1) / V(cell.dt)) * (next[y] - now[y]);
  }
  /// What a rounding of y is in tanh of the coupled value, a second difference of y.
  static constexpr double recovered_rounding(const WaveOn& cell) { return 1 / (cell.dt * cell.dt); }
  /// `adjoint` from what `recover` finds.
  template <class Site>
  static constexpr void recovered_adjoint(const WaveOn& cell, const Site& now, const Site& next,
                                          const Site& gradient, Site& to) {
    using V = typename Site::Value;
    adjoint_of(cell, now,
               (V(1) / V(cell.dt)) * (next[z] - now[z]) + now[omega] * now[y] + now[alpha] * now[z], gradient,
               to);
  }

  /// The scheme is stable where this is below 1: (dt² omega + 2 dt alpha)/4 (Jury's conditions for the linear
  /// oscillator; the coupling is bounded by tanh and cannot diverge).
  static constexpr const char* bound = "(dt^2 omega + 2 dt alpha) / 4 < 1";
  template <class Site>
  static constexpr typename Site::Value stability(const WaveOn& cell, const Site& map) {
    using V = typename Site::Value;
    const V dt = V(cell.dt);
    return V(0.25) * dt * (dt * map[omega] + V(2) * map[alpha]);
  }

  /// What one step multiplies the linear oscillator by at most: the larger |λ| of
  /// λ² − (2 − dt alpha − dt² omega) λ + (1 − dt alpha) = 0.
  template <class Site>
  static constexpr typename Site::Value growth(const WaveOn& cell, const Site& map) {
    using V = typename Site::Value;
    using math::sqrt, math::relu;
    const V dt = V(cell.dt), product = V(1) - dt * map[alpha], sum = V(1) + product - dt * dt * map[omega];
    const V discriminant = sum * sum - V(4) * product;
    const V real = V(0.5) * (math::abs(sum) + sqrt(relu(discriminant)));
    return math::if_positive(discriminant, real, sqrt(relu(product)) + (sum - sum));  // NaN stays NaN
  }

  /// The step run backwards (checkpointing::Reversible), from a site after it: first y, whose coupling then
  /// gives the coupled value of that step, then y and z. Divides by 1 − dt alpha.
  template <class Site>
  static constexpr void coupled_before(const WaveOn& cell, const Site& after, Site& before) {
    using V = typename Site::Value;
    before[y] = after[y] - V(cell.dt) * after[z];
  }
  template <class Site>
  static constexpr void inverse(const WaveOn& cell, const Site& after, Site& before) {
    using V = typename Site::Value;
    const V dt = V(cell.dt);
    coupled_before(cell, after, before);
    before[z] = (after[z] - dt * (math::tanh(after.coupled()) - after[omega] * before[y])) /
                (V(1) - dt * after[alpha]);
  }

  /// What one step backwards multiplies an error by at most, for the linear oscillator: 1 / the smaller |λ|
  /// of `growth`, that is growth / (1 − dt alpha); 1/0 where that is not positive.
  static constexpr const char* inverse_bound = "1 - dt alpha > 0";
  template <class Site>
  static constexpr typename Site::Value inverse_growth(const WaveOn& cell, const Site& map) {
    using V = typename Site::Value;
    const V product = V(1) - V(cell.dt) * map[alpha];
    return growth(cell, map) / math::relu(product);
  }

 private:
  template <class Site>
  static constexpr void adjoint_of(const WaveOn& cell, const Site& now, const typename Site::Value& pull,
                                   const Site& gradient, Site& to) {
    using V = typename Site::Value;
    const V dt = V(cell.dt);
    const V velocity = gradient[z] + dt * gradient[y], force = dt * velocity;
    to.coupled() = force * (V(1) - pull * pull);
    to[y] = gradient[y] - force * now[omega];
    to[z] = velocity - force * now[alpha];
    to[omega] = -(force * now[y]);
    to[alpha] = -(force * now[z]);
  }
};

/// The study's wave, on a torus.
using Wave = WaveOn<>;

}  // namespace nwm::cell
