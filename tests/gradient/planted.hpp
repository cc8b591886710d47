// A cell with an adjoint of its own, right or wrong in a chosen way.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/cell/cell.hpp"

namespace planted {

enum class Fault { none, sign, missing_term, scaled };

/// A nonlinear Klein–Gordon field: v' = v + dt (K ⋆ u − mass u − u³ − friction v), u' = u + dt v'.
template <Fault fault>
struct KleinGordon {
  double dt = 0.25;

  enum : std::size_t { u, v, mass };
  static constexpr std::array fields{nwm::cell::encoded_state("u", 2, nwm::Activation::tanh),
                                     nwm::cell::resting_state("v"),
                                     nwm::cell::encoded_map("mass", 2, nwm::Activation::relu)};
  static constexpr std::size_t recorded = u;
  static constexpr nwm::cell::Coupling coupling{
      .name = "cell.K", .bias = true, .initial = nwm::Initial::laplacian};
  static constexpr std::array<std::size_t, 1> from{u};
  static constexpr std::array<std::size_t, 3> reads{u, v, mass};
  static constexpr std::array<std::size_t, 2> writes{u, v};

  template <class V>
  static constexpr std::array<V, 2> update(const KleinGordon& cell, const std::array<V, 1>& coupled,
                                           const std::array<V, 3>& site) {
    const V dt(cell.dt);
    const auto& [u, v, mass] = site;
    const V velocity = v + dt * (coupled[0] - mass * u - u * u * u - V(0.1) * v);
    return {u + dt * velocity, velocity};
  }

  template <class V>
  struct Gradient {
    std::array<V, 1> coupled;
    std::array<V, 3> site;
  };
  template <class V>
  static constexpr Gradient<V> adjoint(const KleinGordon& cell, const std::array<V, 1>&,
                                       const std::array<V, 3>& site, const std::array<V, 2>& gradient) {
    const V dt(cell.dt);
    const auto& [u, v, mass] = site;
    const V velocity = gradient[1] + dt * gradient[0], force = dt * velocity;
    const V cubic = fault == Fault::missing_term ? V(0) : V(3) * u * u;
    const V of_u = gradient[0] - force * (mass + cubic);
    const V of_mass = fault == Fault::sign ? force * u : -(force * u);
    const V of_v = velocity - V(fault == Fault::scaled ? 0.1001 : 0.1) * force;
    return {{force}, {of_u, of_v, of_mass}};
  }
};

}  // namespace planted
