// The U-Net the wave machines are compared with. Batch normalisation couples the images of a batch, so this
// model is run layer by layer over a whole batch: its images spread over threads within each layer, or all of
// them in one field where the backend takes them so.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "nwm/backend/backend.hpp"
#include "nwm/backend/default.hpp"
#include "nwm/backend/pass.hpp"
#include "nwm/grid/shape.hpp"
#include "nwm/loss/apply.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/model/pixel_model.hpp"
#include "nwm/model/unet_beside.hpp"
#include "nwm/model/unet_parts.hpp"

namespace nwm {

/// Sizes of a U-Net: its grid is halved four times.
template <Shape shape, std::size_t width>
concept UNetShape = (width >= 1) && (shape.height % 16 == 0) && (shape.width % 16 == 0) && ValidShape<shape>;

/// Ronneberger et al. 2015 with widths m, 2m, 4m, 8m, 16m over five grids, as in arXiv 2502.06034 (122,071
/// parameters for m = 4 on Multi-MNIST). Of Shape, oscillators, steps and encoder_width are not used; height
/// and width must be multiples of 16. Parameter names and running statistics as in PyTorch checkpoints.
///
/// A batch is passes of `images` images each, one on the processor's backends. On a backend that takes more
/// the whole batch is one pass. Fields of a pass are (channels, images, H, W).
template <Shape shape_, std::size_t width_, class Backend_ = DefaultBackend, class Real_ = float>
requires UNetShape<shape_, width_> && Backend<Backend_> && std::floating_point<Real_>
class UNet : public model::ParametersOverImages<model::UNetParts<shape_, width_, Backend_, Real_>> {
  using Layers = model::UNetParts<shape_, width_, Backend_, Real_>;
  using Base = model::ParametersOverImages<Layers>;

 public:
  static constexpr std::string_view kind = "unet";
  static constexpr std::size_t width = width_;  ///< channels of the widest grid
  using Backend = Backend_;
  using Real = Real_;
  template <class B, class R = Real>
  using with = UNet<shape_, width_, B, R>;
  /// The images of a batch depend on each other: training takes the executor for whole batches.
  static constexpr bool couples_images = true;
  using Base::shape, Base::images, Base::sites, Base::image_size, Base::score_size, Base::outputs;

  /// Running statistics of the batch normalisations: not trained, but part of the model.
  static constexpr auto buffer_layout = layout_of<typename Layers::Statistics>();
  static constexpr std::size_t buffer_count = buffer_layout.size;  ///< numbers of the running statistics

 private:
  friend model::UNetBeside<UNet>;
  static constexpr std::size_t levels = Layers::levels;
  template <std::size_t l>
  using GridAt = typename Layers::template GridAt<l>;
  template <std::size_t l>
  using Down = typename Layers::template Down<l>;
  template <std::size_t l>
  using Up = typename Layers::template Up<l>;
  template <std::size_t l>
  using Rise = typename Layers::template Rise<l>;
  template <std::size_t l>
  using Pool = typename Layers::template Pool<l>;
  using Out = typename Layers::Out;
  // What kernels are made of: nvcc takes no name with a class-valued argument, such as Shape, into one.
  using OutStencil = typename Layers::OutStencil;
  using Memory = typename Backend::template Memory<Real>;
  static constexpr std::size_t plane(std::size_t l) { return Layers::plane(l); }
  static constexpr std::size_t pooled_plane(std::size_t l) { return Layers::pooled_plane(l); }
  template <class P>
  static constexpr std::size_t offset = Base::template offset<P>;
  template <std::size_t l>
  static constexpr std::size_t down_statistics =
      Layers::Statistics::template offset<typename Layers::template DownStatistics<l>>;
  template <std::size_t l>
  static constexpr std::size_t up_statistics =
      Layers::Statistics::template offset<typename Layers::template UpStatistics<l>>;

