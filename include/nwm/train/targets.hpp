// A data set beside a model and a loss: whether they fit, and what a batch weighs.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "nwm/data/dataset.hpp"
#include "nwm/error.hpp"
#include "nwm/loss/cross_entropy.hpp"
#include "nwm/loss/loss.hpp"

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

namespace detail {

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

/// The average of the loss's metrics over the images of a set, their scores those of executor.predict.
template <class Model, class Executor, loss::Loss L>
typename L::Metrics measure_all(Executor& executor, const Model& model, const data::Dataset& set,
                                const L& loss) {
  using Real = typename Model::Real;
  std::vector<typename L::Metrics> each(set.size());
  executor.predict(model, set, [&](std::size_t i, std::span<const Real> scores) {
    each[i] = loss.measure(scores, loss.target(set, i), Model::outputs);
  });
  return average(std::span<const typename L::Metrics>(each));
}

}  // namespace detail

}  // namespace nwm
