// The contract of a model: what trainer, evaluator, executors and weight files ask of one. A model of one's
// own that has these members is trained, evaluated, saved and resumed like those of the library
// (examples/own_model.cpp).
//
// Every model M
//   kind                  what weight files call it
//   shape                 a Shape, whose height, width and image_channels are those of its pictures, or a
//                         SequenceShape
//   shape_sizes           only where it uses more of a Shape: those of &Shape::oscillators, steps,
//                         encoder_width that weight files say, in a std::array
//   Real, Backend         the precision, and where it runs
//   sites, images         pixels of an image; images of one pass, 1 on processors
//   image_size, outputs, score_size       numbers of a picture, scores a pixel, and of all of them
//   layout, parameter_count               the slices of its flat parameter vector (memory/layout.hpp)
//   parameters()          the vector, a span of parameter_count numbers, to read and to write
//   target_numbers<L>     numbers of an encoded target of loss L (loss/encoded_target.hpp)
//   copies are independent of each other
// is trained by the losses L of which `ModelFor<M, L>` holds, and run in one of three ways, told by its
// members:
//
// PerImageModel, images = 1: each image by itself, images over threads. Workspace(target_numbers) is memory
// for one pass;
//   scores(image, scores, w)                                sets the scores (outputs, H, W)
//   add_gradient(image, target, scale, gradient, w, loss)   adds scale times the gradient, returns the summed
//                                                           loss
//
// MicroBatchModel, images > 1: several images in one pass, in parts that a device can be asked for ahead.
//   set_input, set_target, ask_scores, ask_gradient, fetch_scores, fetch_loss as in model/pixel_model.hpp
//   place()               the parameters, without waiting for the backend
//   Workspace::bytes      memory it takes
//   asked_scores(w)       optional: where the scores asked for will stand in the backend's memory, which then
//                         may measure them there. Where fetch_scores throws Unstable, growth(w), the place of
//                         a number, and require_growth(number), which throws likewise, go with it
//
// LayerSynchronousModel, couples_images: the images of a batch depend on each other (batch normalisation), so
// that it runs layer by layer; Batch, forward, evaluate, backward as in model/unet.hpp. What it learns beside
// its parameters stands in buffers(), laid out as buffer_layout says.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>

#include "nwm/backend/backend.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/grid/shape.hpp"
#include "nwm/loss/cross_entropy.hpp"
#include "nwm/loss/mean_squares.hpp"
#include "nwm/memory/layout.hpp"

