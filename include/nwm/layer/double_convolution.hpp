// The unit U-Nets are built of: twice convolution, batch normalisation, ReLU, over a whole batch.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "nwm/grid/grid.hpp"
#include "nwm/grid/stencil.hpp"
#include "nwm/layer/batch_norm.hpp"
#include "nwm/memory/buffer.hpp"

namespace nwm::layer {

/// relu BN conv3(b→b) relu BN conv3(a→b), convolutions with zero padding and without bias; the input comes in
/// `parts` equal groups of channels. Parameters: weight, γ, β, weight, γ, β; running statistics: mean,
/// variance, mean, variance. A Crew runs f(image, thread) over images, and f(image, shard, thread) with fixed
/// shards.
template <class G, std::size_t parts, std::size_t a, std::size_t b, class B, class Real>
struct DoubleConvolution {
  using First = Stencil<a, b, 3, Zero, false>;
  using Second = Stencil<b, b, 3, Zero, false>;
  using Norm = BatchNorm<b, G::sites>;
  static constexpr std::size_t each = a / parts, size = b * G::sites;
  static constexpr std::size_t second = First::parameters + 2 * b,
                               parameters = second + Second::parameters + 2 * b;
  static constexpr std::size_t statistics = 4 * b;
  static constexpr std::size_t scratch =
      std::max(B::template scratch<First, G>, B::template scratch<Second, G>);
  using Inputs = std::array<const Real*, parts>;
  using InputGradients = std::array<Real*, parts>;

  template <class L>
  static constexpr void describe(L& layout, const Name& prefix) {
    First::describe(layout, prefix + ".0");
    layout.add(prefix + ".1.weight", {b}, 1, Initial::one);
    layout.add(prefix + ".1.bias", {b}, 1, Initial::zero);
    Second::describe(layout, prefix + ".3");
    layout.add(prefix + ".4.weight", {b}, 1, Initial::one);
    layout.add(prefix + ".4.bias", {b}, 1, Initial::zero);
  }
  template <class L>
  static constexpr void describe_statistics(L& layout, const Name& prefix) {
    for (const char* norm : {".1", ".4"}) {
      layout.add(prefix + norm + ".running_mean", {b}, 1, Initial::zero, false);
      layout.add(prefix + norm + ".running_var", {b}, 1, Initial::one, false);
    }
  }

  /// Activations of up to `capacity` images, image by image.
  struct State {
    explicit State(std::size_t capacity)
        : x1(capacity * size),
          y1(capacity * size),
          x2(capacity * size),
          y2(capacity * size),
          sums(capacity * 2 * b) {}
    const Real* out(std::size_t image) const { return y2.data() + image * size; }
    Buffer<Real> x1, y1, x2, y2;
    std::vector<double> sums;
    std::array<double, b> mean1, inverse1, mean2, inverse2;
  };

  /// Sets state.y2 for `count` images; input(image) gives the parts. When training, batch statistics
  /// normalise and move the running ones; otherwise the running ones normalise.
  template <class Crew, class Input>
  static void forward(Crew& crew, std::size_t count, const Real* p, Real* running, bool training,
                      const Input& input, State& s, std::span<Buffer<Real>> scratch_) {
    crew.images(count, [&](std::size_t i, std::size_t thread) {
      B::template couple<First, G, Activation::none>(p, input(i), s.x1.data() + i * size,
                                                     scratch_[thread].data());
    });
    normalise(crew, count, training, p + First::parameters, running, s.x1, s.y1, s.mean1, s.inverse1, s.sums);
    crew.images(count, [&](std::size_t i, std::size_t thread) {
      B::template couple<Second, G, Activation::none>(p + second, Inner{s.y1.data() + i * size},
                                                      s.x2.data() + i * size, scratch_[thread].data());
    });
    normalise(crew, count, training, p + second + Second::parameters, running + 2 * b, s.x2, s.y2, s.mean2,
              s.inverse2, s.sums);
  }

