// A plain convolutional RNN.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>

#include "nwm/cell/cell.hpp"
#include "nwm/cell/hidden_map.hpp"

namespace nwm::cell {

/// Per step, under a periodic boundary: hz' = relu(K_in ⋆ hy + b_in + K_hidden ⋆ hz + b_hidden);
/// hy' = HiddenMap(hz') (Elman 1990, convolutional). hy is recorded.
struct Rnn {
  static constexpr std::string_view name = "rnn";
  enum Field : std::size_t { hy, hz, inflow, low, high };
  static constexpr std::array fields{encoded_state(hy, "hy", 4, Activation::tanh),
                                     encoded_state(hz, "hz", 3, Activation::none),
                                     unused_encoding("hc", 3),  // the authors' checkpoints hold it
                                     intermediate(inflow, "inflow"),
                                     intermediate(low, "low"),
                                     intermediate(high, "high")};
  static constexpr std::size_t recorded = hy;

  /// What hy gives.
  struct Inflow {
    static constexpr Coupling coupling{.name = "recurrent_cell.cell.conv_in", .from = {hy}, .bias = true};
    template <class Site>
    static constexpr void update(const Rnn&, const Site& now, Site& next) {
      next[inflow] = now.coupled();
    }
  };

  /// What the memory hz gives, and the new memory.
  struct Memory {
    static constexpr Coupling coupling{.name = "recurrent_cell.cell.conv_hidden", .from = {hz}, .bias = true};
    template <class Site>
    static constexpr void update(const Rnn&, const Site& now, Site& next) {
      next[hz] = math::relu(now.coupled() + now[inflow]);
    }
  };

  using Stages =
      std::tuple<Inflow, Memory, WidenHidden<Rnn, hz, low, high>, NarrowHidden<Rnn, low, high, hy>>;
};

}  // namespace nwm::cell
