// A convolutional LSTM: a recurrent network with no wave bias, which learns waves all the same.
#pragma once

#include <array>
#include <cstddef>
#include <tuple>

#include "nwm/cell/cell.hpp"
#include "nwm/cell/hidden_map.hpp"

namespace nwm::cell {

/// Per step, under a periodic boundary:
///   [i f g o] = K ⋆ [hy; hz] + b;   hc' = σ(f) hc + σ(i) tanh(g);   hz' = σ(o) tanh(hc');   hy' =
///   HiddenMap(hz')
/// (Shi et al. 2015, with the per-pixel map of arXiv 2502.06034 closing the loop). hy is recorded; hy, hz and
/// hc start from the image.
struct Lstm {
  enum : std::size_t { hy, hz, hc, low, high };
  static constexpr std::array fields{
      encoded_state("hy", 4, Activation::tanh), encoded_state("hz", 3, Activation::none),
      encoded_state("hc", 3, Activation::none), intermediate("low"), intermediate("high")};
  static constexpr std::size_t recorded = hy;

  struct Gates {
    static constexpr Coupling coupling{.name = "recurrent_cell.cell.conv", .groups = 4, .bias = true};
    static constexpr std::array<std::size_t, 2> from{hy, hz};
    static constexpr std::array<std::size_t, 1> reads{hc};
    static constexpr std::array<std::size_t, 2> writes{hz, hc};

    template <class V>
    static constexpr std::array<V, 2> update(const Lstm&, const std::array<V, 4>& coupled,
                                             const std::array<V, 1>& site) {
      using math::sigmoid, math::tanh;
      const auto& [i, f, g, o] = coupled;
      const V memory = sigmoid(f) * site[0] + sigmoid(i) * tanh(g);
      return {sigmoid(o) * tanh(memory), memory};
    }
  };

  using Stages = std::tuple<Gates, WidenHidden<Lstm, hz, low, high>, NarrowHidden<Lstm, low, high, hy>>;
};

}  // namespace nwm::cell
