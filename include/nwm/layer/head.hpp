// The per-pixel multilayer perceptron that turns features into class scores, run over tiles of pixels so that
// all of its activations stay in cache.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/kernels.hpp"
#include "nwm/cell/activation.hpp"
#include "nwm/memory/layout.hpp"

namespace nwm {

namespace head {
/// Widths of the hidden layers; any list will do.
template <std::size_t... widths_>
struct Hidden {
  /// From the features to the scores.
  static constexpr std::array<std::size_t, sizeof...(widths_)> widths{widths_...};
};
/// n→256→256→256→classes, the paper's head for one and two oscillator channels.
using Wide = Hidden<256, 256, 256>;
/// n→32→32→32→32→32→classes, the paper's head for Multi-MNIST.
using Narrow = Hidden<32, 32, 32, 32, 32>;

/// The widths of hidden layers.
template <class H>
concept HeadWidths = requires(std::size_t l) {
  { H::widths.size() } -> std::convertible_to<std::size_t>;
  { H::widths[l] } -> std::convertible_to<std::size_t>;
};
}  // namespace head

namespace layer {

/// y_0 = x, y_{l+1} = f(W_l y_l + b_l), ReLU between the layers and none at the end. Every matrix is (rows,
/// pixels) with pixels contiguous. Parameters in order: W_l (out, in) row-major, b_l.
template <std::size_t in_, std::size_t out_, class Widths>
struct Head {
  /// Features, scores, and how many matrices there are.
  static constexpr std::size_t in = in_, out = out_, layers = Widths::widths.size() + 1;
  /// What stands between the layers.
  static constexpr Activation between = Activation::relu;
  /// Width of layer l: 0 is the input, `layers` the output.
  static constexpr std::size_t width(std::size_t l) {
    return l == 0 ? in : l == layers ? out : Widths::widths[l - 1];
  }
  /// Where the parameters of layer l begin.
  static constexpr std::size_t offset(std::size_t l) {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < l; ++i) sum += width(i + 1) * (width(i) + 1);
    return sum;
  }
  static constexpr std::size_t parameters = offset(layers);  ///< numbers in all
  /// These layers alone, also for what derives from them: kernels are named after it, not after a machine.
  using Plain = Head;
  /// Rows of all hidden layers together, and of the widest layer.
  static constexpr std::size_t hidden = [] {
    std::size_t sum = 0;
    for (std::size_t l = 1; l < layers; ++l) sum += width(l);
    return sum;
  }();
  /// Rows of the widest layer, from layer `first` on.
  static constexpr std::size_t widest_from(std::size_t first) {
    std::size_t most = 0;
    for (std::size_t l = first; l <= layers; ++l) most = std::max(most, width(l));
    return most;
  }
  static constexpr std::size_t widest = widest_from(0);  ///< of all

  /// Appends "<prefix>.{0,2,4…}.weight" (out, in) and ".bias".
  template <class L>
  static constexpr void describe(L& layout, const Name& prefix) {
    for (std::size_t l = 0; l < layers; ++l) {
      layout.add(prefix + "." + 2 * l + ".weight", {width(l + 1), width(l)}, width(l));
      layout.add(prefix + "." + 2 * l + ".bias", {width(l + 1)}, width(l));
    }
  }

  /// Sets scores (out, n) and hidden_ (hidden, n) from x (in, n).
  template <class B, std::size_t n, class Real>
  static void forward(const Real* parameters_, const Real* x, Real* hidden_, Real* scores) {
    forward_from<B, n, 0>(parameters_, x, hidden_, scores);
  }

  /// Adds to parameter_gradient and sets x_gradient (in, n); score_gradient (out, n) belongs to the scores.
  /// work holds 2·widest·n numbers.
  template <class B, std::size_t n, class Real>
  static void backward(const Real* parameters_, const Real* x, const Real* hidden_,
                       const Real* score_gradient, Real* x_gradient, Real* parameter_gradient, Real* work) {
    backward_from<B, n, layers - 1>(parameters_, x, hidden_ + hidden * n, score_gradient, x_gradient,
                                    parameter_gradient, work);
  }

  // The same for who multiplies by the first matrix elsewhere (after_first.hpp).

