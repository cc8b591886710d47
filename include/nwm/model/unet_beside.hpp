// A U-Net's training passes on backends that take sums beside a coupling (backend/pass.hpp): in few launches,
// with one pass over memory between two couplings.
#pragma once

#include <array>
#include <cstddef>
#include <tuple>

#include "nwm/cell/activation.hpp"
#include "nwm/layer/double_convolution_beside.hpp"
#include "nwm/layer/transposed_convolution.hpp"
#include "nwm/loss/apply.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::model {

/// UNet's forward and backward pass in training, for the type Net of a UNet.
template <class Net>
class UNetBeside {
  using Layers = typename Net::Layers;
  using Real = typename Net::Real;
  using Backend = typename Net::Backend;
  static constexpr std::size_t levels = Layers::levels;
  template <std::size_t l>
  using GridAt = typename Layers::template GridAt<l>;
  template <std::size_t l>
  using Down = layer::DoubleConvolutionBeside<typename Layers::template DownLayers<l>>;
  template <std::size_t l>
  using Up = layer::DoubleConvolutionBeside<typename Layers::template UpLayers<l>>;
  template <std::size_t l>
  using Rise = typename Layers::template Rise<l>;
  using OutStencil = typename Layers::OutStencil;
  static constexpr std::size_t plane(std::size_t l) { return Layers::plane(l); }
  static constexpr std::size_t pooled_plane(std::size_t l) { return Layers::pooled_plane(l); }
  /// Where the parameters of each begin.
  template <std::size_t l>
  static constexpr std::size_t down = Net::template offset<typename Net::template Down<l>>;
  template <std::size_t l>
  static constexpr std::size_t up = Net::template offset<typename Net::template Up<l>>;
  template <std::size_t l>
  static constexpr std::size_t rise = Net::template offset<Rise<l>>;
  static constexpr std::size_t out = Net::template offset<typename Net::Out>;

 public:
  /// As UNet::forward in training: `p` are the parameters, `moved` the running statistics.
  template <class LayerExecutor, class Batch>
  static void forward(LayerExecutor& executor, const Real* p, Real* moved, Batch& b, std::size_t count) {
    for_constants<levels>([&](auto l) {
      Real* pooled = nullptr;
      if constexpr (l + 1 < levels) pooled = b.pooled[l + 1].data();
      Down<l>::forward(executor, count, p + down<l>, moved + Net::template down_statistics<l>,
                       Net::template below<l>(b), std::get<l>(b.down), pooled);
    });
    for_constants_back<levels - 1>([&](auto l) {
      executor.passes(count, [&](std::size_t i, std::size_t) {
        Rise<l>::template forward_beside<Backend>(p + rise<l>, Net::template lower<l>(b, i),
                                                  b.risen[l].data() + i * plane(l));
      });
      Up<l>::forward(executor, count, p + up<l>, moved + Net::template up_statistics<l>,
                     Net::template joined<l>(b), std::get<l>(b.up), nullptr);
    });
    executor.passes(count, [&](std::size_t i, std::size_t thread) {
      Backend::template couple<OutStencil, GridAt<0>, Activation::none>(
          p + out, std::array{std::get<0>(b.up).out(i)}, scores(b, i), b.scratch[thread].data());
    });
  }

  /// As UNet::backward.
  template <class L, class LayerExecutor, class Batch, class Target, class ShardGradient>
  static void backward(const L& loss, LayerExecutor& executor, const Real* p, Batch& b, std::size_t count,
                       const Target& target, Real scale, double* losses,
                       const ShardGradient& shard_gradient) {
    constexpr std::size_t parts = Backend::template stencil_parts<OutStencil, GridAt<0>, Real>;
    auto& top = std::get<0>(b.up);
    executor.passes(count, [&](std::size_t i, std::size_t thread) {
      loss::apply<Backend, Net::outputs, Net::images, Net::sites>(
          loss, scores(b, i), static_cast<const Real*>(target(i)), static_cast<double>(scale), losses + i,
          b.averaged[thread]);
      const Real* const sent = scores(b, i);
      Backend::run_both(
          Backend::template couple_gradient<OutStencil, GridAt<0>>(std::array{top.out(i)}, sent,
                                                                   partial(b, i) + Partial::out),
          Backend::template couple_back_sums<OutStencil, GridAt<0>>(
              p + out, sent, Up<0>::mask(p + up<0>, top, i, b.up_gradient[0].data() + i * plane(0)),
              top.sums.data() + 2 * i * parts, count * parts));
    });
    std::size_t sum_parts = parts;
    for_constants<levels - 1>([&](auto l) {
      Up<l>::backward(
          executor, count, p + up<l>, Net::template joined<l>(b), std::get<l>(b.up), sum_parts,
          b.up_gradient[l].data(), b.inner.data(),
          [&](std::size_t i) {
            return layer::detail::SetBesidePlanes<GridAt<l + 1>::sites, GridAt<l + 1>::width, Real>{
                b.down_gradient[l].data() + i * plane(l), b.risen_gradient[l].data() + i * plane(l)};
          },
          shard_gradient(0) + up<l>, [&](std::size_t i) { return partial(b, i) + Partial::up(l); });
      sum_parts = fall<l>(executor, p, b, count);
    });
    for_constants_back<levels>([&](auto l) {
      if constexpr (l + 1 < levels)
        sum_parts = Down<l>::mask_pooled(executor, count, p + down<l>, std::get<l>(b.down),
                                         b.pooled_gradient[l + 1].data(), b.down_gradient[l].data());
      const auto backward_from = [&](const auto& end) {
        Down<l>::backward(executor, count, p + down<l>, Net::template below<l>(b), std::get<l>(b.down),
                          sum_parts, b.down_gradient[l].data(), b.inner.data(), end,
                          shard_gradient(0) + down<l>,
                          [&](std::size_t i) { return partial(b, i) + Partial::down(l); });
      };
      if constexpr (l == 0) backward_from(nullptr);
      else
        backward_from([&](std::size_t i) {
          return layer::detail::SetSum<Real>{b.pooled_gradient[l].data() + i * pooled_plane(l)};
        });
    });
    executor.shards(count, [&](std::size_t i, std::size_t shard, std::size_t) {
      Backend::join_gradients(gradient_parts(partial(b, i), shard_gradient(shard)));
    });
  }

