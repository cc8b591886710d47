// Metrics of a model on a data set.
#pragma once

#include <cstddef>
#include <type_traits>

#include "nwm/train/layer_synchronous_executor.hpp"
#include "nwm/train/micro_batch_executor.hpp"
#include "nwm/train/per_image_executor.hpp"

namespace nwm {

namespace detail {
/// Whether the images of a batch depend on each other.
template <class Model>
constexpr bool couples_images() {
  if constexpr (requires { Model::couples_images; }) return Model::couples_images;
  else return false;
}
/// Images of one pass.
template <class Model>
constexpr std::size_t images_of_pass() {
  if constexpr (requires { Model::images; }) return Model::images;
  else return 1;
}
template <class Model>
constexpr auto executor_of() {
  if constexpr (couples_images<Model>()) return std::type_identity<LayerSynchronousExecutor<Model>>{};
  else if constexpr (images_of_pass<Model>() > 1) return std::type_identity<MicroBatchExecutor<Model>>{};
  else return std::type_identity<PerImageExecutor<Model>>{};
}
}  // namespace detail

/// How a model is run over many images: one at a time, several at a time where its backend takes them so, or
/// as whole batches where they depend on each other.
template <class Model>
using ExecutorOf = typename decltype(detail::executor_of<Model>())::type;

/// Metrics of `model` on a data set. Throws Error when the set is empty or does not fit the model,
/// Unstable when a wave step is. threads 0: all there are.
template <class Model>
Metrics evaluate(const Model& model, const data::Dataset& set, std::size_t threads = 0) {
  require_fit<Model>(set);
  if (set.size() == 0) throw Error(set.name(), "images", "at least 1", "0");
  return ExecutorOf<Model>(threads, thread_count(threads)).evaluate(model, set);
}

}  // namespace nwm
