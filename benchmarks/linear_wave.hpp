// The linear wave that is timed as a simulation, beside its peer and over ranks.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "nwm/cell/cell.hpp"

namespace measured {

/// z' = z + dt speed² ∇²u,  u' = u + dt z': leapfrog of u_tt = speed² ∇²u by the 5-point Laplacian, h = 1.
struct Linear {
  static constexpr std::string_view name = "linear";
  double dt = 0.25;
  static constexpr auto numbers = nwm::cell::numbers("dt", &Linear::dt);
  enum Field : std::size_t { u, z, speed2 };
  static constexpr std::array fields{nwm::cell::resting_state(u, "u"), nwm::cell::resting_state(z, "z"),
                                     nwm::cell::given_map(speed2, "speed2")};
  static constexpr std::size_t recorded = u;
  static constexpr nwm::cell::Coupling coupling{.name = "laplacian",
                                                .from = {u},
                                                .initial = nwm::Initial::laplacian,
                                                .trained = false,
                                                .pattern = nwm::cell::Pattern::five_point};

  template <class Site>
  static constexpr void update(const Linear& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    const V dt = V(cell.dt), velocity = now[z] + dt * now[speed2] * now.coupled();
    next[u] = now[u] + dt * velocity;
    next[z] = velocity;
  }
  template <class Site>
  static constexpr void adjoint(const Linear& cell, const Site& now, const Site& gradient, Site& to) {
    using V = typename Site::Value;
    const V dt = V(cell.dt), velocity = gradient[z] + dt * gradient[u], force = dt * velocity;
    to.coupled() = force * now[speed2];
    to[u] = gradient[u];
    to[z] = velocity;
    to[speed2] = force * now.coupled();
  }
};

}  // namespace measured