 public:
  /// How a U-Net starts.
  struct Options {
    std::uint64_t seed = 0;  ///< of the initial values
  };
  /// Initial values as PyTorch's: uniform ±1/sqrt(fan_in); running statistics 0 and 1.
  explicit UNet(const Options& options = Options{}) : Base(options.seed), buffers_(buffer_layout, 0) {}

  /// The running statistics.
  std::span<Real, buffer_count> buffers() { return buffers_.span(); }
  /// The running statistics.
  std::span<const Real, buffer_count> buffers() const { return buffers_.span(); }

  /// Activations and gradients of up to `capacity` passes, in the backend's memory, and scratch for `threads`
  /// threads.
  class Batch {
   public:
    /// Allocates all of it.
    Batch(std::size_t capacity_, std::size_t threads)
        : capacity(capacity_),
          pictures(capacity_ * images * image_size),
          scores(capacity_ * images * score_size),
          down(states(capacity_)),
          up(up_states(capacity_)),
          inner(capacity_ * widest()),
          down_gradient(fields(capacity_, plane)),
          pooled(fields(capacity_, pooled_plane)),
          pooled_gradient(fields(capacity_, pooled_plane)),
          up_gradient(fields(capacity_, risen_plane)),
          risen(fields(capacity_, risen_plane)),
          risen_gradient(fields(capacity_, risen_plane)),
          partial(capacity_ * partial_room()) {
      averaged.resize(threads);
      for (std::size_t t = 0; t < threads; ++t) scratch.emplace_back(scratch_size());
    }
    /// The pictures of pass i (image_channels, images, H, W).
    std::span<Real> image(std::size_t i) {
      return {pictures.data() + i * images * image_size, images * image_size};
    }
    /// The scores of pass i (outputs, images, H, W).
    std::span<const Real, images * score_size> score(std::size_t i) const {
      return std::span<const Real, images * score_size>(scores.data() + i * images * score_size,
                                                        images * score_size);
    }
    const std::size_t capacity;  ///< the most passes

   private:
    friend UNet;
    friend model::UNetBeside<UNet>;
    static auto states(std::size_t n) {
      return [&]<std::size_t... l>(std::index_sequence<l...>) {
        return std::tuple<typename Down<l>::State...>{typename Down<l>::State(n)...};
      }(std::make_index_sequence<levels>{});
    }
    static auto up_states(std::size_t n) {
      return [&]<std::size_t... l>(std::index_sequence<l...>) {
        return std::tuple<typename Up<l>::State...>{typename Up<l>::State(n)...};
      }(std::make_index_sequence<levels - 1>{});
    }
    /// One memory a level, for n fields of size(level).
    using Fields = std::array<Memory, levels>;
    static Fields fields(std::size_t n, std::size_t (*size)(std::size_t)) {
      return [&]<std::size_t... l>(std::index_sequence<l...>) {
        return Fields{Memory(n * size(l))...};
      }(std::make_index_sequence<levels>{});
    }
    /// Nothing rises to the lowest grid.
    static constexpr std::size_t risen_plane(std::size_t l) { return l + 1 < levels ? plane(l) : 0; }
    static constexpr std::size_t widest() {
      std::size_t most = 0;
      for_constants<levels>([&](auto l) { most = std::max(most, plane(l)); });
      return most;
    }
    static constexpr std::size_t partial_room() {
      if constexpr (sums_beside<Backend>) return model::UNetBeside<UNet>::partial_room();
      else return 0;
    }
    static constexpr std::size_t scratch_size() {
      std::size_t most = Backend::template scratch<OutStencil, GridAt<0>>;
      for_constants<levels>([&](auto l) { most = std::max(most, Down<l>::scratch); });
      for_constants_back<levels - 1>(
          [&](auto l) { most = std::max({most, Up<l>::scratch, Rise<l>::scratch}); });
      return most;
    }

