// What an executor is: how a model is run over many images, for training and for scores.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>

#include "nwm/data/dataset.hpp"
#include "nwm/loss/loss.hpp"

namespace nwm {

namespace detail {
template <class Real>
struct ProbeVisit {
  void operator()(std::size_t, std::span<const Real>) const {}
};
}  // namespace detail

/// An executor E of model M by loss L: made of a number of threads, a number of shards and the loss;
///   gradient(model, set, indices, gradient)   sets the gradient of the mean loss over images of a set,
///                                             returns the mean
///   predict(model, set, visit)                calls visit(image, scores (outputs, H, W)) for every image
///   evaluate(model, set)                      the loss's metrics, averaged over images
///   measure(model, set, each)                 optional: sets the metrics of each image where the backend
///                                             measures them, returns whether it has (MicroBatchExecutor)
/// Each of them throws Error where the set does not fit model and loss (predict: where its pictures do not),
/// evaluate also where the set is empty or nothing in it counts. Results do not depend on the number of
/// threads.
template <class E, class M, class L>
concept Executor =
    std::constructible_from<E, std::size_t, std::size_t, L> &&
    requires(E& e, M& model, const M& constant, const data::Dataset& set,
             std::span<const std::size_t> indices, std::span<typename M::Real, M::parameter_count> gradient,
             detail::ProbeVisit<typename M::Real> visit) {
      { e.gradient(model, set, indices, gradient) } -> std::convertible_to<double>;
      e.predict(constant, set, visit);
      { e.evaluate(constant, set) } -> std::same_as<typename L::Metrics>;
    };

}  // namespace nwm