  /// Backward after a training forward: gradient (count images) is that of y2 and is overwritten, inner holds
  /// as many numbers. Adds to input_gradient(image)'s parts (null: left out) and to the shards' parameter
  /// gradients, shard_gradient(shard).
  template <class Crew, class Input, class InputGradient, class ShardGradient>
  static void backward(Crew& crew, std::size_t count, const Real* p, const Input& input, State& s,
                       Real* gradient, Real* inner, const InputGradient& input_gradient,
                       const ShardGradient& shard_gradient, std::span<Buffer<Real>> scratch_) {
    undo_norm(crew, count, p + second + Second::parameters, s.x2, s.y2, s.mean2, s.inverse2, s.sums, gradient,
              shard_gradient(0) + second + Second::parameters);
    crew.shards(count, [&](std::size_t i, std::size_t shard, std::size_t thread) {
      Real* to = inner + i * size;
      B::fill(size, Real(0), to);
      B::template couple_adjoint<Second, G>(p + second, Inner{s.y1.data() + i * size}, gradient + i * size,
                                            std::array{to}, shard_gradient(shard) + second,
                                            scratch_[thread].data());
    });
    undo_norm(crew, count, p + First::parameters, s.x1, s.y1, s.mean1, s.inverse1, s.sums, inner,
              shard_gradient(0) + First::parameters);
    crew.shards(count, [&](std::size_t i, std::size_t shard, std::size_t thread) {
      B::template couple_adjoint<First, G>(p, input(i), inner + i * size, input_gradient(i),
                                           shard_gradient(shard), scratch_[thread].data());
    });
  }

 private:
  using Inner = std::array<const Real*, 1>;
  using Channels = std::array<double, b>;

  /// Adds the images' sums in order: the same whatever the threads.
  static Channels total(std::size_t count, const std::vector<double>& sums, std::size_t stride,
                        std::size_t first) {
    Channels result{};
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t c = 0; c < b; ++c) result[c] += sums[i * stride + first + c];
    return result;
  }

  template <class Crew>
  static void normalise(Crew& crew, std::size_t count, bool training, const Real* gamma, Real* running,
                        const Buffer<Real>& x, Buffer<Real>& y, Channels& mean, Channels& inverse,
                        std::vector<double>& sums) {
    Real* running_variance = running + b;
    if (training) {
      const auto numbers = static_cast<double>(count * G::sites);
      crew.images(count, [&](std::size_t i, std::size_t) {
        Norm::template add_up<B>(x.data() + i * size, sums.data() + i * b);
      });
      mean = total(count, sums, b, 0);
      for (double& m : mean) m /= numbers;
      crew.images(count, [&](std::size_t i, std::size_t) {
        Norm::template add_up_squares<B>(x.data() + i * size, mean.data(), sums.data() + i * b);
      });
      const Channels squares = total(count, sums, b, 0);
      for (std::size_t c = 0; c < b; ++c) {
        const auto move = [&](Real& old, double now) {
          old = static_cast<Real>((1 - Norm::momentum) * static_cast<double>(old) + Norm::momentum * now);
        };
        move(running[c], mean[c]);
        move(running_variance[c], squares[c] / std::max(numbers - 1, 1.0));
        inverse[c] = 1 / std::sqrt(squares[c] / numbers + Norm::epsilon);
      }
    } else {
      for (std::size_t c = 0; c < b; ++c) {
        mean[c] = static_cast<double>(running[c]);
        inverse[c] = 1 / std::sqrt(static_cast<double>(running_variance[c]) + Norm::epsilon);
      }
    }
    crew.images(count, [&](std::size_t i, std::size_t) {
      Norm::template normalise<B>(x.data() + i * size, mean.data(), inverse.data(), gamma, gamma + b,
                                  y.data() + i * size);
    });
  }

  template <class Crew>
  static void undo_norm(Crew& crew, std::size_t count, const Real* gamma, const Buffer<Real>& x,
                        const Buffer<Real>& y, const Channels& mean, const Channels& inverse,
                        std::vector<double>& sums, Real* gradient, Real* gamma_gradient) {
    crew.images(count, [&](std::size_t i, std::size_t) {
      Norm::template mask<B>(x.data() + i * size, y.data() + i * size, mean.data(), inverse.data(),
                             gradient + i * size, sums.data() + i * 2 * b);
    });
    std::array<double, 2 * b> whole;
    const Channels shift = total(count, sums, 2 * b, 0), slope = total(count, sums, 2 * b, b);
    for (std::size_t c = 0; c < b; ++c) {
      whole[c] = shift[c];
      whole[b + c] = slope[c];
      gamma_gradient[c] += static_cast<Real>(slope[c]);
      gamma_gradient[b + c] += static_cast<Real>(shift[c]);
    }
    crew.images(count, [&](std::size_t i, std::size_t) {
      Norm::template backward<B>(x.data() + i * size, mean.data(), inverse.data(), gamma, whole.data(),
                                 static_cast<double>(count * G::sites), gradient + i * size);
    });
  }
};

}  // namespace nwm::layer
