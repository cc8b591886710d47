// A data set beside a model and a loss: whether they fit, and what a batch weighs.
#pragma once

#include "nwm/push_macros.inc"

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "nwm/cell/cell.hpp"
#include "nwm/cell/require.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/error.hpp"
#include "nwm/loss/cross_entropy.hpp"
#include "nwm/loss/guarded.hpp"
#include "nwm/loss/loss.hpp"
#include "nwm/model/description.hpp"
#include "nwm/time/stability.hpp"

namespace nwm {

/// The extent of `images` inputs of a model: pictures, or sequences of vectors or frames.
template <class Model>
constexpr data::Extent input_extent(std::size_t images) {
  constexpr auto shape = Model::shape;
  if constexpr (requires { shape.input_sites(); })
    return {images, shape.inputs, shape.frames ? shape.height : 1, shape.frames ? shape.width : 1,
            shape.steps};
  else if constexpr (requires { Model::input_steps; })
    return {images, shape.image_channels, shape.height, shape.width, Model::input_steps};
  else return {images, shape.image_channels, shape.height, shape.width};
}

/// Throws Error unless the data set's pictures have the model's channels, height and width; sequences, the
/// model's steps, too.
template <class Model>
void require_pictures(const data::Dataset& set) {
  const data::Extent expected = input_extent<Model>(set.size());
  if (!set.extent().same_inputs(expected))
    throw Error(set.name(), "image size", to_string(expected), to_string(set.extent()));
}

/// Throws Error unless the set's pictures fit the model and its targets the loss.
template <class Model, loss::Loss L = loss::CrossEntropy>
void require_fit(const data::Dataset& set, const L& loss = {}) {
  require_pictures<Model>(set);
  loss.check(set, Model::outputs);
}

/// Throws Error unless the loss's options make sense, and the set fits model and loss, is not empty and has
/// something that counts: what metrics can be taken of.
template <class Model, loss::Loss L>
void require_judged(const data::Dataset& set, const L& loss) {
  loss::require_options<typename Model::Real>(loss);
  require_fit<Model>(set, loss);
  if (set.size() == 0) throw Error(set.name(), "images", "at least 1", "0");
  for (std::size_t i = 0; i < set.size(); ++i)
    if (loss.weight(loss.target(set, i)) > 0) return;
  throw Error(set.name(), "targets", "something that counts", "weight 0 in every image");
}

/// Throws Error unless the set fits model and loss, and the images `indices`, at least one, are there.
template <class Model, loss::Loss L>
void require_batch(const data::Dataset& set, const L& loss, std::span<const std::size_t> indices) {
  require_fit<Model>(set, loss);
  if (indices.empty()) throw Error(set.name(), "images of a batch", "at least 1", "0");
  for (const std::size_t i : indices)
    if (i >= set.size())
      throw Error(set.name(), "image of a batch", "below " + std::to_string(set.size()), std::to_string(i));
}

namespace detail {

/// require_batch for an executor, and at its first batch whether the loss keeps within its planes.
template <class Model, loss::Loss L>
class BatchGuard {
 public:
  void require_batch(const data::Dataset& set, const L& loss, std::span<const std::size_t> indices) {
    nwm::require_batch<Model>(set, loss, indices);
    if (tried_) return;
    loss::require_within_planes<Model::outputs, Model::sites, typename Model::Real>(
        loss, loss.target(set, indices[0]));
    tried_ = true;
  }

 private:
  bool tried_ = false;
};

/// Throws as cell::require_numbers for a model's cell: what it holds may be changed at any time.
template <class Model>
void require_cell(const Model& model) {
  if constexpr (requires {
                  typename Model::Cell;
                  model.cell;
                })
    if constexpr (cell::Cell<typename Model::Cell>) cell::require_numbers(model.cell);
}
/// The same, and as model::require_recoverable where the model trains from such a tape.
template <class Model>
void require_trained_cell(const Model& model) {
  require_cell(model);
  if constexpr (requires { model.require_recoverable(); }) model.require_recoverable();
}

/// What an Unstable expects: a finite number, and where nothing says up to which time step the model's cell
/// is stable, that a smaller one may be needed.
template <class Model>
std::string finite_number(const Model& model) {
  std::string text = "a finite number";
  if constexpr (requires { model.cell; })
    if constexpr (!model::BoundedCell<std::remove_cvref_t<decltype(model.cell)>>) {
      std::string numbers;
      nwm::model::for_cell_numbers(model, [&](std::string_view name, double value) {
        if (name == "dt") numbers = "a smaller dt than the cell's " + shown_exactly(value);
        else if (numbers.empty()) numbers = "another " + std::string(name) + " of the cell";
      });
      if (!numbers.empty()) text += " (" + numbers + " may be needed)";
    }
  return text;
}

/// Throws Unstable, naming the image and where in it, where a number is not finite. `place(i)` names
/// number i.
template <class Model, class Real, class Place>
void require_finite(const Model& model, std::size_t image, std::span<const Real> numbers,
                    const Place& place) {
  Real apart(0);  // x − x is 0 for a number and NaN for what is none
  for (const Real v : numbers) apart += v - v;
  if (apart == Real(0)) return;
  std::size_t i = 0;
  while (std::isfinite(numbers[i])) ++i;
  throw Unstable("image " + std::to_string(image), place(i), finite_number(model),
                 shown(static_cast<double>(numbers[i])));
}
/// The same for the scores (outputs, H, W) of an image.
template <class Model, class Real>
void require_finite_scores(const Model& model, std::size_t image, std::span<const Real> scores) {
  require_finite(model, image, scores, [](std::size_t i) {
    return "score (" + std::to_string(i / Model::sites) + ", " +
           std::to_string(i % Model::sites / Model::shape.width) + ", " +
           std::to_string(i % Model::shape.width) + ")";
  });
}

/// One over what the images `indices` weigh together: the factor from sums over pixels to the mean. Throws
/// Error where nothing in the batch counts.
template <loss::Loss L>
double mean_factor(const L& loss, const data::Dataset& set, std::span<const std::size_t> indices) {
  double sum = 0;
  for (const std::size_t i : indices) sum += loss.weight(loss.target(set, i));
  if (!(sum > 0))
    throw Error(set.name(), "targets of a batch", "something that counts", "weight " + shown(sum));
  return 1.0 / sum;
}

/// The average of the loss's metrics over the images of a set, as executor.measure has them, or else of the
/// scores of executor.predict. Throws as require_judged, and Unstable, naming the image, where a score is not
/// finite.
template <class Model, class Executor, loss::Loss L>
typename L::Metrics measure_all(Executor& executor, const Model& model, const data::Dataset& set,
                                const L& loss) {
  using Real = typename Model::Real;
  require_judged<Model>(set, loss);
  require_cell(model);
  std::vector<typename L::Metrics> each(set.size());
  if constexpr (requires { executor.measure(model, set, std::span(each)); })
    if (executor.measure(model, set, std::span(each)))
      return average(std::span<const typename L::Metrics>(each));
  executor.predict(model, set, [&](std::size_t i, std::span<const Real> scores) {
    require_finite_scores(model, i, scores);
    each[i] = loss.measure(scores, loss.target(set, i), Model::outputs);
  });
  return average(std::span<const typename L::Metrics>(each));
}

}  // namespace detail

}  // namespace nwm

#include "nwm/pop_macros.inc"
