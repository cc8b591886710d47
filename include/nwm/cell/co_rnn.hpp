// The coupled oscillatory RNN.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "nwm/cell/cell.hpp"

namespace nwm::cell {

/// Rusch and Mishra, arXiv 2010.00951, n units:
///   z' = z + dt (tanh(W [u; z; y] + b) − gamma y − epsilon z),   y' = y + dt z'
/// The units are the channels of one site. gamma: natural frequency squared, epsilon: damping. y is recorded;
/// y and z start at zero.
struct CoRnn {
  static constexpr std::string_view name = "cornn";
  double dt = 0.042;     ///< time step
  double gamma = 2.7;    ///< ≥ 0
  double epsilon = 4.7;  ///< ≥ 0

  static constexpr auto numbers =
      cell::numbers("dt", &CoRnn::dt, "gamma", &CoRnn::gamma, "epsilon", &CoRnn::epsilon);

  enum Field : std::size_t { u, z, y };
  static constexpr std::array fields{driven(u, "u"), resting_state(z, "hz"), resting_state(y, "hy")};
  static constexpr std::size_t recorded = y;
  static constexpr Coupling coupling{
      .name = "cell.i2h", .from = {u, z, y}, .bias = true, .reach = Reach::dense};

  template <class Site>
  static constexpr void update(const CoRnn& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    using math::tanh;
    const V pull = V(cell.gamma) * now[y] + V(cell.epsilon) * now[z];
    next[z] = now[z] + V(cell.dt) * (tanh(now.coupled()) - pull);
    next[y] = now[y] + V(cell.dt) * next[z];
  }
};

}  // namespace nwm::cell
