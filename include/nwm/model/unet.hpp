// The U-Net the wave machines are compared with. Batch normalisation couples the images of a batch, so this
// model is run layer by layer over a whole batch: its images spread over threads within each layer, or all of
// them in one field where the backend takes them so.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "nwm/backend/backend.hpp"
#include "nwm/backend/default.hpp"
#include "nwm/backend/pass.hpp"
#include "nwm/grid/shape.hpp"
#include "nwm/layer/cross_entropy.hpp"
#include "nwm/layer/double_convolution.hpp"
#include "nwm/layer/pooling.hpp"
#include "nwm/layer/transposed_convolution.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/model/parameter_vector.hpp"

namespace nwm {

/// Sizes of a U-Net: its grid is halved four times.
template <Shape shape, std::size_t width>
concept UNetShape = (width >= 1) && (shape.height % 16 == 0) && (shape.width % 16 == 0) && ValidShape<shape>;

/// Ronneberger et al. 2015 with widths m, 2m, 4m, 8m, 16m over five grids (systems: 122,071 parameters for m
/// = 4 on Multi-MNIST). Of Shape, oscillators, steps and encoder_width are not used; height and width must be
/// multiples of 16. Parameter names and running statistics as in PyTorch checkpoints.
///
/// A batch is passes of `images` images each, one on the processor's backends. On a backend that takes more
/// the whole batch is one pass. Fields of a pass are (channels, images, H, W).
template <Shape shape_, std::size_t width_, class Backend_ = DefaultBackend, class Real_ = float>
requires UNetShape<shape_, width_> && Backend<Backend_> && std::floating_point<Real_>
class UNet {
 public:
  static constexpr Shape shape = shape_;
  static constexpr std::size_t width = width_;
  using Backend = Backend_;
  using Real = Real_;
  template <class B, class R = Real>
  using with = UNet<shape_, width_, B, R>;
  /// The images of a batch depend on each other: training takes the executor for whole batches.
  static constexpr bool couples_images = true;

  static constexpr std::size_t sites = shape.sites(), image_size = shape.image_channels * sites;
  static constexpr std::size_t score_size = shape.classes * sites;
  static constexpr std::size_t images =
      PassGrid<Backend, Grid<shape.height, shape.width, Zero>>::sites / sites;  ///< of one pass

 private:
  static constexpr std::size_t levels = 5;
  static constexpr std::size_t halved(std::size_t side, std::size_t times) { return side >> times; }
  template <std::size_t l>
  using GridAt = PassGrid<Backend, Grid<halved(shape.height, l), halved(shape.width, l), Zero>>;
  static constexpr std::size_t channels(std::size_t l) { return width_ << l; }
  /// Numbers of a pass at level l, and of its field pooled from the level above.
  static constexpr std::size_t plane(std::size_t l) { return channels(l) * images * (sites >> 2 * l); }
  static constexpr std::size_t pooled_plane(std::size_t l) { return l == 0 ? 0 : plane(l - 1) / 4; }
  using Memory = typename Backend::template Memory<Real>;

  template <std::size_t l>
  using Down = layer::DoubleConvolution<GridAt<l>, 1, (l == 0 ? shape.image_channels : channels(l) / 2),
                                        channels(l), Backend, Real>;
  template <std::size_t l>
  using Up = layer::DoubleConvolution<GridAt<l>, 2, 2 * channels(l), channels(l), Backend, Real>;
  template <std::size_t l>  // from the grid below, l + 1, to grid l
  using Rise = layer::TransposedConvolution<channels(l + 1), channels(l), GridAt<l + 1>>;
  template <std::size_t l>  // from grid l − 1 to grid l
  using Pool = layer::MaxPool<channels(l - 1), GridAt<l - 1>>;
  using Out = Stencil<channels(0), shape.classes, 1, Zero>;

  // Order of the checkpoints: inc, down1..4, then from the lowest grid up: up1.up, up1.conv, ..., outc.
  template <std::size_t l>
  static constexpr std::size_t down_offset() {
    if constexpr (l == 0) return 0;
    else return down_offset<l - 1>() + Down<l - 1>::parameters;
  }
  template <std::size_t l>
  static constexpr std::size_t rise_offset() {
    if constexpr (l == levels - 2) return down_offset<levels - 1>() + Down<levels - 1>::parameters;
    else return rise_offset<l + 1>() + Rise<l + 1>::parameters + Up<l + 1>::parameters;
  }
  template <std::size_t l>
  static constexpr std::size_t up_offset() {
    return rise_offset<l>() + Rise<l>::parameters;
  }
  static constexpr std::size_t out_offset = rise_offset<0>() + Rise<0>::parameters + Up<0>::parameters;
  template <std::size_t l>
  static constexpr std::size_t down_statistics() {
    if constexpr (l == 0) return 0;
    else return down_statistics<l - 1>() + Down<l - 1>::statistics;
  }
  template <std::size_t l>
  static constexpr std::size_t up_statistics() {
    if constexpr (l == levels - 2) return down_statistics<levels - 1>() + Down<levels - 1>::statistics;
    else return up_statistics<l + 1>() + Up<l + 1>::statistics;
  }

