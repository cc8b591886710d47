// The building block of U-Nets: twice convolution, batch normalisation and ReLU, over a whole batch.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "nwm/backend/pass.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/grid/stencil.hpp"
#include "nwm/layer/batch_norm.hpp"
#include "nwm/memory/parts.hpp"

namespace nwm::layer {

/// relu BN conv3(b→b) relu BN conv3(a→b). The convolutions have zero padding and no bias. The input comes in
/// `parts` equal groups of channels. A batch consists of passes of fields over G, one image or several each.
/// Parameters: weight, γ, β, weight, γ, β; running statistics: mean, variance, mean, variance. A
/// LayerExecutor runs f(pass, thread) over passes, and f(pass, shard, thread) with fixed shards.
template <class G, std::size_t parts, std::size_t a, std::size_t b, class B, class Real>
struct DoubleConvolution {
  /// The first convolution.
  using First = Stencil<a, b, 3, Zero, false>;
  /// The second.
  using Second = Stencil<b, b, 3, Zero, false>;
  /// What follows each of them.
  using Norm = BatchNorm<b, G::sites, B, Real>;
  /// Memory of the backend.
  using Memory = typename B::template Memory<Real>;
  /// Channels of a part of the input, numbers of the output.
  static constexpr std::size_t each = a / parts, size = b * G::sites;
  /// Where the parameters of each stand.
  using Parts = PartList<First, Norm, Second, Norm>;
  /// Where the parameters of each begin, and how many there are.
  static constexpr std::size_t norm1 = Parts::template begin<1>, second = Parts::template begin<2>,
                               norm2 = Parts::template begin<3>, parameters = Parts::size;
  static constexpr std::size_t statistics = 2 * Norm::statistics;  ///< numbers of the running statistics
  /// Numbers of scratch memory.
  static constexpr std::size_t scratch =
      std::max(B::template scratch<First, G>, B::template scratch<Second, G>);

  /// Appends the parameters under "<prefix>.0", ".1", ".3" and ".4", as in the authors' checkpoints.
  template <class L>
  static constexpr void describe(L& layout, const Name& prefix) {
    First::describe(layout, prefix + ".0");
    Norm::describe(layout, prefix + ".1");
    Second::describe(layout, prefix + ".3");
    Norm::describe(layout, prefix + ".4");
  }
  /// Appends the running statistics of both.
  template <class L>
  static constexpr void describe_statistics(L& layout, const Name& prefix) {
    Norm::describe_statistics(layout, prefix + ".1");
    Norm::describe_statistics(layout, prefix + ".4");
  }

  /// Activations of up to `capacity` passes, each (b, G::sites).
  struct State {
    /// Memory for up to `capacity` passes.
    explicit State(std::size_t capacity)
        : x1(capacity * size),
          y1(capacity * size),
          x2(capacity * size),
          y2(capacity * size),
          first(capacity),
          second(capacity),
          sums(sum_room(capacity)) {}
    /// The output of a pass.
    const Real* out(std::size_t pass) const { return y2.data() + pass * size; }
    Memory x1, y1, x2, y2;               ///< what each convolution and each normalisation gave
    typename Norm::State first, second;  ///< of the normalisations
    /// Of the channels, on backends that take them beside (double_convolution_beside.hpp).
    typename B::template Memory<double> sums;
  };

  /// Sets state.y2 for `count` passes; input(pass) returns the parts. `running` and `moved` as in BatchNorm.
  template <class LayerExecutor, class Input>
  static void forward(LayerExecutor& executor, std::size_t count, const Real* p, const Real* running,
                      Real* moved, const Input& input, State& s, std::span<Memory> scratch_) {
    executor.passes(count, [&](std::size_t i, std::size_t thread) {
      B::template couple<First, G, Activation::none>(p, input(i), s.x1.data() + i * size,
                                                     scratch_[thread].data());
    });
    Norm::forward(executor, count, p + norm1, running, moved, s.x1.data(), s.y1.data(), s.first);
    executor.passes(count, [&](std::size_t i, std::size_t thread) {
      B::template couple<Second, G, Activation::none>(p + second, Inner{s.y1.data() + i * size},
                                                      s.x2.data() + i * size, scratch_[thread].data());
    });
    Norm::forward(executor, count, p + norm2, running + Norm::statistics,
                  moved ? moved + Norm::statistics : nullptr, s.x2.data(), s.y2.data(), s.second);
  }

  /// The backward pass after a training forward. `gradient` (count passes) is the gradient with respect to y2
  /// and is overwritten; `inner` is work space of the same size. Sets the parts of input_gradient(pass) (null
  /// parts are left out), and adds to the shards' parameter gradients, shard_gradient(shard).
  template <class LayerExecutor, class Input, class InputGradient, class ShardGradient>
  static void backward(LayerExecutor& executor, std::size_t count, const Real* p, const Input& input,
                       State& s, Real* gradient, Real* inner, const InputGradient& input_gradient,
                       const ShardGradient& shard_gradient, std::span<Memory> scratch_) {
    Norm::backward(executor, count, s.x2.data(), s.y2.data(), s.second, gradient, shard_gradient(0) + norm2);
    executor.shards(count, [&](std::size_t i, std::size_t shard, std::size_t thread) {
      Real* to = inner + i * size;
      B::fill(size, Real(0), to);
      B::template couple_adjoint<Second, G>(p + second, Inner{s.y1.data() + i * size}, gradient + i * size,
                                            std::array{to}, shard_gradient(shard) + second,
                                            scratch_[thread].data());
    });
    Norm::backward(executor, count, s.x1.data(), s.y1.data(), s.first, inner, shard_gradient(0) + norm1);
    executor.shards(count, [&](std::size_t i, std::size_t shard, std::size_t thread) {
      const auto to = input_gradient(i);
      for (Real* part : to)
        if (part) B::fill(each * G::sites, Real(0), part);
      B::template couple_adjoint<First, G>(p, input(i), inner + i * size, to, shard_gradient(shard),
                                           scratch_[thread].data());
    });
  }

 private:
  static constexpr std::size_t sum_room(std::size_t capacity) {
    if constexpr (sums_beside<B>) return B::sum_room(b, capacity * B::template most_parts<G>);
    else return 0;
  }
  using Inner = std::array<const Real*, 1>;
};

}  // namespace nwm::layer

#include "nwm/pop_macros.inc"
