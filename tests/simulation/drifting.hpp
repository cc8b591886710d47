// A linear five-point cell whose coupling has no symmetry, so that nothing turned round goes unseen.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/cell/cell.hpp"

namespace tools {

/// v' = v + dt (speed² K u − alpha v), u' = u + dt v': a five-point K whose five weights all differ.
struct Drifting {
  double dt = 0.2, alpha = 0.05;
  enum : std::size_t { u, v, speed2 };
  static constexpr std::array fields{nwm::cell::resting_state("u"), nwm::cell::resting_state("v"),
                                     nwm::cell::given_map("speed2")};
  static constexpr std::size_t recorded = u;
  static constexpr nwm::cell::Coupling coupling{.name = "K",
                                                .initial = nwm::Initial::laplacian,
                                                .trained = false,
                                                .pattern = nwm::cell::Pattern::five_point};
  static constexpr std::array<std::size_t, 1> from{u};
  static constexpr std::array<std::size_t, 3> reads{u, v, speed2};
  static constexpr std::array<std::size_t, 2> writes{u, v};
  template <class V>
  static constexpr std::array<V, 2> update(const Drifting& cell, const std::array<V, 1>& coupled,
                                           const std::array<V, 3>& site) {
    const V dt = V(cell.dt), v = site[1] + dt * (site[2] * coupled[0] - V(cell.alpha) * site[1]);
    return {site[0] + dt * v, v};
  }
};

inline constexpr std::array<double, 5> weights{0.9, 1.1, -4.2, 0.8, 1.2};

/// Writes the weights of every channel into parameters (C, C, 3, 3).
template <class Real>
void set_weights(Real* parameters, std::size_t channels) {
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t i = 0; i < 5; ++i)
      parameters[c * (channels + 1) * 9 + std::array<std::size_t, 5>{1, 3, 4, 5, 7}[i]] =
          static_cast<Real>(weights[i]);
}

}  // namespace tools
