// The harmonic oscillator recurrent network.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>

#include "nwm/cell/cell.hpp"

namespace nwm::cell {

/// Effenberger et al., PNAS 2025, n units with a frequency omega, a damping gamma and an excitability alpha
/// each, all trained:
///   y' = y + h (alpha tanh(I u + bi + (W y + bw) / √n) − omega² x − 2 gamma y),   x' = x + h y'
/// The units are the channels of one site. x is recorded; x and y start at zero.
template <std::size_t units_>
struct Horn {
  static constexpr std::string_view name = "horn";
  static constexpr std::size_t units = units_;  ///< n, by which the recurrent input is scaled
  double h = 1;                                 ///< time step

  static constexpr auto numbers = cell::numbers("h", &Horn::h);

  enum Field : std::size_t { u, x, y, inflow, alpha, omega, gamma };
  static constexpr std::array fields{driven(u, "u"),
                                     resting_state(x, "x"),
                                     resting_state(y, "y"),
                                     intermediate(inflow, "inflow"),
                                     trained_channels(alpha, "cell.alpha", 0.02, 0.06),
                                     trained_channels(omega, "cell.omega", 0.1, 0.35),
                                     trained_channels(gamma, "cell.gamma", 0.005, 0.015)};
  static constexpr std::size_t recorded = x;

  /// √n, by Newton's method: std::sqrt is not constexpr.
  static constexpr double root = [] {
    double r = static_cast<double>(units);
    for (int i = 0; i < 64; ++i) r = (r + static_cast<double>(units) / r) / 2;
    return r;
  }();

  /// The input of the step, by a dense layer.
  struct Inflow {
    static constexpr Coupling coupling{
        .name = "cell.i2h", .from = {u}, .bias = true, .reach = Reach::dense, .into = inflow};
  };
  /// The units hear each other, and move.
  struct Swing {
    static constexpr Coupling coupling{.name = "cell.h2h", .from = {y}, .bias = true, .reach = Reach::dense};
    template <class Site>
    static constexpr void update(const Horn& cell, const Site& now, Site& next) {
      using V = typename Site::Value;
      using math::tanh;
      const V force = now[alpha] * tanh(now[inflow] + now.coupled() / V(root));
      const V pull = now[omega] * now[omega] * now[x] + V(2) * now[gamma] * now[y];
      next[y] = now[y] + V(cell.h) * (force - pull);
      next[x] = now[x] + V(cell.h) * next[y];
    }
  };
  using Stages = std::tuple<Inflow, Swing>;
};

}  // namespace nwm::cell
