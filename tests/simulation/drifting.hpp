// A linear five-point cell whose coupling has no symmetry, so that nothing turned round goes unseen.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "nwm/cell/cell.hpp"

namespace tools {

/// v' = v + dt (speed² K u − alpha v), u' = u + dt v': a five-point K whose five weights all differ.
struct Drifting {
  static constexpr std::string_view name = "drifting";
  double dt = 0.2, alpha = 0.05;
  static constexpr auto numbers = nwm::cell::numbers("dt", &Drifting::dt, "alpha", &Drifting::alpha);
  enum Field : std::size_t { u, v, speed2 };
  static constexpr std::array fields{nwm::cell::resting_state(u, "u"), nwm::cell::resting_state(v, "v"),
                                     nwm::cell::given_map(speed2, "speed2")};
  static constexpr std::size_t recorded = u;
  static constexpr nwm::cell::Coupling coupling{.name = "K",
                                                .from = {u},
                                                .initial = nwm::Initial::laplacian,
                                                .trained = false,
                                                .pattern = nwm::cell::Pattern::five_point};
  template <class Site>
  static constexpr void update(const Drifting& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    const V dt = V(cell.dt);
    next[v] = now[v] + dt * (now[speed2] * now.coupled() - V(cell.alpha) * now[v]);
    next[u] = now[u] + dt * next[v];
  }
};

inline constexpr std::array<double, 5> drifting_weights{0.9, 1.1, -4.2, 0.8, 1.2};

/// Writes the weights of every channel into parameters (C, C, 3, 3).
template <class Real>
void set_weights(Real* parameters, std::size_t channels) {
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t i = 0; i < 5; ++i)
      parameters[c * (channels + 1) * 9 + std::array<std::size_t, 5>{1, 3, 4, 5, 7}[i]] =
          static_cast<Real>(drifting_weights[i]);
}

}  // namespace tools
