// DoubleConvolution in training, on backends that take sums beside a coupling (backend/pass.hpp): what is
// between two convolutions is one launch and one pass over memory in each direction.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include "nwm/layer/batch_norm_beside.hpp"
#include "nwm/layer/double_convolution.hpp"
#include "nwm/layer/pooling.hpp"

namespace nwm::layer {

namespace detail {
/// The end of a coupling's adjoint: sets to (channels, sites).
template <class Real>
struct SetSum {
  Real* to;
  constexpr void operator()(std::size_t at, const std::array<Real, 1>& sum) const { to[at] = sum[0]; }
};
}  // namespace detail

/// For the layer type DoubleConvolution<...>: its forward and backward pass, with its State and parameters.
template <class Layer>
struct DoubleConvolutionBeside;

/// Sums of a channel stand in state.sums, part after part and pass after pass.
template <class G, std::size_t parts, std::size_t a, std::size_t b, class B, class Real>
struct DoubleConvolutionBeside<DoubleConvolution<G, parts, a, b, B, Real>> {
  using Layer = DoubleConvolution<G, parts, a, b, B, Real>;
  using State = typename Layer::State;
  using First = typename Layer::First;
  using Second = typename Layer::Second;
  using Norm = BatchNormBeside<b, G::sites, B, Real>;
  /// Numbers of a pass, and of what is pooled of it.
  static constexpr std::size_t size = Layer::size, pooled_size = size / 4;
  /// Numbers of the parts of the parameters' gradients of a pass; where those of the second stencil begin.
  static constexpr std::size_t second_partial = B::template scratch<First, G>,
                               partial_room = second_partial + B::template scratch<Second, G>;

  /// Sets state.y2 for `count` passes; input(pass) returns the parts. Moves the running statistics `moved`.
  /// `pooled` (count, b, G::sites / 4) is set to the maxima of 2×2 sites of y2, where G is even;
  /// null: left out.
  template <class LayerExecutor, class Input>
  static void forward(LayerExecutor& executor, std::size_t count, const Real* p, Real* moved,
                      const Input& input, State& s, Real* pooled) {
    couple<First>(executor, count, p, input, s.x1.data(), s);
    Norm::forward(executor, count, p + Layer::norm1, moved, s.first, parts_of<First>, s.sums.data(), G::sites,
                  [&](std::size_t i) {
                    return detail::NormaliseRelu<Real>{s.x1.data() + i * size, s.y1.data() + i * size};
                  });
    couple<Second>(executor, count, p + Layer::second, inner(s), s.x2.data(), s);
    Real* const moved2 = moved + Layer::Norm::statistics;
    if (pooled) {
      if constexpr (G::width % 2 == 0 && G::height % 2 == 0)
        Norm::forward(executor, count, p + Layer::norm2, moved2, s.second, parts_of<Second>, s.sums.data(),
                      G::sites / 4, [&](std::size_t i) {
                        return detail::NormalisePool<G::width, Real>{
                            s.x2.data() + i * size, s.y2.data() + i * size, pooled + i * pooled_size};
                      });
    } else {
      Norm::forward(executor, count, p + Layer::norm2, moved2, s.second, parts_of<Second>, s.sums.data(),
                    G::sites, [&](std::size_t i) {
                      return detail::NormaliseRelu<Real>{s.x2.data() + i * size, s.y2.data() + i * size};
                    });
    }
  }

