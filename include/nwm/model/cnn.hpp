// The local baseline: a stack of convolutions, then the same per-pixel head as the wave machine's.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include "nwm/backend/backend.hpp"
#include "nwm/backend/default.hpp"
#include "nwm/backend/pass.hpp"
#include "nwm/grid/shape.hpp"
#include "nwm/layer/cross_entropy.hpp"
#include "nwm/layer/encoder.hpp"
#include "nwm/layer/head.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/memory/tiles.hpp"
#include "nwm/model/parameter_vector.hpp"

namespace nwm {

/// Sizes of a Cnn: F = (T/2 − 1)·C is to be at least C.
template <Shape shape, std::size_t layers>
concept CnnShape = (layers >= 1) && (shape.steps >= 4) && ValidShape<shape>;

/// conv3(c_in→c_mid) relu, then layers−1 more conv3 with relu (the last c_mid→C), a 1×1 convolution C→F
/// without activation, F = (T/2 − 1)·C, and the head (arXiv 2502.06034's CNN-L; 191,982 parameters for 16
/// layers on Tetrominoes). Shape::steps only sets F: at least 4. Interface, layouts and errors as
/// WaveMachine.
template <Shape shape_, std::size_t layers_, class Head_ = head::Wide, class Backend_ = DefaultBackend,
          class Real_ = float>
requires CnnShape<shape_, layers_> && head::HeadWidths<Head_> && Backend<Backend_> &&
    std::floating_point<Real_>
class Cnn {
 public:
  static constexpr Shape shape = shape_;
  static constexpr std::size_t layers = layers_;
  using Head = Head_;
  using Backend = Backend_;
  using Real = Real_;
  template <class B, class R = Real>
  using with = Cnn<shape_, layers_, Head_, B, R>;

  using ImageGrid = Grid<shape.height, shape.width, Zero>;
  static constexpr std::size_t sites = ImageGrid::sites;
  static constexpr std::size_t images = PassGrid<Backend, ImageGrid>::sites / sites;  ///< of one pass
  static constexpr std::size_t image_size = shape.image_channels * sites;
  static constexpr std::size_t score_size = shape.classes * sites;
  static constexpr std::size_t features = (shape.steps / 2 - 1) * shape.oscillators;

 private:
  using Field = PassGrid<Backend, ImageGrid>;
  static constexpr std::size_t lot = Field::sites;  // numbers of a plane
  using Stack = layer::Encoder<Field, shape.image_channels, shape.encoder_width, shape.oscillators, layers_,
                               Activation::relu>;
  using Widen = Stencil<shape.oscillators, features, 1, Zero>;
  using Mlp = layer::Head<features, shape.classes, Head_>;
  static constexpr std::size_t widen_offset = Stack::parameters;
  static constexpr std::size_t head_offset = widen_offset + Widen::parameters;

 public:
  static constexpr auto layout = exact_layout<[](auto& all) {
    Stack::describe(all, "encoder");
    Widen::describe(all, Name("encoder.") + 2 * layers_);
    Mlp::describe(all, "readout");
  }>();
  static constexpr std::size_t parameter_count = layout.size;
  static_assert(parameter_count == head_offset + Mlp::parameters);

  struct Options {
    std::uint64_t seed = 0;  ///< of the initial values
  };
  explicit Cnn(const Options& options = Options{}) : parameters_(layout, options.seed) {}

  std::span<Real, parameter_count> parameters() { return parameters_.span(); }
  std::span<const Real, parameter_count> parameters() const { return parameters_.span(); }

  /// Memory for one pass at a time.
  class Workspace {
    friend Cnn;
    using Memory = typename Backend::template Memory<Real>;
    Buffer<Real> classes{lot};  // the target on the host
    Memory image{images * image_size}, target{lot};
    Memory hidden{Stack::hidden}, out{shape.oscillators * lot}, gradient{shape.oscillators * lot};
    Memory work{2 * shape.encoder_width * lot}, scratch{Stack::template scratch<Backend>};
    Memory x{Mlp::in * tile}, x_gradient{Mlp::in * tile}, head_hidden{Mlp::hidden * tile};
    Memory head_work{2 * Mlp::widest * tile}, scores{shape.classes * tile};
  };

