// The local baseline: a stack of convolutions, then the same per-pixel head as the wave machine's.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "nwm/backend/backend.hpp"
#include "nwm/backend/default.hpp"
#include "nwm/backend/pass.hpp"
#include "nwm/grid/shape.hpp"
#include "nwm/layer/encoder.hpp"
#include "nwm/layer/head.hpp"
#include "nwm/memory/parts.hpp"
#include "nwm/model/pixel_head.hpp"
#include "nwm/model/pixel_model.hpp"

namespace nwm {

/// Sizes of a Cnn: F = (T/2 − 1)·C is to be at least C.
template <Shape shape, std::size_t layers>
concept CnnShape = (layers >= 1) && (shape.steps >= 4) && ValidShape<shape>;

namespace model {
/// The layers of a Cnn, as types.
template <Shape shape_, std::size_t layers, class Head, class Backend_, class Real_>
struct CnnParts {
  /// Its sizes.
  static constexpr Shape shape = shape_;
  using Backend = Backend_;
  using Real = Real_;
  /// The grid of one picture.
  using ImageGrid = Grid<shape.height, shape.width, Zero>;
  /// The grid of a pass.
  using BatchGrid = PassGrid<Backend, ImageGrid>;
  static constexpr std::size_t features = (shape.steps / 2 - 1) * shape.oscillators;  ///< of a pixel

