// A convolutional LSTM: a recurrent network with no wave bias, which learns waves all the same.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>

#include "nwm/cell/cell.hpp"
#include "nwm/cell/hidden_map.hpp"

namespace nwm::cell {

/// Per step, under a periodic boundary:
///   [i f g o] = K ⋆ [hy; hz] + b;   hc' = σ(f) hc + σ(i) tanh(g);
///   hz' = σ(o) tanh(hc');   hy' = HiddenMap(hz')
/// (Shi et al. 2015, with the per-pixel map of arXiv 2502.06034 closing the loop). hy is recorded; hy, hz and
/// hc start from the image.
struct Lstm {
  static constexpr std::string_view name = "lstm";
  enum Field : std::size_t { hy, hz, hc, low, high };
  static constexpr std::array fields{
      encoded_state(hy, "hy", 4, Activation::tanh), encoded_state(hz, "hz", 3, Activation::none),
      encoded_state(hc, "hc", 3, Activation::none), intermediate(low, "low"), intermediate(high, "high")};
  static constexpr std::size_t recorded = hy;

  /// The four gates, and what they do to the memories.
  struct Gates {
    /// Input, forget, candidate and output gate, as groups of the coupling.
    enum Gate : std::size_t { i, f, g, o };
    static constexpr Coupling coupling{
        .name = "recurrent_cell.cell.conv", .from = {hy, hz}, .groups = 4, .bias = true};

    template <class Site>
    static constexpr void update(const Lstm&, const Site& now, Site& next) {
      using V = typename Site::Value;
      using math::sigmoid, math::tanh;
      const V memory = sigmoid(now.coupled(f)) * now[hc] + sigmoid(now.coupled(i)) * tanh(now.coupled(g));
      next[hz] = sigmoid(now.coupled(o)) * tanh(memory);
      next[hc] = memory;
    }
  };

  using Stages = std::tuple<Gates, WidenHidden<Lstm, hz, low, high>, NarrowHidden<Lstm, low, high, hy>>;
};

}  // namespace nwm::cell