    Memory pictures, scores;
    decltype(states(1)) down;
    decltype(up_states(1)) up;
    Memory inner;
    Fields down_gradient, pooled, pooled_gradient, up_gradient, risen, risen_gradient;
    Memory partial;  // of the parameters' gradients, where they are added up at the end
    std::vector<Memory> scratch;
    std::vector<loss::PoolMemory<Backend, Real, outputs, images>> averaged;  // for losses that pool
  };

  /// Sets batch.score(i) for the first `count` passes of the batch. training: normalise by the batch's
  /// statistics and move the running ones (buffers()), else as evaluate.
  template <class LayerExecutor>
  void forward(LayerExecutor& executor, Batch& b, std::size_t count, bool training) {
    run(executor, b, count, training ? buffers_.data() : nullptr);
  }
  /// Sets batch.score(i) for the first `count` passes, normalising by the running statistics.
  template <class LayerExecutor>
  void evaluate(LayerExecutor& executor, Batch& b, std::size_t count) const {
    run(executor, b, count, nullptr);
  }

  /// After forward(training): target(i) is the encoded target of pass i (EncodedTarget). losses[i] is set to
  /// the loss summed over pass i; `scale` times the gradient is added to the shards' vectors
  /// shard_gradient(shard). All three lie in the backend's memory.
  template <loss::Loss L, class LayerExecutor, class Target, class ShardGradient>
  requires loss::LossFor<L, outputs>
  void backward(const L& loss, LayerExecutor& executor, Batch& b, std::size_t count, const Target& target,
                Real scale, double* losses, const ShardGradient& shard_gradient) {
    const Real* p = this->place();
    if constexpr (sums_beside<Backend>) {
      model::UNetBeside<UNet>::backward(loss, executor, p, b, count, target, scale, losses, shard_gradient);
    } else {
      executor.shards(count, [&](std::size_t i, std::size_t shard, std::size_t thread) {
        Real* scores = b.scores.data() + i * images * score_size;
        loss::apply<Backend, outputs, images, sites>(loss, scores, static_cast<const Real*>(target(i)),
                                                     static_cast<double>(scale), losses + i,
                                                     b.averaged[thread]);
        Real* below_ = b.up_gradient[0].data() + i * plane(0);
        Backend::fill(plane(0), Real(0), below_);
        Backend::template couple_adjoint<OutStencil, GridAt<0>>(
            p + offset<Out>, std::array{std::get<0>(b.up).out(i)}, scores, std::array{below_},
            shard_gradient(shard) + offset<Out>, b.scratch[thread].data());
      });
      UNet* const self = this;
      for_constants<levels - 1>(
          [&](auto l) { self->template back_up<l>(executor, b, count, shard_gradient); });
      for_constants_back<levels>(
          [&](auto l) { self->template back_down<l>(executor, b, count, shard_gradient); });
    }
  }

 private:
  /// `moved`: the running statistics that move in training, null in evaluation.
  template <class LayerExecutor>
  void run(LayerExecutor& executor, Batch& b, std::size_t count, Real* moved) const {
    const Real* p = this->place();
    const Real* running = buffers_.data();
    if constexpr (sums_beside<Backend>)
      if (moved) {
        model::UNetBeside<UNet>::forward(executor, p, moved, b, count);
        return;
      }
    const auto from = [&](std::size_t begin) { return moved ? moved + begin : nullptr; };
    for_constants<levels>([&](auto l) {
      if constexpr (l > 0)
        executor.passes(count, [&](std::size_t i, std::size_t) {
          Pool<l>::template forward<Backend>(std::get<l - 1>(b.down).out(i),
                                             b.pooled[l].data() + i * pooled_plane(l));
        });
      Down<l>::forward(executor, count, p + offset<Down<l>>, running + down_statistics<l>,
                       from(down_statistics<l>), below<l>(b), std::get<l>(b.down), b.scratch);
    });
    for_constants_back<levels - 1>([&](auto l) {
      executor.passes(count, [&](std::size_t i, std::size_t thread) {
        Rise<l>::template forward<Backend>(p + offset<Rise<l>>, lower<l>(b, i),
                                           b.risen[l].data() + i * plane(l), b.scratch[thread].data());
      });
      Up<l>::forward(executor, count, p + offset<Up<l>>, running + up_statistics<l>, from(up_statistics<l>),
                     joined<l>(b), std::get<l>(b.up), b.scratch);
    });
    executor.passes(count, [&](std::size_t i, std::size_t thread) {
      Backend::template couple<OutStencil, GridAt<0>, Activation::none>(
          p + offset<Out>, std::array{std::get<0>(b.up).out(i)}, b.scores.data() + i * images * score_size,
          b.scratch[thread].data());
    });
  }