  /// Numbers of the parts of a pass's gradients.
  static constexpr std::size_t partial_room() { return Partial::all; }

 private:
  /// Where the parts of the gradients of each stencil stand in those of a pass.
  struct Partial {
    static constexpr std::size_t down(std::size_t level) {
      std::size_t begin = 0;
      for_constants<levels>([&](auto l) { begin += l < level ? Down<l>::partial_room : 0; });
      return begin;
    }
    static constexpr std::size_t up(std::size_t level) {
      std::size_t begin = down(levels);
      for_constants<levels - 1>([&](auto l) { begin += l < level ? Up<l>::partial_room : 0; });
      return begin;
    }
    static constexpr std::size_t rise(std::size_t level) {
      std::size_t begin = up(levels - 1);
      for_constants<levels - 1>(
          [&](auto l) { begin += l < level ? Rise<l>::template gradient_room<Backend> : 0; });
      return begin;
    }
    static constexpr std::size_t out = rise(levels - 1),
                                 all = out + Backend::template scratch<OutStencil, GridAt<0>>;
  };
  template <class Batch>
  static Real* partial(Batch& b, std::size_t i) {
    return b.partial.data() + i * Partial::all;
  }
  /// The parts of all stencils of a pass, to be added to `gradient`.
  static auto gradient_parts(const Real* partial, Real* gradient) {
    using Parts = decltype(Backend::template gradient_parts<OutStencil, GridAt<0>, 1>(partial, gradient));
    std::array<Parts, 2 * levels + 4 * (levels - 1) + 1> all{};
    std::size_t k = 0;
    const auto take = [&](const auto& two) {
      for (const Parts& parts : two) all[k++] = parts;
    };
    for_constants<levels>(
        [&](auto l) { take(Down<l>::gradient_parts(partial + Partial::down(l), gradient + down<l>)); });
    for_constants<levels - 1>([&](auto l) {
      take(Up<l>::gradient_parts(partial + Partial::up(l), gradient + up<l>));
      take(Rise<l>::template gradient_parts<Backend>(partial + Partial::rise(l), gradient + rise<l>));
    });
    all[k] =
        Backend::template gradient_parts<OutStencil, GridAt<0>, 1>(partial + Partial::out, gradient + out);
    return all;
  }

  template <class Batch>
  static Real* scores(Batch& b, std::size_t i) {
    return b.scores.data() + i * Net::images * Net::score_size;
  }
  /// Back from grid l to what rose to it from the grid below; returns the parts of the sums there.
  template <std::size_t l, class LayerExecutor, class Batch>
  static std::size_t fall(LayerExecutor& executor, const Real* p, Batch& b, std::size_t count) {
    constexpr bool lowest = l + 2 == levels;
    constexpr std::size_t parts = Rise<l>::template sum_parts<Backend, Real>;
    executor.passes(count, [&](std::size_t i, std::size_t) {
      const auto back = [&](auto& state, const auto& mask) {
        Rise<l>::template backward_beside<Backend>(
            p + rise<l>, state.out(i), static_cast<const Real*>(b.risen_gradient[l].data() + i * plane(l)),
            mask, state.sums.data() + 2 * i * parts, count * parts, partial(b, i) + Partial::rise(l));
      };
      Real* const to = (lowest ? b.down_gradient : b.up_gradient)[l + 1].data() + i * plane(l + 1);
      if constexpr (lowest) {
        auto& state = std::get<l + 1>(b.down);
        back(state, Down<l + 1>::mask(p + down<l + 1>, state, i, to));
      } else {
        auto& state = std::get<l + 1>(b.up);
        back(state, Up<l + 1>::mask(p + up<l + 1>, state, i, to));
      }
    });
    return parts;
  }
};

}  // namespace nwm::model