  /// What a coupling's adjoint to y2 of pass i ends with: it sets gradient (b, G::sites) of that pass for
  /// `backward`, which its sums go to, too.
  static detail::MaskAndSlope<Real> mask(const Real* p, const State& s, std::size_t i, Real* gradient) {
    return Norm::mask(p + Layer::norm2, s.second, s.x2.data() + i * size, gradient);
  }
  /// Masks `gradient` (count passes), to which what comes from the pooled field is added, and sets the sums.
  /// Returns the parts of a pass.
  template <class LayerExecutor>
  static std::size_t mask_pooled(LayerExecutor& executor, std::size_t count, const Real* p, State& s,
                                 const Real* pooled_gradient, Real* gradient) {
    constexpr std::size_t n = G::sites / 4;
    const std::size_t each = B::row_parts(b, n);
    executor.passes(count, [&](std::size_t i, std::size_t) {
      B::template sum_rows_beside<Real>(
          b, n,
          detail::PoolMaskAndSlope<n, G::width, Real>{
              mask(p, s, i, gradient + i * size), s.y2.data() + i * size, pooled_gradient + i * pooled_size},
          s.sums.data() + 2 * i * each, count * each);
    });
    return each;
  }

  /// The backward pass from `gradient` as mask() or mask_pooled() left it, with the sums in `sum_parts` parts
  /// a pass; it is overwritten, `inner_` is work space of the same size. end(pass) is what the adjoint of the
  /// first convolution ends with; null: left out. Adds the normalisations' gradients to parameter_gradient,
  /// and sets partial(pass), partial_room numbers.
  template <class LayerExecutor, class Input, class End, class Partial>
  static void backward(LayerExecutor& executor, std::size_t count, const Real* p, const Input& input,
                       State& s, std::size_t sum_parts, Real* gradient, Real* inner_, const End& end,
                       Real* parameter_gradient, const Partial& partial) {
    const std::size_t between = parts_of<Second>;
    Norm::backward(executor, count, s.x2.data(), s.second, sum_parts, s.sums.data(), gradient,
                   parameter_gradient + Layer::norm2);
    executor.passes(count, [&](std::size_t i, std::size_t) {
      const Real* const sent = gradient + i * size;
      B::run_both(B::template couple_gradient<Second, G>(inner(s)(i), sent, partial(i) + second_partial),
                  B::template couple_back_sums<Second, G>(
                      p + Layer::second, sent,
                      Norm::mask(p + Layer::norm1, s.first, s.x1.data() + i * size, inner_ + i * size),
                      s.sums.data() + 2 * i * between, count * between));
    });
    Norm::backward(executor, count, s.x1.data(), s.first, between, s.sums.data(), inner_,
                   parameter_gradient + Layer::norm1);
    executor.passes(count, [&](std::size_t i, std::size_t) {
      const Real* const sent = inner_ + i * size;
      const auto weights = B::template couple_gradient<First, G>(input(i), sent, partial(i));
      if constexpr (std::is_same_v<End, std::nullptr_t>) B::run(weights);
      else B::run_both(weights, B::template couple_back<First, G, parts>(p, sent, end(i)));
    });
  }
  /// What backward() left in `partial` of a pass, for join_gradients to add to parameter_gradient.
  static auto gradient_parts(const Real* partial, Real* parameter_gradient) {
    return std::array{B::template gradient_parts<First, G, parts>(partial, parameter_gradient),
                      B::template gradient_parts<Second, G, 1>(partial + second_partial,
                                                               parameter_gradient + Layer::second)};
  }

 private:
  template <class S>
  static constexpr std::size_t parts_of = B::template stencil_parts<S, G, Real>;

  static auto inner(const State& s) {
    return [&s](std::size_t i) { return std::array<const Real*, 1>{s.y1.data() + i * size}; };
  }
  template <class S, class LayerExecutor, class Input>
  static void couple(LayerExecutor& executor, std::size_t count, const Real* p, const Input& input, Real* x,
                     State& s) {
    executor.passes(count, [&](std::size_t i, std::size_t) {
      B::run(B::template couple_sums<S, G>(p, input(i), detail::KeepAndSquare<Real>{x + i * size},
                                           s.sums.data() + 2 * i * parts_of<S>, count * parts_of<S>));
    });
  }
};

}  // namespace nwm::layer

#include "nwm/pop_macros.inc"
