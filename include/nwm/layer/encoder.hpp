// A small stack of 3×3 convolutions that computes one of the cell's fields from the image.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/kernels.hpp"
#include "nwm/cell/activation.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/grid/stencil.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/memory/parts.hpp"

namespace nwm::layer {

/// conv3(c_in→c_mid) relu [conv3(c_mid→c_mid) relu]… conv3(c_mid→c_out) f: `layers` convolutions with bias
/// and zero padding, and `last` as f, like the paper's omega, alpha and hy encoders. Parameters are in the
/// order of the layers, weight before bias.
template <class G, std::size_t c_in, std::size_t c_mid, std::size_t c_out, std::size_t layers,
          Activation last>
struct Encoder {
  static_assert(layers >= 1, "an encoder has at least one convolution");
  /// Convolution l.
  template <std::size_t l>
  using Conv = Stencil<(l == 0 ? c_in : c_mid), (l + 1 == layers ? c_out : c_mid), 3, Zero>;
  /// What follows convolution l.
  template <std::size_t l>
  static constexpr Activation activation = l + 1 == layers ? last : Activation::relu;

  /// Where the parameters of each stand.
  using Convs = NumberedParts<Conv, layers>;
  /// Place of layer l's parameters.
  template <std::size_t l>
  static constexpr std::size_t offset = Convs::template begin<l>;
  static constexpr std::size_t parameters = Convs::size;  ///< numbers in all
  /// Numbers that the forward pass keeps for the backward pass: the outputs of all layers but the last.
  static constexpr std::size_t hidden = (layers - 1) * c_mid * G::sites;
  /// Scratch numbers for the widest layer on backend B.
  template <class B>
  static constexpr std::size_t scratch = [] {
    std::size_t most = 0;
    for_constants<layers>([&](auto l) { most = std::max(most, B::template scratch<Conv<l>, G>); });
    return most;
  }();

  /// Appends "<prefix>.{0,2,4…}.weight" and ".bias".
  template <class L>
  static constexpr void describe(L& layout, const Name& prefix) {
    for_constants<layers>([&](auto l) { Conv<l>::describe(layout, prefix + "." + std::size_t{2 * l}); });
  }

  /// Sets out (c_out, H, W) and hidden from image (c_in, H, W).
  template <class B, class Real>
  static void forward(const Real* parameters_, const Real* image, Real* hidden_, Real* out, Real* scratch_) {
    for_constants<layers>([&](auto l) {
      B::template couple<Conv<l>, G, activation<l>>(
          parameters_ + offset<l>, std::array{input<l>(image, hidden_)},
          l + 1 == layers ? out : hidden_ + l * c_mid * G::sites, scratch_);
    });
  }

  /// Adds to parameter_gradient, and to image_gradient unless null. `gradient` (c_out, H, W) is the gradient
  /// with respect to `out` and is overwritten. `work` holds 2·c_mid·H·W numbers.
  template <class B, class Real>
  static void backward(const Real* parameters_, const Real* image, const Real* hidden_, const Real* out,
                       Real* gradient, Real* parameter_gradient, Real* image_gradient, Real* work,
                       Real* scratch_) {
    step_back<B, layers - 1>(parameters_, image, hidden_, out, gradient, parameter_gradient, image_gradient,
                             work, scratch_);
  }

 private:
  template <std::size_t l, class Real>
  static const Real* input(const Real* image, const Real* hidden_) {
    if constexpr (l == 0) return image;
    else return hidden_ + (l - 1) * c_mid * G::sites;
  }

  template <class B, std::size_t l, class Real>
  static void step_back(const Real* parameters_, const Real* image, const Real* hidden_, const Real* out,
                        Real* gradient, Real* parameter_gradient, Real* image_gradient, Real* work,
                        Real* scratch_) {
    constexpr Activation f = activation<l>;
    if constexpr (f != Activation::none)
      B::template map<Real>(Conv<l>::out * G::sites, kernel::ActivationAdjoint<f, Real>{out, gradient});
    Real* below = image_gradient;
    if constexpr (l > 0) {
      below = work + l % 2 * c_mid * G::sites;
      B::fill(c_mid * G::sites, Real(0), below);
    }
    const Real* in = input<l>(image, hidden_);
    B::template couple_adjoint<Conv<l>, G>(parameters_ + offset<l>, std::array{in}, gradient,
                                           std::array{below}, parameter_gradient + offset<l>, scratch_);
    if constexpr (l > 0)
      step_back<B, l - 1>(parameters_, image, hidden_, in, below, parameter_gradient, image_gradient, work,
                          scratch_);
  }
};

}  // namespace nwm::layer

#include "nwm/pop_macros.inc"
