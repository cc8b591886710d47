// Linear oscillatory state spaces.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "nwm/cell/cell.hpp"
#include "nwm/cell/output.hpp"
#include "nwm/cell/site.hpp"

namespace nwm::cell {

/// How a LinOSS steps in time.
enum class Scheme {
  implicit,          ///< IM: dissipative
  implicit_explicit  ///< IMEX: symplectic, keeps the energy
};

/// Rusch and Rus, arXiv 2410.03943, n complex oscillators x with velocities z, the channels of one site:
///   IMEX: z' = z + δ (B u − A x),  x' = x + δ z'
///   IM:   x' = (x + δ z + δ² B u) / (1 + δ² A),  z' = (x' − x) / δ
/// A ≥ 0: natural frequency squared, δ in (0, 1): time step, one a channel, trained as `A_diag` (ReLU) and
/// `steps` (logistic). B (n, inputs) is complex. The output of a step is Re(C x) + D ⊙ u
/// (layer::ComplexOutput). x is recorded, its real part first; x and z start at zero.
template <Scheme scheme = Scheme::implicit_explicit>
struct LinOss {
  static constexpr std::string_view name =
      scheme == Scheme::implicit ? std::string_view("linoss_im") : std::string_view("linoss_imex");
  enum Field : std::size_t { u, x_re, x_im, z_re, z_im, a, delta };
  static constexpr std::array fields{driven(u, "u"),
                                     resting_state(x_re, "x.re"),
                                     resting_state(x_im, "x.im"),
                                     resting_state(z_re, "z.re"),
                                     resting_state(z_im, "z.im"),
                                     trained_channels(a, "cell.A_diag", 0, 1, Transform::relu),
                                     trained_channels(delta, "cell.steps", 0, 1, Transform::logistic)};
  static constexpr FieldList recorded{x_re, x_im};
  static constexpr Coupling coupling{.name = "cell.B", .from = {u}, .groups = 2, .reach = Reach::complex};

  static constexpr Output output_map =
      Output::complex;  ///< what makes outputs of the states: Re(C x) + D ⊙ u

  template <class Site>
  static constexpr void update(const LinOss&, const Site& now, Site& next) {
    step(now, next, x_re, z_re, now.coupled(0));
    step(now, next, x_im, z_im, now.coupled(1));
  }

  /// The scheme is stable where this is below 1. IM only loses energy.
  static constexpr const char* bound = scheme == Scheme::implicit ? "always" : "delta^2 A / 4 < 1";
  template <class Site>
  static constexpr typename Site::Value stability(const LinOss&, const Site& map) {
    using V = typename Site::Value;
    if constexpr (scheme == Scheme::implicit) return V(0);
    else return V(0.25) * map[delta] * map[delta] * map[a];
  }
  /// The larger |λ| of a step: IMEX λ² − (2 − δ² A) λ + 1 = 0; IM 1/√(1 + δ² A).
  template <class Site>
  static constexpr typename Site::Value growth(const LinOss&, const Site& map) {
    using V = typename Site::Value;
    using math::sqrt, math::relu;
    const V strength = map[delta] * map[delta] * map[a];
    if constexpr (scheme == Scheme::implicit) {
      return V(1) / sqrt(V(1) + strength);
    } else {
      const V half = V(1) - V(0.5) * strength;
      const V discriminant = half * half - V(1);
      return math::if_positive(discriminant, math::abs(half) + sqrt(relu(discriminant)),
                               V(1) + (half - half));
    }
  }

  /// The step run backwards (checkpointing::Reversible): B u of the step is found from the input.
  template <class Site>
  static constexpr void inverse(const LinOss&, const Site& after, Site& before) {
    step_back(after, before, x_re, z_re, after.coupled(0));
    step_back(after, before, x_im, z_im, after.coupled(1));
  }
  /// The energy that IM loses comes back: 1 / its growth. IMEX is symplectic, backwards as forwards.
  static constexpr const char* inverse_bound = scheme == Scheme::implicit ? "1 + delta^2 A finite" : bound;
  template <class Site>
  static constexpr typename Site::Value inverse_growth(const LinOss& cell, const Site& map) {
    using V = typename Site::Value;
    if constexpr (scheme == Scheme::implicit) return V(1) / growth(cell, map);
    else return growth(cell, map);
  }

  /// What a step does to s = (x, z) under a force f, s' = M s + c f: M row by row, then c.
  template <class V>
  static constexpr std::array<V, 6> linear_step(const V& square, const V& time_step) {
    std::array<V, 6> all;
    for (std::size_t k = 0; k < 3; ++k) {
      Site<V, 7, 2> now, next;
      now[a] = square;
      now[delta] = time_step;
      now[x_re] = V(k == 0 ? 1 : 0);
      now[z_re] = V(k == 1 ? 1 : 0);
      step(now, next, x_re, z_re, V(k == 2 ? 1 : 0));
      all[k < 2 ? k : 4] = next[x_re];
      all[k < 2 ? 2 + k : 5] = next[z_re];
    }
    return all;
  }

 private:
  template <class Site>
  static constexpr void step_back(const Site& after, Site& before, std::size_t x, std::size_t z,
                                  const typename Site::Value& force) {
    before[x] = after[x] - after[delta] * after[z];
    // Where the spring pulls: IMEX from the old place, IM from the new one.
    const typename Site::Value at = scheme == Scheme::implicit ? after[x] : before[x];
    before[z] = after[z] - after[delta] * (force - after[a] * at);
  }
  template <class Site>
  static constexpr void step(const Site& now, Site& next, std::size_t x, std::size_t z,
                             const typename Site::Value& force) {
    using V = typename Site::Value;
    if constexpr (scheme == Scheme::implicit_explicit) {
      next[z] = now[z] + now[delta] * (force - now[a] * now[x]);
      next[x] = now[x] + now[delta] * next[z];
    } else {
      const V square = now[delta] * now[delta];
      next[x] = (now[x] + now[delta] * now[z] + square * force) / (V(1) + square * now[a]);
      next[z] = (next[x] - now[x]) / now[delta];
    }
  }
};

}  // namespace nwm::cell
