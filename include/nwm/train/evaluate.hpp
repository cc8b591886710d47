// Metrics of a model on a data set.
#pragma once

#include <cstddef>
#include <type_traits>

#include "nwm/model/model.hpp"
#include "nwm/train/executor.hpp"
#include "nwm/train/layer_synchronous_executor.hpp"
#include "nwm/train/micro_batch_executor.hpp"
#include "nwm/train/one_pass_executor.hpp"
#include "nwm/train/pass_executor.hpp"
#include "nwm/train/per_image_executor.hpp"
#include "nwm/train/shards.hpp"
#include "nwm/train/targets.hpp"

namespace nwm {

namespace detail {
template <class Model, class L, class Share>
constexpr auto executor_of() {
  constexpr bool several = Model::images > 1, coupled = model::couples_images<Model>;
  using Backend = typename Model::Backend;
  using Real = typename Model::Real;
  constexpr bool on_host = std::is_same_v<typename Backend::template Memory<Real>, Buffer<Real>>;
  if constexpr (coupled && several) return std::type_identity<OnePassExecutor<Model, L>>{};
  else if constexpr (coupled) return std::type_identity<LayerSynchronousExecutor<Model, L>>{};
  else if constexpr (loss::abreast_of<Model> && on_host && !queued<Backend>)
    return std::type_identity<PassExecutor<Model, L, Share>>{};
  else if constexpr (several || loss::abreast_of<Model>)
    return std::type_identity<MicroBatchExecutor<Model, L, Share>>{};
  else return std::type_identity<PerImageExecutor<Model, L, Share>>{};
}
}  // namespace detail

/// How a model is run over many images: one at a time, several at a time where its backend takes them so, or
/// as whole batches where they depend on each other. `Share` is the part of a batch that is made here
/// (shards.hpp); models whose images depend on each other have the whole alone.
template <class Model, loss::Loss L = loss::CrossEntropy, class Share = WholeBatch>
requires ModelFor<Model, L>
using ExecutorOf = typename decltype(detail::executor_of<Model, L, Share>())::type;

/// Metrics of `model` on a data set, by the measure of the loss named: plain cross-entropy where none is. A
/// model does not know by which loss it was trained: for the best weights of a trainer
/// `trainer.evaluate(set)` takes the trainer's. Throws Error when the set is empty, does not fit model and
/// loss or has nothing that counts, or an option of the loss makes no sense; Unstable when a wave step is, or
/// a score is not finite, naming the image. threads 0: all there are.
template <class Model, loss::Loss L = loss::CrossEntropy>
requires ModelFor<Model, L>
typename L::Metrics evaluate(const Model& model, const data::Dataset& set, std::size_t threads = 0,
                             const L& loss = {}) {
  require_judged<Model>(set, loss);
  return ExecutorOf<Model, L>(threads, thread_count(threads), loss).evaluate(model, set);
}
/// The same, the loss first: `evaluate(model, set, MyLoss{…})`.
template <class Model, loss::Loss L>
requires ModelFor<Model, L>
typename L::Metrics evaluate(const Model& model, const data::Dataset& set, const L& loss,
                             std::size_t threads = 0) {
  return evaluate(model, set, threads, loss);
}

}  // namespace nwm
