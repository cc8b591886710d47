// A cell with an adjoint of its own, right or wrong in a chosen way.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "nwm/cell/cell.hpp"

namespace planted {

enum class Fault { none, sign, missing_term, scaled };

/// A nonlinear Klein–Gordon field: v' = v + dt (K ⋆ u − mass u − u³ − friction v), u' = u + dt v'.
template <Fault fault>
struct KleinGordon {
  static constexpr std::string_view name = "klein_gordon";
  double dt = 0.25;

  static constexpr auto numbers = nwm::cell::numbers("dt", &KleinGordon::dt);

  enum Field : std::size_t { u, v, mass };
  static constexpr std::array fields{nwm::cell::encoded_state(u, "u", 2, nwm::Activation::tanh),
                                     nwm::cell::resting_state(v, "v"),
                                     nwm::cell::encoded_map(mass, "mass", 2, nwm::Activation::relu)};
  static constexpr std::size_t recorded = u;
  static constexpr nwm::cell::Coupling coupling{
      .name = "cell.K", .from = {u}, .bias = true, .initial = nwm::Initial::laplacian};

  template <class Site>
  static constexpr void update(const KleinGordon& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    const V dt(cell.dt), &u_now = now[u];
    const V force = now.coupled() - now[mass] * u_now - u_now * u_now * u_now - V(0.1) * now[v];
    const V velocity = now[v] + dt * force;
    next[u] = u_now + dt * velocity;
    next[v] = velocity;
  }

  template <class Site>
  static constexpr void adjoint(const KleinGordon& cell, const Site& now, const Site& gradient, Site& to) {
    using V = typename Site::Value;
    const V dt(cell.dt);
    const V velocity = gradient[v] + dt * gradient[u], force = dt * velocity;
    const V cubic = fault == Fault::missing_term ? V(0) : V(3) * now[u] * now[u];
    to.coupled() = force;
    to[u] = gradient[u] - force * (now[mass] + cubic);
    to[v] = velocity - V(fault == Fault::scaled ? 0.1001 : 0.1) * force;
    to[mass] = fault == Fault::sign ? force * now[u] : -(force * now[u]);
  }
};

}  // namespace planted
