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
#include "nwm/layer/encoder.hpp"
#include "nwm/layer/head.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/model/parameter_vector.hpp"
#include "nwm/model/pixel_head.hpp"

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
  using BatchGrid = PassGrid<Backend, ImageGrid>;
  static constexpr std::size_t pass_sites = BatchGrid::sites;  // numbers of a plane
  using Stack = layer::Encoder<BatchGrid, shape.image_channels, shape.encoder_width, shape.oscillators,
                               layers_, Activation::relu>;
  using Widen = Stencil<shape.oscillators, features, 1, Zero>;
  using Mlp = layer::Head<features, shape.classes, Head_>;
  using End = model::PixelHead<Mlp, images, sites, Backend, Real>;
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
  /// Where they stand, without waiting for the backend.
  const Real* place() const { return parameters_.data(); }

  /// Memory for one pass at a time.
  class Workspace {
   public:
    /// As in WaveMachine.
    static constexpr std::size_t bytes() {
      constexpr std::size_t plain = images * image_size + Stack::hidden + 2 * shape.oscillators * pass_sites +
                                    2 * shape.encoder_width * pass_sites + Stack::template scratch<Backend>;
      return End::Space::bytes() + plain * sizeof(Real);
    }

   private:
    friend Cnn;
    typename End::Space end;
    using Memory = typename Backend::template Memory<Real>;
    Buffer<Real> classes{pass_sites};  // the target on the host
    Memory image{images * image_size};
    Memory hidden{Stack::hidden}, out{shape.oscillators * pass_sites},
        gradient{shape.oscillators * pass_sites};
    Memory work{2 * shape.encoder_width * pass_sites}, scratch{Stack::template scratch<Backend>};
  };

  /// Sets scores (classes, images, H, W) for the images of a pass (image_channels, images, H, W).
  void scores(std::span<const Real, images * image_size> image, std::span<Real, images * score_size> out,
              Workspace& w) const {
    load(image, w);
    ask_scores(w);
    fetch_scores(out, w);
  }

  /// Returns the cross-entropy summed over the pixels, and adds `scale` times its gradient to `gradient`.
  /// target (images, H, W): images it leaves out at the end weigh nothing. Throws as WaveMachine.
  double add_gradient(std::span<const Real, images * image_size> image, std::span<const std::uint8_t> target,
                      Real scale, std::span<Real, parameter_count> gradient, Workspace& w) const {
    encode_target(target, w.classes.span());
    load(image, w);
    set_target(w.classes.span(), w);
    ask_gradient(scale, gradient.data(), w);
    return fetch_loss(w);
  }

  // The same in parts, as in WaveMachine.
  static void encode_target(std::span<const std::uint8_t> target, std::span<Real> out) {
    End::encode_target(target, out);
  }
  void load(std::span<const Real, images * image_size> image, Workspace& w) const {
    Backend::upload(image.size(), image.data(), w.image.data());
  }
  void set_target(std::span<const Real> encoded_target, Workspace& w) const {
    End::set_target(encoded_target, w.end);
  }
  void ask_scores(Workspace& w) const {
    run(w);
    End::score(parameters_.data() + head_offset, w.end, former(w));
  }
  void ask_gradient(Real scale, Real* gradient, Workspace& w) const {
    run(w);
    const Real* widen = parameters_.data() + widen_offset;
    Real* widen_gradient = gradient + widen_offset;
    End::add_gradient(parameters_.data() + head_offset, w.end, scale, gradient + head_offset, former(w),
                      [&](auto n, std::size_t start, const Real* below) {
                        Backend::template multiply_outer<features, shape.oscillators, n>(
                            below, n, w.out.data() + start, pass_sites, widen_gradient, shape.oscillators);
                        Backend::add_row_sums(features, n, below, n, widen_gradient + Widen::weights);
                        Backend::template multiply_transposed<features, shape.oscillators, n>(
                            widen, shape.oscillators, below, n, w.gradient.data() + start, pass_sites);
                      });
    Stack::template backward<Backend>(parameters_.data(), w.image.data(), w.hidden.data(), w.out.data(),
                                      w.gradient.data(), gradient, static_cast<Real*>(nullptr), w.work.data(),
                                      w.scratch.data());
  }
  void fetch_scores(std::span<Real, images * score_size> out, Workspace& w) const {
    Backend::download(out.size(), w.end.scores(), out.data());
  }
  double fetch_loss(Workspace& w) const { return End::loss(w.end); }

 private:
  void run(Workspace& w) const {
    Stack::template forward<Backend>(parameters_.data(), w.image.data(), w.hidden.data(), w.out.data(),
                                     w.scratch.data());
  }

  /// Sets the features of the n pixels from `start`.
  auto former(Workspace& w) const {
    return [&w, widen = parameters_.data() + widen_offset](auto n, std::size_t start, Real* x) {
      Backend::template multiply<features, shape.oscillators, n>(
          widen, shape.oscillators, static_cast<const Real*>(w.out.data()) + start, pass_sites, x, n);
      Backend::template add_bias<Activation::none>(features, n, x, n, widen + Widen::weights);
    };
  }

  model::ParameterVector<Backend, Real, parameter_count> parameters_;
};

}  // namespace nwm
