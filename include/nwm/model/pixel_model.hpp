// What models that take an image through a pass of their own share: parameters, scores and gradients, whole
// and in the parts that an executor asks for.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include "nwm/backend/backend.hpp"
#include "nwm/backend/pass.hpp"
#include "nwm/grid/abreast.hpp"
#include "nwm/grid/shape.hpp"
#include "nwm/loss/cross_entropy.hpp"
#include "nwm/loss/encoded_target.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/memory/parts.hpp"
#include "nwm/model/parameter_vector.hpp"

namespace nwm::model {

/// std::span<T, n>; spelled so that compilers show the number n, and not how it came about.
template <class T, std::size_t n>
struct SpanOf {
  using type = std::span<T, n>;
};

namespace detail {
/// The sizes of a pass: of layers that state them, or of pictures with scores at every pixel.
template <class Layers>
struct PassSizes {
  using Grid = PassGrid<typename Layers::Backend, typename Layers::ImageGrid>;
  static constexpr std::size_t positions = Layers::ImageGrid::sites, images = Grid::sites / positions,
                               image_size =
                                   [] {
                                     std::size_t frames = 1;
                                     if constexpr (requires { Layers::frames; }) frames = Layers::frames;
                                     return frames * Layers::shape.image_channels * positions;
                                   }(),
                               outputs = Layers::shape.scores();
};
template <class Layers>
requires requires { Layers::positions; }
struct PassSizes<Layers> : Layers {
  using Grid = typename Layers::BatchGrid;
};
}  // namespace detail

/// Sizes and parameters of a model. Layers has its `shape`, `Backend`, `Real`, the `ImageGrid` of one image,
/// and `List`, the PartList of its parameters; where it is no model over pictures, `positions`, `images`,
/// `image_size` and `outputs`, too.
template <class Layers>
class ParametersOverImages {
  using Sizes = detail::PassSizes<Layers>;

 public:
  static constexpr auto shape = Layers::shape;
  using Backend = typename Layers::Backend;
  using Real = typename Layers::Real;
  using Parts = typename Layers::List;
  using ImageGrid = typename Layers::ImageGrid;

  /// Places of an image that have scores: its pixels, or positions of a sequence.
  static constexpr std::size_t sites = Sizes::positions;
  /// Images of one pass: arrays of a pass hold images beside each other, (channel, image, row, column), or,
  /// where they are `abreast`, as the last index.
  static constexpr std::size_t images = Sizes::images;
  static constexpr bool abreast = AbreastGrid<typename Sizes::Grid>;
  static constexpr std::size_t image_size = Sizes::image_size;
  static constexpr std::size_t outputs = Sizes::outputs;  ///< scores a place
  static constexpr std::size_t score_size = outputs * sites;

  /// Numbers of an encoded target of loss L for one pass: what the constructor of a Workspace takes.
  template <loss::Loss L>
  static constexpr std::size_t target_numbers = loss::EncodedTarget<L, outputs, images, sites, abreast>::size;

  /// The pictures of a pass ([frames, ]image_channels, images, H, W), and their scores (outputs, images, H,
  /// W).
  using PassPictures = typename SpanOf<const Real, images * image_size>::type;
  using PassScores = typename SpanOf<Real, images * score_size>::type;

  /// Named slices of the flat parameter vector, in the order of the authors' checkpoints.
  static constexpr auto layout = layout_of<Parts>();
  static constexpr std::size_t parameter_count = Parts::size;

  /// Initial values as each slice of the layout says, drawn from one seed.
  explicit ParametersOverImages(std::uint64_t seed) : parameters_(layout, seed) {}

  std::span<Real, parameter_count> parameters() { return parameters_.span(); }
  std::span<const Real, parameter_count> parameters() const { return parameters_.span(); }
  /// Where they stand, without waiting for the backend.
  const Real* place() const { return parameters_.data(); }

 protected:
  using BatchGrid = typename Sizes::Grid;
  static constexpr std::size_t pass_sites = BatchGrid::sites;  ///< numbers of a plane of a pass

  /// Where the parameters of part P begin.
  template <class P>
  static constexpr std::size_t offset = Parts::template offset<P>;

