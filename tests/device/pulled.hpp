// A user's cell, for the tests of waves.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>

#include "nwm/cell/field.hpp"
#include "nwm/cell/math.hpp"

namespace tools {

/// A user's cell: two coupled values, a map that is gathered beside the state, a bias, a scratch field, no
/// adjoint by hand.
struct Pulled {
  static constexpr std::string_view name = "pulled";
  enum Field : std::size_t { u, source, pull };
  static constexpr std::array fields{nwm::cell::encoded_state(u, "u", 1, nwm::Activation::none),
                                     nwm::cell::given_map(source, "source"),
                                     nwm::cell::intermediate(pull, "pull")};
  static constexpr std::size_t recorded = u;
  struct Gather {
    static constexpr nwm::cell::Coupling coupling{
        .name = "gather", .from = {u, source}, .groups = 2, .bias = true};
    template <class Site>
    static constexpr void update(const Pulled&, const Site& now, Site& next) {
      using V = typename Site::Value;
      next[pull] = nwm::math::tanh(now.coupled(0)) * now.coupled(1) - V(0.25) * now[u];
    }
  };
  struct Move {
    static constexpr nwm::cell::Coupling coupling{.name = "move", .from = {pull}, .size = 1};
    template <class Site>
    static constexpr void update(const Pulled&, const Site& now, Site& next) {
      using V = typename Site::Value;
      next[u] = now[u] + V(0.25) * now.coupled() * now[source];
    }
  };
  using Stages = std::tuple<Gather, Move>;
};

}  // namespace tools
