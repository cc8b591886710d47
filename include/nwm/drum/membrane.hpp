// The physics of a drum: a cell for the grid, and what its time step does to a mode of given eigenvalue.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string>
#include <string_view>

#include "nwm/cell/cell.hpp"
#include "nwm/error.hpp"

namespace nwm::drum {

/// What holds at the rim of the mask.
enum class Boundary {
  clamped,     ///< u = 0 outside: a drum
  reflecting,  ///< no flux through the rim: a free membrane, or sound in a room
  periodic,    ///< clamped outside the mask, which may run over the border to the opposite side
  absorbing    ///< clamped outside the mask, damped towards the border of the grid: an open field
};

/// u_tt = c² ∇²u − α u_t on a lattice of spacing h, by symplectic Euler with the step dt and the 5-point
/// Laplacian. Units are the user's: c is a length over a time.
struct Physics {
  double wave_speed = 1;              ///< c > 0
  double dt = 0.5;                    ///< time step, > 0
  double spacing = 1;                 ///< h > 0
  double damping = 0;                 ///< α >= 0, 1/time
  Boundary edge = Boundary::clamped;  ///< what holds at the rim

  /// c dt / h, which must stay below `courant_limit`.
  double courant() const { return wave_speed * dt / spacing; }
  /// sqrt((1 − dt α/2) / 2): 1/sqrt(2) without damping.
  static double courant_limit(double dt, double largest_damping) {
    return std::sqrt(std::max(0.0, 1 - dt * largest_damping / 2) / 2);
  }

  /// Frequency (cycles per unit time) at which the scheme swings in a mode of eigenvalue λ of −∇²_h
  /// (1/length²): 2ρ cos(2πf dt) = 2 − dt α − (c dt)² λ, ρ² = 1 − dt α; undamped sin²(πf dt) = (c dt)² λ / 4.
  /// 0 for a mode that does not swing (overdamped, or λ = 0).
  double frequency(double eigenvalue) const {
    if (!(dt * damping < 1)) return 0;
    const double rho = std::sqrt(1 - dt * damping), cd = wave_speed * dt;
    const double cosine = (2 - dt * damping - cd * cd * eigenvalue) / (2 * rho);
    return std::abs(cosine) < 1 ? std::acos(cosine) / (2 * std::numbers::pi * dt) : 0;
  }
  /// The inverse of `frequency`: λ of the mode that swings at f on the grid. NaN unless dt α < 1.
  double eigenvalue(double frequency) const {
    const double rho = std::sqrt(1 - dt * damping), cd = wave_speed * dt;
    return (2 - dt * damping - 2 * rho * std::cos(2 * std::numbers::pi * frequency * dt)) / (cd * cd);
  }
  /// λ by the textbook, as if space and time were continuous and undamped: (2πf / c)².
  double textbook_eigenvalue(double frequency) const {
    const double k = 2 * std::numbers::pi * frequency / wave_speed;
    return k * k;
  }

  /// Throws Error for a number out of range, Unstable when c dt/h is not below its limit.
  void check(double largest_damping) const {
    const auto need = [](const char* field, double value, bool good, const char* expected) {
      if (!good || !std::isfinite(value)) throw Error("nwm::Drum", field, expected, shown_exactly(value));
    };
    need("wave_speed", wave_speed, wave_speed > 0, "a finite number above 0");
    need("dt", dt, dt > 0, "a finite number above 0");
    need("spacing", spacing, spacing > 0, "a finite number above 0");
    need("damping", damping, damping >= 0, "a finite number of at least 0");
    const double limit = courant_limit(dt, largest_damping);
    if (!(courant() < limit))
      throw Unstable("nwm::Drum", "c dt / h",
                     "below " + shown_exactly(limit) + " (sqrt((1 - dt alpha/2) / 2), stability of the step)",
                     shown_exactly(courant()));
  }
};

/// The cell: v' = inside · (v + dt ((c/h)² (∇²u + rim u) − α v)),  u' = u + dt v'. u: displacement
/// (recorded), v: velocity. Maps: inside 1 or 0; alpha ≥ 0; rim: at a free edge the number of neighbours that
/// are missing, else 0. The Laplacian is fixed, in units of h = 1.
struct Membrane {
  static constexpr std::string_view name = "membrane";
  double dt = 0.5;       ///< time step
  double stiffness = 1;  ///< (c/h)²

  static constexpr auto numbers = cell::numbers("dt", &Membrane::dt, "stiffness", &Membrane::stiffness);

  enum Field : std::size_t { u, v, inside, alpha, rim };
  static constexpr std::array fields{cell::resting_state(u, "u"), cell::resting_state(v, "v"),
                                     cell::given_map(inside, "inside"), cell::given_map(alpha, "alpha"),
                                     cell::given_map(rim, "rim")};
  static constexpr std::size_t recorded = u;
  static constexpr cell::Coupling coupling{.name = "laplacian",
                                           .from = {u},
                                           .initial = Initial::laplacian,
                                           .trained = false,
                                           .pattern = cell::Pattern::five_point};

  template <class Site>
  static constexpr void update(const Membrane& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    const V dt = V(cell.dt), force = V(cell.stiffness) * (now.coupled() + now[rim] * now[u]);
    const V velocity = now[inside] * (now[v] + dt * (force - now[alpha] * now[v]));
    next[u] = now[u] + dt * velocity;
    next[v] = velocity;
  }

  static constexpr const char* bound = "2 (c dt/h)^2 + dt alpha/2 < 1";
  template <class Site>
  static constexpr typename Site::Value stability(const Membrane& cell, const Site& map) {
    using V = typename Site::Value;
    const V dt = V(cell.dt);
    return V(2) * dt * dt * V(cell.stiffness) + V(0.5) * dt * map[alpha];
  }
};

}  // namespace nwm::drum

#include "nwm/pop_macros.inc"