namespace nwm {

namespace model {

/// The loss below, as a type.
template <class M>
constexpr auto some_loss() {
  if constexpr (requires { typename std::bool_constant<(M::outputs >= 2)>; }) {
    if constexpr (M::outputs >= 2) return std::type_identity<loss::CrossEntropy>{};
    else return std::type_identity<loss::MeanSquares>{};
  } else {
    return std::type_identity<loss::CrossEntropy>{};
  }
}
/// The loss that a model is tried with where none is named: cross-entropy, for a single number a pixel mean
/// squares.
template <class M>
using SomeLoss = typename decltype(some_loss<M>())::type;

/// Whether the images of a batch depend on each other.
template <class M>
inline constexpr bool couples_images = [] {
  if constexpr (requires { M::couples_images; }) return bool{M::couples_images};
  else return false;
}();

}  // namespace model

/// What every model has: all that its weight files ask for.
template <class M>
concept ModelParameters = std::copyable<M> && requires {
  { M::kind } -> std::convertible_to<std::string_view>;
  M::shape.steps;
  typename M::Real;
  typename M::Backend;
  { M::sites } -> std::convertible_to<std::size_t>;
  { M::images } -> std::convertible_to<std::size_t>;
  { M::image_size } -> std::convertible_to<std::size_t>;
  { M::outputs } -> std::convertible_to<std::size_t>;
  { M::score_size } -> std::convertible_to<std::size_t>;
  { M::parameter_count } -> std::convertible_to<std::size_t>;
  { M::layout.size } -> std::convertible_to<std::size_t>;
  M::layout.slices;
} && Backend<typename M::Backend> && requires(M& m, const M& constant) {
  { m.parameters() } -> std::convertible_to<std::span<typename M::Real, M::parameter_count>>;
  { constant.parameters() } -> std::convertible_to<std::span<const typename M::Real, M::parameter_count>>;
};

/// Says how large the targets of loss L are to a model.
template <class M, class L>
concept TakesTargetsOf = requires {
  { M::template target_numbers<L> } -> std::convertible_to<std::size_t>;
};

/// A model that takes each image by itself, trained by loss L.
template <class M, class L = model::SomeLoss<M>>
concept PerImageModel =
    ModelParameters<M> && TakesTargetsOf<M, L> && (M::images == 1) && requires { typename M::Workspace; } &&
    std::constructible_from<typename M::Workspace, std::size_t> &&
    requires(const M& m, std::span<const typename M::Real, M::image_size> image,
             std::span<typename M::Real, M::score_size> scores, std::span<const typename L::Target> target,
             std::span<typename M::Real, M::parameter_count> gradient, typename M::Workspace& w,
             const L& loss) {
      m.scores(image, scores, w);
      {
        m.add_gradient(image, target, typename M::Real(1), gradient, w, loss)
      } -> std::convertible_to<double>;
    };

/// A model that takes several images in one pass, trained by loss L.
template <class M, class L = model::SomeLoss<M>>
concept MicroBatchModel =
    ModelParameters<M> && TakesTargetsOf<M, L> && requires { typename M::Workspace; } &&
    std::constructible_from<typename M::Workspace, std::size_t> &&
    requires(const M& m, std::span<const typename M::Real, M::images * M::image_size> pictures,
             std::span<const typename M::Real> target,
             std::span<typename M::Real, M::images * M::score_size> scores, typename M::Real* gradient,
             typename M::Workspace& w, const L& loss) {
      { M::Workspace::bytes(std::size_t{1}) } -> std::convertible_to<std::size_t>;
      { m.place() } -> std::convertible_to<const typename M::Real*>;
      m.set_input(pictures, w);
      m.set_target(target, w);
      m.ask_scores(w);
      m.ask_gradient(loss, typename M::Real(1), gradient, w);
      m.fetch_scores(scores, w);
      { m.fetch_loss(w) } -> std::convertible_to<double>;
    };

namespace model {
/// A micro-batch model that says where its scores stand.
template <class M>
concept ScoresThere = requires(const M& m, const typename M::Workspace& w) {
  { m.asked_scores(w) } -> std::convertible_to<const typename M::Real*>;
};
/// As much of a LayerExecutor (train/layer_executor.hpp) as a model sees.
struct ProbeExecutor {
  /// Calls nothing.
  template <class F>
  void passes(std::size_t, const F&) {}
  /// Calls nothing.
  template <class F>
  void shards(std::size_t, const F&) {}
};
/// A function that gives a pointer for each pass, as a model sees it.
template <class Real>
struct ProbePointers {
  Real* operator()(std::size_t) const { return nullptr; }
};
}  // namespace model

/// A model whose images depend on each other, trained by loss L.
template <class M, class L = model::SomeLoss<M>>
concept LayerSynchronousModel =
    ModelParameters<M> && TakesTargetsOf<M, L> && model::couples_images<M> &&
    requires { typename M::Batch; } && std::constructible_from<typename M::Batch, std::size_t, std::size_t> &&
    requires(M& m, const M& constant, typename M::Batch& b, model::ProbeExecutor& executor, double* losses,
             const L& loss, model::ProbePointers<typename M::Real> pointers) {
      { M::buffer_layout.size } -> std::convertible_to<std::size_t>;
      m.buffers();
      { constant.place() } -> std::convertible_to<const typename M::Real*>;
      b.image(std::size_t{0});
      b.score(std::size_t{0});
      m.forward(executor, b, std::size_t{1}, true);
      constant.evaluate(executor, b, std::size_t{1});
      m.backward(loss, executor, b, std::size_t{1}, pointers, typename M::Real(1), losses, pointers);
    };

namespace model {

/// Stands where a concept must not be asked of a model that is run in another way: it satisfies all three, so
/// that what is left of a failed `Model` names a member of the model itself.
struct AnyModel {
  static constexpr std::string_view kind = "any";
  static constexpr Shape shape{};
  using Real = float;
  using Backend = cpu::Scalar;
  static constexpr bool couples_images = true;
  static constexpr std::size_t sites = 1, images = 1, image_size = 1, outputs = 2, score_size = 2,
                               parameter_count = 1;
  static constexpr Layout<1> layout{}, buffer_layout{};
  template <class>
  static constexpr std::size_t target_numbers = 1;
  /// Of one pass.
  struct Workspace {
    explicit Workspace(std::size_t) {}
    static std::size_t bytes(std::size_t) { return 0; }
  };
  /// Of one batch.
  struct Batch {
    Batch(std::size_t, std::size_t) {}
    static void image(std::size_t) {}
    static void score(std::size_t) {}
  };
  std::span<float, 1> parameters() { return std::span<float, 1>(&one, 1); }
  std::span<const float, 1> parameters() const { return std::span<const float, 1>(&one, 1); }
  const float* place() const { return &one; }
  void buffers() {}
  template <class... Any>
  void scores(Any&&...) const {}
  template <class... Any>
  double add_gradient(Any&&...) const {
    return 0;
  }
  template <class... Any>
  void set_input(Any&&...) const {}
  template <class... Any>
  void set_target(Any&&...) const {}
  template <class... Any>
  void ask_scores(Any&&...) const {}
  template <class... Any>
  void ask_gradient(Any&&...) const {}
  template <class... Any>
  void fetch_scores(Any&&...) const {}
  template <class... Any>
  double fetch_loss(Any&&...) const {
    return 0;
  }
  template <class... Any>
  void forward(Any&&...) {}
  template <class... Any>
  void evaluate(Any&&...) const {}
  template <class... Any>
  void backward(Any&&...) {}
  float one = 0;
};

/// M, or AnyModel where M must not be asked.
template <class M, bool asked>
using AskedOf = std::conditional_t<asked, M, AnyModel>;

}  // namespace model

/// A model, as described at the top of this header, that can be trained by loss L. The way it is run decides
/// what else it is asked for.
template <class M, class L>
concept ModelFor = ModelParameters<M> && loss::LossFor<L, M::outputs> &&
                   PerImageModel<model::AskedOf<M, !model::couples_images<M> && M::images == 1>, L> &&
                   MicroBatchModel<model::AskedOf<M, !model::couples_images<M> && (M::images > 1)>, L> &&
                   LayerSynchronousModel<model::AskedOf<M, model::couples_images<M>>, L>;

/// A model that can be trained by some loss: cross-entropy, or for a single number a pixel mean squares.
template <class M>
concept Model = ModelFor<M, model::SomeLoss<M>>;

}  // namespace nwm