  template <class F>
  static constexpr void each_level(const F& f) {
    [&]<std::size_t... l>(std::index_sequence<l...>) {
      (f.template operator()<l>(), ...);
    }(std::make_index_sequence<levels>{});
  }
  /// f<3>, f<2>, f<1>, f<0>: the way up.
  template <class F>
  static constexpr void each_rise(const F& f) {
    [&]<std::size_t... l>(std::index_sequence<l...>) {
      (f.template operator()<levels - 2 - l>(), ...);
    }(std::make_index_sequence<levels - 1>{});
  }
  template <std::size_t l>
  static constexpr Name down_name() {
    return l == 0 ? Name("inc.double_conv") : Name("down") + l + ".maxpool_conv.1.double_conv";
  }
  template <std::size_t l>
  static constexpr Name up_name() {
    return Name("up") + (levels - 1 - l);
  }

 public:
  static constexpr auto layout = exact_layout<[](auto& all) {
    each_level([&]<std::size_t l>() { Down<l>::describe(all, down_name<l>()); });
    each_rise([&]<std::size_t l>() {
      Rise<l>::describe(all, up_name<l>() + ".up");
      Up<l>::describe(all, up_name<l>() + ".conv.double_conv");
    });
    Out::describe(all, "outc.conv");
  }>();
  static constexpr std::size_t parameter_count = layout.size;
  static_assert(parameter_count == out_offset + Out::parameters);

  /// Running statistics of the batch normalisations: not trained, but part of the model.
  static constexpr auto buffer_layout = exact_layout<[](auto& all) {
    each_level([&]<std::size_t l>() { Down<l>::describe_statistics(all, down_name<l>()); });
    each_rise([&]<std::size_t l>() { Up<l>::describe_statistics(all, up_name<l>() + ".conv.double_conv"); });
  }>();
  static constexpr std::size_t buffer_count = buffer_layout.size;

  struct Options {
    std::uint64_t seed = 0;  ///< of the initial values
  };
  explicit UNet(const Options& options = Options{})
      : parameters_(layout, options.seed), buffers_(buffer_layout, 0) {}

  std::span<Real, parameter_count> parameters() { return parameters_.span(); }
  std::span<const Real, parameter_count> parameters() const { return parameters_.span(); }
  /// Where they stand, without waiting for the backend.
  const Real* place() const { return parameters_.data(); }
  std::span<Real, buffer_count> buffers() { return buffers_.span(); }
  std::span<const Real, buffer_count> buffers() const { return buffers_.span(); }

  /// Activations and gradients of up to `capacity` passes, in the backend's memory, and scratch for `threads`
  /// threads.
  class Batch {
   public:
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
          risen_gradient(fields(capacity_, risen_plane)) {
      for (std::size_t t = 0; t < threads; ++t) scratch.emplace_back(scratch_size());
    }
    /// The pictures of pass i (image_channels, images, H, W).
    std::span<Real> image(std::size_t i) {
      return {pictures.data() + i * images * image_size, images * image_size};
    }
    /// The scores of pass i (classes, images, H, W).
    std::span<const Real, images * score_size> score(std::size_t i) const {
      return std::span<const Real, images * score_size>(scores.data() + i * images * score_size,
                                                        images * score_size);
    }
    const std::size_t capacity;

   private:
    friend UNet;
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
      each_level([&]<std::size_t l>() { most = std::max(most, plane(l)); });
      return most;
    }
    static constexpr std::size_t scratch_size() {
      std::size_t most = Backend::template scratch<Out, GridAt<0>>;
      each_level([&]<std::size_t l>() { most = std::max(most, Down<l>::scratch); });
      each_rise([&]<std::size_t l>() { most = std::max({most, Up<l>::scratch, Rise<l>::scratch}); });
      return most;
    }

    Memory pictures, scores;
    decltype(states(1)) down;
    decltype(up_states(1)) up;
    Memory inner;
    Fields down_gradient, pooled, pooled_gradient, up_gradient, risen, risen_gradient;
    std::vector<Memory> scratch;
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