  /// The 3×3 convolutions.
  using StackLayers = layer::Encoder<BatchGrid, shape.image_channels, shape.encoder_width, shape.oscillators,
                                     layers, Activation::relu>;
  /// These, under their name in files.
  struct Stack : StackLayers {
    template <class L>
    static constexpr void describe(L& all) {
      StackLayers::describe(all, "encoder");
    }
  };
  /// The 1×1 convolution to the features.
  using WidenStencil = Stencil<shape.oscillators, features, 1, Zero>;
  /// This, under its name in files.
  struct Widen : WidenStencil {
    template <class L>
    static constexpr void describe(L& all) {
      WidenStencil::describe(all, Name("encoder.") + 2 * layers);
    }
  };
  /// The perceptron at every pixel.
  using HeadLayers = layer::Head<features, shape.scores(), Head>;
  /// This, under its name in files.
  struct Mlp : HeadLayers {
    using HeadLayers::describe;
    template <class L>
    static constexpr void describe(L& all) {
      HeadLayers::describe(all, "readout");
    }
  };
  /// The perceptron over the pixels of a pass.
  using End = PixelHead<Mlp, BatchGrid::sites / ImageGrid::sites, ImageGrid::sites, Backend, Real>;
  /// Where the parameters of each stand.
  using List = PartList<Stack, Widen, Mlp>;
};
}  // namespace model

/// conv3(c_in→c_mid) relu, then layers−1 more conv3 with relu (the last c_mid→C), a 1×1 convolution C→F
/// without activation, F = (T/2 − 1)·C, and the head (arXiv 2502.06034's CNN-L; 191,982 parameters for 16
/// layers on Tetrominoes). Shape::steps only sets F: at least 4. Interface, layouts and errors as
/// WaveMachine.
template <Shape shape_, std::size_t layers_, class Head_ = head::Wide, class Backend_ = DefaultBackend,
          class Real_ = float>
requires CnnShape<shape_, layers_> && head::HeadWidths<Head_> && Backend<Backend_> &&
         std::floating_point<Real_>
class Cnn : public model::PixelModel<Cnn<shape_, layers_, Head_, Backend_, Real_>,
                                     model::CnnParts<shape_, layers_, Head_, Backend_, Real_>> {
  using Layers = model::CnnParts<shape_, layers_, Head_, Backend_, Real_>;
  using Base = model::PixelModel<Cnn, Layers>;
  friend Base;

 public:
  static constexpr std::string_view kind = "cnn";
  /// What it uses of its shape besides pictures and outputs.
  static constexpr std::array shape_sizes{&Shape::oscillators, &Shape::steps, &Shape::encoder_width};
  static constexpr std::size_t layers = layers_;  ///< 3×3 convolutions
  using Head = Head_;
  using Backend = Backend_;
  using Real = Real_;
  template <class B, class R = Real>
  using with = Cnn<shape_, layers_, Head_, B, R>;
  using Base::shape, Base::pass_sites;
  static constexpr std::size_t features = Layers::features;  ///< of a pixel

 private:
  using Stack = typename Layers::Stack;
  using Widen = typename Layers::Widen;
  using Mlp = typename Layers::Mlp;
  using End = typename Layers::End;

 public:
  /// How a CNN starts.
  struct Options {
    std::uint64_t seed = 0;  ///< of the initial values
  };
  /// Initial values as PyTorch's: uniform ±1/sqrt(fan_in).
  explicit Cnn(const Options& options = Options{}) : Base(options.seed) {}

  /// Memory for one pass at a time.
  class Workspace {
   public:
    /// target_numbers<L> of the loss L of add_gradient.
    explicit Workspace(std::size_t target_numbers = pass_sites) : pass(target_numbers) {}
    /// As in WaveMachine.
    static constexpr std::size_t bytes(std::size_t target_numbers = pass_sites) {
      constexpr std::size_t plain = Stack::hidden + 2 * shape.oscillators * pass_sites +
                                    2 * shape.encoder_width * pass_sites + Stack::template scratch<Backend>;
      return Base::Pass::bytes(target_numbers) + plain * sizeof(Real);
    }

   private:
    friend Cnn;
    friend Base;
    using Memory = typename Backend::template Memory<Real>;
    typename Base::Pass pass;
    Memory hidden{Stack::hidden}, out{shape.oscillators * pass_sites},
        gradient{shape.oscillators * pass_sites};
    Memory work{2 * shape.encoder_width * pass_sites}, scratch{Stack::template scratch<Backend>};
  };

  // What PixelModel asks for.
  void ask_scores(Workspace& w) const {
    run(w);
    End::score(this->place() + Base::template offset<Mlp>, w.pass.end, former(w));
  }
  template <loss::Loss L>
  void ask_gradient(const L& loss, Real scale, Real* gradient, Workspace& w) const {
    run(w);
    const Real* widen = this->place() + Base::template offset<Widen>;
    Real* widen_gradient = gradient + Base::template offset<Widen>;
    End::add_gradient(loss, this->place() + Base::template offset<Mlp>, w.pass.end, scale,
                      gradient + Base::template offset<Mlp>, former(w),
                      [&](auto n, std::size_t start, const Real* below) {
                        Backend::template multiply_outer<features, shape.oscillators, n>(
                            below, n, w.out.data() + start, pass_sites, widen_gradient, shape.oscillators);
                        Backend::add_row_sums(features, n, below, n, widen_gradient + Widen::weights);
                        Backend::template multiply_transposed<features, shape.oscillators, n>(
                            widen, shape.oscillators, below, n, w.gradient.data() + start, pass_sites);
                      });
    Stack::template backward<Backend>(this->place() + Base::template offset<Stack>, w.pass.image.data(),
                                      w.hidden.data(), w.out.data(), w.gradient.data(),
                                      gradient + Base::template offset<Stack>, static_cast<Real*>(nullptr),
                                      w.work.data(), w.scratch.data());
  }

 private:
  static void require_stable(Workspace&) {}
  static void require_gradient_stable(Workspace&) {}

  void run(Workspace& w) const {
    Stack::template forward<Backend>(this->place() + Base::template offset<Stack>, w.pass.image.data(),
                                     w.hidden.data(), w.out.data(), w.scratch.data());
  }

  /// Sets the features of the n pixels from `start`.
  auto former(Workspace& w) const {
    return [&w, widen = this->place() + Base::template offset<Widen>](auto n, std::size_t start, Real* x) {
      Backend::template multiply<features, shape.oscillators, n>(
          widen, shape.oscillators, static_cast<const Real*>(w.out.data()) + start, pass_sites, x, n);
      Backend::template add_bias<Activation::none>(features, n, x, n, widen + Widen::weights);
    };
  }
};

}  // namespace nwm
