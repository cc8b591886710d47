// The undamped independent controlled oscillatory RNN, in layers.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <utility>

#include "nwm/cell/cell.hpp"

namespace nwm::cell {

/// Rusch and Mishra, arXiv 2103.05487, `layers` layers of n units:
///   z' = z − dt σ(c) (tanh(w y + V u + b) + alpha y),   y' = y + dt σ(c) z'
/// The units are the channels of one site, w and c are trained for each. u is the input of the step, and y'
/// of the layer before in the layers above. y of the last layer is recorded; y and z start at zero.
template <std::size_t layers>
struct UnicornnOf {
  static_assert(layers > 0, "a UnICORNN has at least one layer");
  static constexpr std::string_view name = "unicornn";
  double dt = 0.05;    ///< time step
  double alpha = 0.9;  ///< natural frequency squared, ≥ 0

  static constexpr auto numbers = cell::numbers("dt", &UnicornnOf::dt, "alpha", &UnicornnOf::alpha);

  /// The fields of layer l; the input is the field after those of all layers.
  static constexpr std::size_t y(std::size_t l) { return 4 * l; }
  /// The velocity of layer l.
  static constexpr std::size_t z(std::size_t l) { return 4 * l + 1; }
  /// The weight of a unit of layer l on itself.
  static constexpr std::size_t w(std::size_t l) { return 4 * l + 2; }
  /// What the time step of a unit of layer l is multiplied by, before the logistic function.
  static constexpr std::size_t c(std::size_t l) { return 4 * l + 3; }
  static constexpr std::size_t u = 4 * layers;  ///< the input of the step

  static constexpr auto fields = [] {
    std::array<FieldInfo, 4 * layers + 1> all{};
    for (std::size_t l = 0; l < layers; ++l) {
      const Name layer = Name("cell.") + l;
      all[y(l)] = resting_state(y(l), Name("y") + l);
      all[z(l)] = resting_state(z(l), Name("z") + l);
      all[w(l)] = trained_channels(w(l), layer + ".w", 0, 1);
      all[c(l)] = trained_channels(c(l), layer + ".c", -0.1, 0.1, Transform::logistic);
    }
    all[u] = driven(u, "u");
    return all;
  }();
  static constexpr std::size_t recorded = y(layers - 1);

  /// Layer l: it hears the input, or the layer before it, and moves.
  template <std::size_t l>
  struct Layer {
    static constexpr Coupling coupling{.name = Name("cell.") + l + ".V",
                                       .from = {l == 0 ? u : y(l - (l > 0))},
                                       .bias = true,
                                       .reach = Reach::dense};
    template <class Site>
    static constexpr void update(const UnicornnOf& cell, const Site& now, Site& next) {
      using V = typename Site::Value;
      using math::tanh;
      const V dt = V(cell.dt) * now[c(l)];
      next[z(l)] = now[z(l)] - dt * (tanh(now[w(l)] * now[y(l)] + now.coupled()) + V(cell.alpha) * now[y(l)]);
      next[y(l)] = now[y(l)] + dt * next[z(l)];
    }
  };

 private:
  template <std::size_t... l>
  static auto stages(std::index_sequence<l...>) -> std::tuple<Layer<l>...>;

 public:
  using Stages = decltype(stages(std::make_index_sequence<layers>{}));
};

/// A UnICORNN of two layers.
using Unicornn = UnicornnOf<2>;

}  // namespace nwm::cell
