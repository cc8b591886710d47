// A plain convolutional RNN.
#pragma once

#include <array>
#include <cstddef>
#include <tuple>

#include "nwm/cell/cell.hpp"
#include "nwm/cell/hidden_map.hpp"

namespace nwm::cell {

/// Per step, under a periodic boundary: hz' = relu(K_in ⋆ hy + b_in + K_hidden ⋆ hz + b_hidden);
/// hy' = HiddenMap(hz') (Elman 1990, convolutional). hy is recorded.
struct Rnn {
  enum : std::size_t { hy, hz, inflow, low, high };
  static constexpr std::array fields{encoded_state("hy", 4, Activation::tanh),
                                     encoded_state("hz", 3, Activation::none), intermediate("inflow"),
                                     intermediate("low"), intermediate("high")};
  static constexpr std::size_t recorded = hy;

  struct Inflow {
    static constexpr Coupling coupling{.name = "recurrent_cell.cell.conv_in", .bias = true};
    static constexpr std::array<std::size_t, 1> from{hy};
    static constexpr std::array<std::size_t, 0> reads{};
    static constexpr std::array<std::size_t, 1> writes{inflow};
    template <class V>
    static constexpr std::array<V, 1> update(const Rnn&, const std::array<V, 1>& coupled,
                                             const std::array<V, 0>&) {
      return coupled;
    }
  };

  struct Memory {
    static constexpr Coupling coupling{.name = "recurrent_cell.cell.conv_hidden", .bias = true};
    static constexpr std::array<std::size_t, 1> from{hz};
    static constexpr std::array<std::size_t, 1> reads{inflow};
    static constexpr std::array<std::size_t, 1> writes{hz};
    template <class V>
    static constexpr std::array<V, 1> update(const Rnn&, const std::array<V, 1>& coupled,
                                             const std::array<V, 1>& site) {
      return {math::relu(coupled[0] + site[0])};
    }
  };

  using Stages =
      std::tuple<Inflow, Memory, WidenHidden<Rnn, hz, low, high>, NarrowHidden<Rnn, low, high, hy>>;
};

}  // namespace nwm::cell
