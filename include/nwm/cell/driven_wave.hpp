// The Neural Wave Machine's cell, driven at every step.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>

#include "nwm/cell/cell.hpp"
#include "nwm/cell/wave.hpp"

namespace nwm::cell {

/// cell::WaveOn with an input frame u at every step:
///   z' = z + dt (tanh(W * y + e) − omega ⊙ y − alpha ⊙ z),   y' = y + dt z'
/// e is a 3×3 convolution of the frame with zero padding. omega, alpha and y at t = 0 are encoded from the
/// first frame. y is recorded.
template <Boundary Boundary_ = Periodic>
struct DrivenWaveOn {
  static constexpr std::string_view name = "driven_wave";
  double dt = 0.1;  ///< time step, in the units of 1/sqrt(omega)

  static constexpr auto numbers = cell::numbers("dt", &DrivenWaveOn::dt);

  using Boundary = Boundary_;
  enum Field : std::size_t { y, z, omega, alpha, u, e };
  static constexpr std::array fields{encoded_map(omega, "omega", 3, Activation::relu),
                                     encoded_map(alpha, "alpha", 3, Activation::relu),
                                     encoded_state(y, "hy", 4, Activation::tanh),
                                     resting_state(z, "hz"),
                                     driven(u, "u"),
                                     intermediate(e, "e")};
  static constexpr std::size_t recorded = y;

  /// The frame of the step becomes a force on every oscillator.
  struct Drive {
    static constexpr Coupling coupling{
        .name = "drive", .from = {u}, .bias = true, .zero_padding = true, .into = e};
  };
  /// The oscillators move.
  struct Swing {
    static constexpr Coupling coupling{.name = "cell.Wy", .from = {y}, .initial = Initial::laplacian};
    template <class Site>
    static constexpr void update(const DrivenWaveOn& cell, const Site& now, Site& next) {
      using V = typename Site::Value;
      using math::tanh;
      const V dt = V(cell.dt);
      next[z] = now[z] + dt * (tanh(now.coupled() + now[e]) - now[omega] * now[y] - now[alpha] * now[z]);
      next[y] = now[y] + dt * next[z];
    }
  };
  using Stages = std::tuple<Drive, Swing>;

  /// Those of WaveOn: the drive is bounded by tanh as the coupling is.
  static constexpr const char* bound = WaveOn<Boundary_>::bound;
  template <class Site>
  static constexpr typename Site::Value stability(const DrivenWaveOn& cell, const Site& map) {
    return WaveOn<Boundary_>::stability(WaveOn<Boundary_>{cell.dt}, map);
  }
  template <class Site>
  static constexpr typename Site::Value growth(const DrivenWaveOn& cell, const Site& map) {
    return WaveOn<Boundary_>::growth(WaveOn<Boundary_>{cell.dt}, map);
  }

  /// The step run backwards (checkpointing::Reversible), as WaveOn's, with the drive of that step in e.
  template <class Site>
  static constexpr void coupled_before(const DrivenWaveOn& cell, const Site& after, Site& before) {
    before[y] = after[y] - typename Site::Value(cell.dt) * after[z];
  }
  template <class Site>
  static constexpr void inverse(const DrivenWaveOn& cell, const Site& after, Site& before) {
    using V = typename Site::Value;
    const V dt = V(cell.dt);
    coupled_before(cell, after, before);
    before[z] = (after[z] - dt * (math::tanh(after.coupled() + after[e]) - after[omega] * before[y])) /
                (V(1) - dt * after[alpha]);
  }
  static constexpr const char* inverse_bound = WaveOn<Boundary_>::inverse_bound;
  template <class Site>
  static constexpr typename Site::Value inverse_growth(const DrivenWaveOn& cell, const Site& map) {
    return WaveOn<Boundary_>::inverse_growth(WaveOn<Boundary_>{cell.dt}, map);
  }
};

/// The driven wave on a torus.
using DrivenWave = DrivenWaveOn<>;

}  // namespace nwm::cell