 private:
  ParameterVector<Backend, Real, parameter_count> parameters_;
};

/// A model whose last stage is Layers::End (a PixelHead), for Derived (the model itself, which has a
/// Workspace with a member `pass` of type Pass and befriends this class, and says how scores and gradients
/// come about):
///   ask_scores(w), ask_gradient(loss, scale, gradient, w)   ask the backend for them
///   require_stable(w), require_gradient_stable(w)           wait, and throw where the pass went wrong
///   growth(w), require_growth(number)   only where require_stable may throw: where a number of the pass will
///                                       stand, and the same judgement of it without a wait
template <class Derived, class Layers>
class PixelModel : public ParametersOverImages<Layers> {
  using Base = ParametersOverImages<Layers>;
  using End = typename Layers::End;

 public:
  using Base::Base, Base::images, Base::image_size, Base::score_size, Base::sites, Base::parameter_count,
      Base::outputs, Base::abreast;
  using typename Base::Backend, typename Base::Real, typename Base::PassPictures, typename Base::PassScores;

  /// The part of a workspace that has to do with pictures, targets and scores.
  struct Pass {
    explicit Pass(std::size_t target_numbers) : target(target_numbers), end(target_numbers) {}
    static constexpr std::size_t bytes(std::size_t target_numbers) {
      return End::Space::bytes(target_numbers) + images * image_size * sizeof(Real);
    }
    typename Backend::template Memory<Real> image{images * image_size};
    Buffer<Real> target;  // on the host
    typename End::Space end;
  };
  /// Sets scores (outputs, images, H, W) for the images of a pass (image_channels, images, H, W). Throws
  /// Unstable when the encoded fields leave the range in which the cell's time step is stable.
  template <class W>
  void scores(PassPictures image, PassScores out, W& w) const {
    set_input(image, w);
    self().ask_scores(w);
    fetch_scores(out, w);
  }
  /// The same for a model of waves that goes on from carry.start (carried fields, C, images, H, W), or as it
  /// starts itself where that is null. Sets carry.end, where it is not null, to the fields after the last
  /// step. Both in the host's memory, of Derived::carried fields.
  template <class W, class Carry>
  void scores(PassPictures image, PassScores out, W& w, Carry carry) const {
    set_input(image, w);
    self().ask_scores(w, carry);
    fetch_scores(out, w);
  }

  /// Returns the loss summed over what counts, and adds `scale` times its gradient to `gradient`
  /// (parameter_count), memory of the backend. target: what a data set holds for each image, one behind the
  /// other, for a class a pixel (images, H, W); images it leaves out at the end count nothing. Throws as
  /// `scores`, and Error when the target has another size or a class the model has not; nothing is added then
  /// (by queued backends: in place of Unstable, anything).
  template <class W, loss::Loss L = loss::CrossEntropy>
  requires loss::LossFor<L, outputs>
  double add_gradient(PassPictures image, std::span<const typename L::Target> target, Real scale,
                      std::span<Real, parameter_count> gradient, W& w, const L& loss = {}) const {
    loss::EncodedTarget<L, outputs, images, sites, abreast>::set_all(loss, target, w.pass.target.span());
    set_input(image, w);
    set_target(w.pass.target.span(), w);
    self().ask_gradient(loss, scale, gradient.data(), w);
    return fetch_loss(w);
  }

  // The same in parts, for an executor that stages its input ahead and captures what `ask_…` asks of a queued
  // backend (train/micro_batch_executor.hpp). Host memory given to set_input and set_target must stay until
  // something is fetched.
  template <class W>
  void set_input(PassPictures image, W& w) const {
    Backend::upload(image.size(), image.data(), w.pass.image.data());
  }
  template <class W>
  void set_target(std::span<const Real> encoded, W& w) const {
    End::set_target(encoded, w.pass.end);
  }
  template <class W>
  void fetch_scores(PassScores out, W& w) const {
    self().require_stable(w);
    Backend::download(out.size(), w.pass.end.scores(), out.data());
  }
  /// Where the scores asked for will stand, (outputs, images, H, W) in the backend's memory, for what is
  /// asked for next.
  template <class W>
  static const Real* asked_scores(const W& w) {
    return w.pass.end.scores();
  }
  template <class W>
  double fetch_loss(W& w) const {
    self().require_gradient_stable(w);
    return End::loss(w.pass.end);
  }

 private:
  const Derived& self() const { return static_cast<const Derived&>(*this); }
};

}  // namespace nwm::model
