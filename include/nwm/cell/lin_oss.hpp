// Linear oscillatory state spaces.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "nwm/cell/cell.hpp"
#include "nwm/cell/output.hpp"

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

  static constexpr Output output_map = Output::complex;

  template <class Site>
  static constexpr void update(const LinOss&, const Site& now, Site& next) {
    step(now, next, x_re, z_re, now.coupled(0));
    step(now, next, x_im, z_im, now.coupled(1));
  }

 private:
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
