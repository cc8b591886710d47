// A convolutional GRU.
#pragma once

#include <array>
#include <cstddef>
#include <tuple>

#include "nwm/cell/cell.hpp"
#include "nwm/cell/hidden_map.hpp"

namespace nwm::cell {

/// Per step, under a periodic boundary:
///   u = σ(K_z ⋆ [hy; hz] + b_z);   r = σ(K_r ⋆ [hy; hz] + b_r)
///   hz' = (1 − u) hz + u tanh(K_h ⋆ [hy; r ⊙ hz] + b_h);   hy' = HiddenMap(hz')
/// (Cho et al. 2014, convolutional). The update gate, the reset gate and the candidate are three stages,
/// since the candidate's stencil gathers what the reset gate has written. hy is recorded.
struct Gru {
  enum : std::size_t { hy, hz, update_gate, kept, low, high };
  static constexpr std::array fields{encoded_state("hy", 4, Activation::tanh),
                                     encoded_state("hz", 3, Activation::none),
                                     intermediate("update"),
                                     intermediate("kept"),
                                     intermediate("low"),
                                     intermediate("high")};
  static constexpr std::size_t recorded = hy;

  struct UpdateGate {
    static constexpr Coupling coupling{.name = "recurrent_cell.cell.conv_z", .bias = true};
    static constexpr std::array<std::size_t, 2> from{hy, hz};
    static constexpr std::array<std::size_t, 0> reads{};
    static constexpr std::array<std::size_t, 1> writes{update_gate};
    template <class V>
    static constexpr std::array<V, 1> update(const Gru&, const std::array<V, 1>& coupled,
                                             const std::array<V, 0>&) {
      return {math::sigmoid(coupled[0])};
    }
  };

  struct ResetGate {
    static constexpr Coupling coupling{.name = "recurrent_cell.cell.conv_r", .bias = true};
    static constexpr std::array<std::size_t, 2> from{hy, hz};
    static constexpr std::array<std::size_t, 1> reads{hz};
    static constexpr std::array<std::size_t, 1> writes{kept};
    template <class V>
    static constexpr std::array<V, 1> update(const Gru&, const std::array<V, 1>& coupled,
                                             const std::array<V, 1>& site) {
      return {math::sigmoid(coupled[0]) * site[0]};
    }
  };

  struct Candidate {
    static constexpr Coupling coupling{.name = "recurrent_cell.cell.conv_h", .bias = true};
    static constexpr std::array<std::size_t, 2> from{hy, kept};
    static constexpr std::array<std::size_t, 2> reads{hz, update_gate};
    static constexpr std::array<std::size_t, 1> writes{hz};
    template <class V>
    static constexpr std::array<V, 1> update(const Gru&, const std::array<V, 1>& coupled,
                                             const std::array<V, 2>& site) {
      using math::tanh;
      const auto& [hidden, u] = site;
      return {(V(1) - u) * hidden + u * tanh(coupled[0])};
    }
  };

  using Stages = std::tuple<UpdateGate, ResetGate, Candidate, WidenHidden<Gru, hz, low, high>,
                            NarrowHidden<Gru, low, high, hy>>;
};

}  // namespace nwm::cell
