// A plain recurrent network of units that all see each other: the control without waves.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "nwm/cell/cell.hpp"

namespace nwm::cell {

/// Elman 1990: h' = act(W [u; h] + b). The units are the channels of one site. h is recorded and starts at
/// zero.
template <Activation activation = Activation::relu>
struct DenseRnn {
  static constexpr std::string_view name = "dense_rnn";
  enum Field : std::size_t { u, h };
  static constexpr std::array fields{driven(u, "u"), resting_state(h, "h")};
  static constexpr std::size_t recorded = h;
  static constexpr Coupling coupling{.name = "cell.i2h", .from = {u, h}, .bias = true, .reach = Reach::dense};

  template <class Site>
  static constexpr void update(const DenseRnn&, const Site& now, Site& next) {
    next[h] = activate<activation>(now.coupled());
  }
};

}  // namespace nwm::cell