  /// Sets scores (classes, images, H, W) for the images of a pass (image_channels, images, H, W).
  void scores(std::span<const Real, images * image_size> image, std::span<Real, images * score_size> out,
              Workspace& w) const {
    run(image, w);
    for_tiles<lot, limit>([&](auto n, std::size_t start) {
      classify<n>(w, start);
      Backend::copy_rows(shape.classes, n, w.scores.data(), n, out.data() + start, lot);
    });
  }

  /// Returns the cross-entropy summed over the pixels, and adds `scale` times its gradient to `gradient`.
  /// target (images, H, W): images it leaves out at the end weigh nothing.
  double add_gradient(std::span<const Real, images * image_size> image, std::span<const std::uint8_t> target,
                      Real scale, std::span<Real, parameter_count> gradient, Workspace& w) const {
    run(image, w);
    for (std::size_t p = 0; p < lot; ++p)
      w.classes[p] = p < target.size() ? static_cast<Real>(target[p]) : Real(-1);
    Backend::copy(lot, w.classes.data(), w.target.data());
    double loss = 0;
    const Real* widen = parameters_.data() + widen_offset;
    Real* widen_gradient = gradient.data() + widen_offset;
    for_tiles<lot, limit>([&](auto n, std::size_t start) {
      classify<n>(w, start);
      loss += layer::cross_entropy<Backend, shape.classes, n, (images > 1)>(w.scores.data(),
                                                                            w.target.data() + start, scale);
      Mlp::template backward<Backend, n>(parameters_.data() + head_offset, w.x.data(), w.head_hidden.data(),
                                         w.scores.data(), w.x_gradient.data(), gradient.data() + head_offset,
                                         w.head_work.data());
      const Real* below = w.x_gradient.data();
      Backend::template multiply_outer<features, shape.oscillators, n>(below, n, w.out.data() + start, lot,
                                                                       widen_gradient, shape.oscillators);
      Backend::add_row_sums(features, n, below, n, widen_gradient + Widen::weights);
      Backend::template multiply_transposed<features, shape.oscillators, n>(
          widen, shape.oscillators, below, n, w.gradient.data() + start, lot);
    });
    Stack::template backward<Backend>(parameters_.data(), w.image.data(), w.hidden.data(), w.out.data(),
                                      w.gradient.data(), gradient.data(), static_cast<Real*>(nullptr),
                                      w.work.data(), w.scratch.data());
    return loss;
  }

 private:
  static constexpr std::size_t limit = tile_limit<Backend>, tile = tile_size<lot, limit>;

  void run(std::span<const Real, images * image_size> image, Workspace& w) const {
    Backend::copy(image.size(), image.data(), w.image.data());
    Stack::template forward<Backend>(parameters_.data(), w.image.data(), w.hidden.data(), w.out.data(),
                                     w.scratch.data());
  }

  /// Features and scores of the n pixels from `start`.
  template <std::size_t n>
  void classify(Workspace& w, std::size_t start) const {
    const Real* widen = parameters_.data() + widen_offset;
    Backend::template multiply<features, shape.oscillators, n>(widen, shape.oscillators, w.out.data() + start,
                                                               lot, w.x.data(), n);
    Backend::template add_bias<Activation::none>(features, n, w.x.data(), n, widen + Widen::weights);
    Mlp::template forward<Backend, n>(parameters_.data() + head_offset, w.x.data(), w.head_hidden.data(),
                                      w.scores.data());
  }

  model::ParameterVector<Real, parameter_count> parameters_;
};

}  // namespace nwm
