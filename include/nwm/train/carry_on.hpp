// A long sequence in pieces: predictions and series that go on from states that are given.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <exception>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "nwm/backend/threads.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/error.hpp"
#include "nwm/io/tensor.hpp"
#include "nwm/memory/array.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/model/model.hpp"
#include "nwm/train/evaluate.hpp"
#include "nwm/train/predict.hpp"
#include "nwm/train/staged_input.hpp"

namespace nwm {

/// A model of waves that a run can leave and go on with: `carried` fields of its cell are handed on, in the
/// order of their enumerators. Those are all states; in a WaveMachine the maps that it encodes, too.
template <class M>
concept CarryingModel = ModelParameters<M> && requires {
  { M::carried } -> std::convertible_to<std::size_t>;
  typename M::Carry;
};

namespace detail {

/// What the images of a set start from and end with.
template <class Model>
class CarriedStates {
 public:
  using Real = typename Model::Real;
  static constexpr std::size_t images = Model::images;
  /// Numbers of an image.
  static constexpr std::size_t size = Model::carried * Model::channels * Model::shape.sites();
  /// Those of a pass, before and after it.
  struct Pass {
    Buffer<Real> start{images * size}, end{images * size};
  };

  /// Throws Error where `given` has another shape, or a number that is not finite.
  CarriedStates(const Array<Real>& given, std::size_t count)
      : given_(given),
        end_({count, Model::carried, Model::channels, Model::shape.height, Model::shape.width}) {
    if (given.shape.empty()) return;
    std::vector<std::size_t> one = end_.shape;
    one[0] = 1;
    if (given.shape != end_.shape && given.shape != one)
      throw Error("carried states", "shape", io::to_string(end_.shape) + " or " + io::to_string(one),
                  io::to_string(given.shape));
    for (std::size_t k = 0; k < given.values.size(); ++k)
      if (!std::isfinite(given.values[k]))
        throw Error("carried states",
                    "value " + std::to_string(k % size) + " of image " + std::to_string(k / size),
                    "a finite number", shown(static_cast<double>(given.values[k])));
  }

  /// Lays out the states that the `count` images from `first` on start from: places beyond take the last
  /// image's.
  typename Model::Carry lay_out(std::size_t first, std::size_t count, Pass& pass) const {
    if (given_.shape.empty()) return {.end = pass.end.data()};
    for (std::size_t i = 0; i < images; ++i)
      put_image<Model>(given_[given_.shape[0] == 1 ? 0 : first + std::min(i, count - 1)], i,
                       pass.start.data());
    return {.start = pass.start.data(), .end = pass.end.data()};
  }
  void keep(std::size_t first, std::size_t count, const Pass& pass) {
    for (std::size_t i = 0; i < count; ++i) take_image<Model>(pass.end.data(), i, end_[first + i]);
  }
  Array<Real> end() && { return std::move(end_); }

 private:
  const Array<Real>& given_;
  Array<Real> end_;
};

/// What a thread needs for predictions from carried states.
template <class Model>
struct CarrySpace {
  using Real = typename Model::Real;
  typename Model::Workspace space{};
  typename CarriedStates<Model>::Pass carry{};
  Buffer<Real> picture{Model::image_size}, pictures{Model::images * Model::image_size},
      scores{Model::images * Model::score_size}, one{Model::score_size};
};

}  // namespace detail

/// As predict(model, set), where every image or sequence goes on from `states` (images, carried fields, C, H,
/// W), or (1, …): all from the same. An Array without a shape: as the model starts by itself. `states`
/// becomes those after the last step, of all images: what the next piece starts from. Scores are those of the
/// piece: a mean or a readout over time sees its steps alone. Throws as predict; Error where `states` has
/// another shape or a number that is not finite. After an error `states` is as it was.
template <CarryingModel Model, loss::Loss L = model::SomeLoss<Model>>
requires ModelFor<Model, L>
Predictions<typename Model::Real> predict(const Model& model, const data::Dataset& set,
                                          Array<typename Model::Real>& states, std::size_t threads = 0,
                                          const L& loss = {}) {
  using Real = typename Model::Real;
  constexpr std::size_t images = Model::images;
  (void)loss;
  require_pictures<Model>(set);
  detail::require_cell(model);
  detail::CarriedStates<Model> carried(states, set.size());
  auto all = detail::blank_predictions<Model, L>(set.size());
  using Space = detail::CarrySpace<Model>;
  // A backend that is asked for passes one after the other has threads of its own.
  constexpr bool in_turn = std::is_same_v<ExecutorOf<Model, L>, MicroBatchExecutor<Model, L>>;
  const std::size_t passes = (set.size() + images - 1) / images;
  std::vector<std::unique_ptr<Space>> spaces(
      in_turn ? 1 : std::clamp<std::size_t>(thread_count(threads), 1, std::max<std::size_t>(passes, 1)));
  for (auto& space : spaces) space = std::make_unique<Space>();
  std::vector<std::size_t> indices(set.size());
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  std::vector<std::exception_ptr> errors(passes);
  parallel_for(passes, spaces.size(), errors, [&](std::size_t p, std::size_t thread) {
    Space& w = *spaces[thread];
    const std::size_t first = p * images, count = std::min(images, set.size() - first);
    detail::lay_out_pictures<Model>(set, std::span<const std::size_t>(indices).subspan(first, count),
                                    w.picture, w.pictures.data());
    model.scores(std::span<const Real, images * Model::image_size>(w.pictures.data(), w.pictures.size()),
                 std::span<Real, images * Model::score_size>(w.scores.data(), w.scores.size()), w.space,
                 carried.lay_out(first, count, w.carry));
    carried.keep(first, count, w.carry);
    for (std::size_t i = 0; i < count; ++i)
      detail::set_prediction<Model, L, Real>(
          model, first + i, detail::scores_of<Model>(static_cast<const Real*>(w.scores.data()), i, w.one),
          all);
  });
  states = std::move(carried).end();
  return all;
}

/// As record(model, set), from `states` on, which become those after the last step, as above.
template <CarryingModel Model>
Array<typename Model::Real> record(const Model& model, const data::Dataset& set,
                                   Array<typename Model::Real>& states) {
  detail::CarriedStates<Model> carried(states, set.size());
  typename detail::CarriedStates<Model>::Pass pass;
  auto series = detail::record_passes(
      model, set,
      [&](std::size_t first, std::size_t count, const auto& pictures, const auto& to, auto& space) {
        model.record(pictures, to, space, carried.lay_out(first, count, pass));
        carried.keep(first, count, pass);
      });
  states = std::move(carried).end();
  return series;
}

}  // namespace nwm

#include "nwm/pop_macros.inc"
