// A convolutional GRU.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
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
  static constexpr std::string_view name = "gru";
  enum Field : std::size_t { hy, hz, update_gate, kept, low, high };
  static constexpr std::array fields{encoded_state(hy, "hy", 4, Activation::tanh),
                                     encoded_state(hz, "hz", 3, Activation::none),
                                     unused_encoding("hc", 3),  // the authors' checkpoints hold it
                                     intermediate(update_gate, "update"),
                                     intermediate(kept, "kept"),
                                     intermediate(low, "low"),
                                     intermediate(high, "high")};
  static constexpr std::size_t recorded = hy;

  /// u, how much of the memory is replaced.
  struct UpdateGate {
    static constexpr Coupling coupling{.name = "recurrent_cell.cell.conv_z", .from = {hy, hz}, .bias = true};
    template <class Site>
    static constexpr void update(const Gru&, const Site& now, Site& next) {
      next[update_gate] = math::sigmoid(now.coupled());
    }
  };

  /// r, how much of the memory the candidate sees; r ⊙ hz is kept.
  struct ResetGate {
    static constexpr Coupling coupling{.name = "recurrent_cell.cell.conv_r", .from = {hy, hz}, .bias = true};
    template <class Site>
    static constexpr void update(const Gru&, const Site& now, Site& next) {
      next[kept] = math::sigmoid(now.coupled()) * now[hz];
    }
  };

  /// The candidate, and the memory mixed with it.
  struct Candidate {
    static constexpr Coupling coupling{
        .name = "recurrent_cell.cell.conv_h", .from = {hy, kept}, .bias = true};
    template <class Site>
    static constexpr void update(const Gru&, const Site& now, Site& next) {
      using V = typename Site::Value;
      next[hz] = (V(1) - now[update_gate]) * now[hz] + now[update_gate] * math::tanh(now.coupled());
    }
  };

  using Stages = std::tuple<UpdateGate, ResetGate, Candidate, WidenHidden<Gru, hz, low, high>,
                            NarrowHidden<Gru, low, high, hy>>;
};

}  // namespace nwm::cell