  /// What the double convolution of grid l takes on the way down: the image or the pooled grid above.
  template <std::size_t l>
  static auto below(Batch& b) {
    return [&b](std::size_t i) {
      if constexpr (l == 0) return std::array<const Real*, 1>{b.pictures.data() + i * images * image_size};
      else return std::array<const Real*, 1>{b.pooled[l].data() + i * pooled_plane(l)};
    };
  }
  /// What rises to grid l: the output of grid l + 1.
  template <std::size_t l>
  static const Real* lower(Batch& b, std::size_t i) {
    if constexpr (l == levels - 2) return std::get<levels - 1>(b.down).out(i);
    else return std::get<l + 1>(b.up).out(i);
  }
  /// The skip connection, then what has risen.
  template <std::size_t l>
  static auto joined(Batch& b) {
    return [&b](std::size_t i) {
      return std::array<const Real*, 2>{std::get<l>(b.down).out(i), b.risen[l].data() + i * plane(l)};
    };
  }

  template <std::size_t l, class LayerExecutor, class ShardGradient>
  void back_up(LayerExecutor& executor, Batch& b, std::size_t count, const ShardGradient& shard_gradient) {
    const Real* p = this->place();
    Up<l>::backward(
        executor, count, p + offset<Up<l>>, joined<l>(b), std::get<l>(b.up), b.up_gradient[l].data(),
        b.inner.data(),
        [&](std::size_t i) {
          return std::array<Real*, 2>{b.down_gradient[l].data() + i * plane(l),
                                      b.risen_gradient[l].data() + i * plane(l)};
        },
        [&](std::size_t shard) { return shard_gradient(shard) + offset<Up<l>>; }, b.scratch);
    auto& lower_gradient = l == levels - 2 ? b.down_gradient[l + 1] : b.up_gradient[l + 1];
    executor.shards(count, [&](std::size_t i, std::size_t shard, std::size_t thread) {
      Rise<l>::template backward<Backend>(p + offset<Rise<l>>, lower<l>(b, i),
                                          b.risen_gradient[l].data() + i * plane(l),
                                          lower_gradient.data() + i * plane(l + 1),
                                          shard_gradient(shard) + offset<Rise<l>>, b.scratch[thread].data());
    });
  }

  template <std::size_t l, class LayerExecutor, class ShardGradient>
  void back_down(LayerExecutor& executor, Batch& b, std::size_t count, const ShardGradient& shard_gradient) {
    Down<l>::backward(
        executor, count, this->place() + offset<Down<l>>, below<l>(b), std::get<l>(b.down),
        b.down_gradient[l].data(), b.inner.data(),
        [&](std::size_t i) {
          return std::array<Real*, 1>{l == 0 ? nullptr : b.pooled_gradient[l].data() + i * pooled_plane(l)};
        },
        [&](std::size_t shard) { return shard_gradient(shard) + offset<Down<l>>; }, b.scratch);
    if constexpr (l > 0)
      executor.passes(count, [&](std::size_t i, std::size_t) {
        Pool<l>::template backward<Backend>(std::get<l - 1>(b.down).out(i),
                                            b.pooled_gradient[l].data() + i * pooled_plane(l),
                                            b.down_gradient[l - 1].data() + i * plane(l - 1));
      });
  }

  model::ParameterVector<Backend, Real, buffer_count> buffers_;
};

}  // namespace nwm

#include "nwm/pop_macros.inc"