  /// After forward(training): target(i) (images, H, W) are the classes of pass i, as Reals. losses[i] is set
  /// to the summed cross-entropy of pass i; `scale` times the gradient is added to the shards' vectors
  /// shard_gradient(shard). All three lie in the backend's memory.
  template <class LayerExecutor, class Target, class ShardGradient>
  void backward(LayerExecutor& executor, Batch& b, std::size_t count, const Target& target, Real scale,
                double* losses, const ShardGradient& shard_gradient) {
    constexpr std::size_t pass_sites = GridAt<0>::sites;
    const Real* p = parameters_.data();
    executor.shards(count, [&](std::size_t i, std::size_t shard, std::size_t thread) {
      Real* scores = b.scores.data() + i * images * score_size;
      layer::cross_entropy<Backend, shape.classes, pass_sites>(scores, static_cast<const Real*>(target(i)),
                                                               scale, losses + i);
      Real* below_ = b.up_gradient[0].data() + i * plane(0);
      Backend::fill(plane(0), Real(0), below_);
      Backend::template couple_adjoint<Out, GridAt<0>>(
          p + out_offset, std::array{std::get<0>(b.up).out(i)}, scores, std::array{below_},
          shard_gradient(shard) + out_offset, b.scratch[thread].data());
    });
    [&]<std::size_t... l>(std::index_sequence<l...>) {
      (back_up<l>(executor, b, count, shard_gradient), ...);
    }(std::make_index_sequence<levels - 1>{});
    [&]<std::size_t... l>(std::index_sequence<l...>) {
      (back_down<levels - 1 - l>(executor, b, count, shard_gradient), ...);
    }(std::make_index_sequence<levels>{});
  }

 private:
  /// `moved`: the running statistics that move in training, null in evaluation.
  template <class LayerExecutor>
  void run(LayerExecutor& executor, Batch& b, std::size_t count, Real* moved) const {
    const Real* p = parameters_.data();
    const Real* running = buffers_.data();
    const auto from = [&](std::size_t offset) { return moved ? moved + offset : nullptr; };
    each_level([&]<std::size_t l>() {
      if constexpr (l > 0)
        executor.passes(count, [&](std::size_t i, std::size_t) {
          Pool<l>::template forward<Backend>(std::get<l - 1>(b.down).out(i),
                                             b.pooled[l].data() + i * pooled_plane(l));
        });
      Down<l>::forward(executor, count, p + down_offset<l>(), running + down_statistics<l>(),
                       from(down_statistics<l>()), below<l>(b), std::get<l>(b.down), b.scratch);
    });
    each_rise([&]<std::size_t l>() {
      executor.passes(count, [&](std::size_t i, std::size_t thread) {
        Rise<l>::template forward<Backend>(p + rise_offset<l>(), lower<l>(b, i),
                                           b.risen[l].data() + i * plane(l), b.scratch[thread].data());
      });
      Up<l>::forward(executor, count, p + up_offset<l>(), running + up_statistics<l>(),
                     from(up_statistics<l>()), joined<l>(b), std::get<l>(b.up), b.scratch);
    });
    executor.passes(count, [&](std::size_t i, std::size_t thread) {
      Backend::template couple<Out, GridAt<0>, Activation::none>(
          p + out_offset, std::array{std::get<0>(b.up).out(i)}, b.scores.data() + i * images * score_size,
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
    const Real* p = parameters_.data();
    Up<l>::backward(
        executor, count, p + up_offset<l>(), joined<l>(b), std::get<l>(b.up), b.up_gradient[l].data(),
        b.inner.data(),
        [&](std::size_t i) {
          return std::array<Real*, 2>{b.down_gradient[l].data() + i * plane(l),
                                      b.risen_gradient[l].data() + i * plane(l)};
        },
        [&](std::size_t shard) { return shard_gradient(shard) + up_offset<l>(); }, b.scratch);
    auto& lower_gradient = l == levels - 2 ? b.down_gradient[l + 1] : b.up_gradient[l + 1];
    executor.shards(count, [&](std::size_t i, std::size_t shard, std::size_t thread) {
      Rise<l>::template backward<Backend>(p + rise_offset<l>(), lower<l>(b, i),
                                          b.risen_gradient[l].data() + i * plane(l),
                                          lower_gradient.data() + i * plane(l + 1),
                                          shard_gradient(shard) + rise_offset<l>(), b.scratch[thread].data());
    });
  }

  template <std::size_t l, class LayerExecutor, class ShardGradient>
  void back_down(LayerExecutor& executor, Batch& b, std::size_t count, const ShardGradient& shard_gradient) {
    Down<l>::backward(
        executor, count, parameters_.data() + down_offset<l>(), below<l>(b), std::get<l>(b.down),
        b.down_gradient[l].data(), b.inner.data(),
        [&](std::size_t i) {
          return std::array<Real*, 1>{l == 0 ? nullptr : b.pooled_gradient[l].data() + i * pooled_plane(l)};
        },
        [&](std::size_t shard) { return shard_gradient(shard) + down_offset<l>(); }, b.scratch);
    if constexpr (l > 0)
      executor.passes(count, [&](std::size_t i, std::size_t) {
        Pool<l>::template backward<Backend>(std::get<l - 1>(b.down).out(i),
                                            b.pooled_gradient[l].data() + i * pooled_plane(l),
                                            b.down_gradient[l - 1].data() + i * plane(l - 1));
      });
  }

  model::ParameterVector<Backend, Real, parameter_count> parameters_;
  model::ParameterVector<Backend, Real, buffer_count> buffers_;
};

}  // namespace nwm