  /// Sets scores (out, n) and hidden_ (hidden, n) from sums (width(1), n), the first product without its
  /// bias.
  template <class B, std::size_t n, class Real>
  static void forward_from_sums(const Real* parameters_, const Real* sums, Real* hidden_, Real* scores) {
    constexpr std::size_t rows = width(1);
    constexpr Activation f = layers == 1 ? Activation::none : between;
    Real* y = layers == 1 ? scores : hidden_;
    B::copy(rows * n, sums, y);
    B::template add_bias<f>(rows, n, y, n, parameters_ + rows * in);
    if constexpr (layers > 1) forward_from<B, n, 1>(parameters_, y, y + rows * n, scores);
  }

  /// Adds to parameter_gradient, except that of the first matrix, and sets sums_gradient (width(1), n). work
  /// holds 2·widest_from(1)·n numbers.
  template <class B, std::size_t n, class Real>
  static void backward_to_sums(const Real* parameters_, const Real* hidden_, const Real* score_gradient,
                               Real* sums_gradient, Real* parameter_gradient, Real* work) {
    if constexpr (layers == 1) B::copy(out * n, score_gradient, sums_gradient);
    backward_from<B, n, layers - 1, 1>(parameters_, static_cast<const Real*>(nullptr), hidden_ + hidden * n,
                                       score_gradient, sums_gradient, parameter_gradient, work);
  }

 private:
  template <class B, std::size_t n, std::size_t l, class Real>
  static void forward_from(const Real* parameters_, const Real* x, Real* y, Real* scores) {
    constexpr std::size_t rows = width(l + 1), columns = width(l);
    constexpr Activation f = l + 1 == layers ? Activation::none : between;
    Real* to = l + 1 == layers ? scores : y;
    const Real* weight = parameters_ + offset(l);
    B::template multiply<rows, columns, n>(weight, columns, x, n, to, n);
    B::template add_bias<f>(rows, n, to, n, weight + rows * columns);
    if constexpr (l + 1 < layers) forward_from<B, n, l + 1>(parameters_, y, y + rows * n, scores);
  }

  /// `gradient` belongs to the output of layer l before its activation; `above` points behind layer l's
  /// input. x_gradient is that of the input of layer `first`; with first = 1 before the activation, and layer
  /// 0 then has its bias alone.
  template <class B, std::size_t n, std::size_t l, std::size_t first = 0, class Real>
  static void backward_from(const Real* parameters_, const Real* x, const Real* above, const Real* gradient,
                            Real* x_gradient, Real* parameter_gradient, Real* work) {
    constexpr std::size_t rows = width(l + 1), columns = width(l);
    Real* weight_gradient = parameter_gradient + offset(l);
    if constexpr (l < first) {
      B::add_row_sums(rows, n, gradient, n, weight_gradient + rows * columns);
    } else {
      const Real* input = l == 0 ? x : above - columns * n;
      B::template multiply_outer<rows, columns, n>(gradient, n, input, n, weight_gradient, columns);
      B::add_row_sums(rows, n, gradient, n, weight_gradient + rows * columns);
      Real* below = l == first ? x_gradient : work + l % 2 * widest_from(first) * n;
      B::template multiply_transposed<rows, columns, n>(parameters_ + offset(l), columns, gradient, n, below,
                                                        n);
      if constexpr (l > 0) {
        B::template map<Real>(columns * n, kernel::ActivationAdjoint<between, Real>{input, below});
        backward_from<B, n, l - 1, first>(parameters_, x, input, below, x_gradient, parameter_gradient, work);
      }
    }
  }
};

/// What stands at the end of a model, over tiles of pixels (model/pixel_head.hpp): the members of layer::Head
/// under their names, with its meaning.
template <class L>
concept HeadLayer = requires {
  { L::in } -> std::convertible_to<std::size_t>;
  { L::out } -> std::convertible_to<std::size_t>;
  { L::hidden } -> std::convertible_to<std::size_t>;
  { L::widest } -> std::convertible_to<std::size_t>;
  { L::parameters } -> std::convertible_to<std::size_t>;
} && requires(Layout<8>& layout, const Name& prefix) {
  L::describe(layout, prefix);
} && requires(const float* in, float* out) {
  { L::template forward<cpu::Scalar, 4>(in, in, out, out) } -> std::same_as<void>;
} && requires(const float* in, float* out) {
  { L::template backward<cpu::Scalar, 4>(in, in, in, in, out, out, out) } -> std::same_as<void>;
};

}  // namespace layer
}  // namespace nwm

#include "nwm/pop_macros.inc"
