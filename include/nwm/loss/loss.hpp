// What a loss is: a policy that says which target a model is trained towards, how far its scores are from it,
// and by which metrics it is judged. A loss L is a trivially copyable struct; its members are its options.
//
//   name                 what weight files, tables and errors call it
//   Target               the value type of a target in a data set: std::uint8_t or float
//   Metrics              figures of one image, as the concept Metrics below asks; `loss` is what a trainer
//                        compares
//   pooled               true: the loss is taken of scores averaged over the pixels of an image
//   sparse               optional, true: most pixels count nothing, so that a model may leave them out
//   target_size(outputs, sites)          values of the target of one image
//   planes<outputs>      numbers a pixel (pooled: an image) that a target becomes for the backend
//   accepts<outputs>     whether a model with so many scores a pixel can be trained by it
//   options(f)           f(name, value) for each option: what a resumed run must have the same. A loss
//                        derived from another, with members of its own, states its own
//   check_options()      optional: throws Error, naming the option, where the options make no sense
//   check(set, outputs)  throws Error where a data set has another kind of target or a class there is not
//   target(set, i)       the target of image i, a span of Target
//   weight(target)       what an image counts in the mean: a batch's loss is Σ loss / Σ weight
//   encode<outputs>(target, to, stride)   sets plane k at to + k·stride, on the host; throws Error
//   kernel<outputs>(factor, target, target_stride, scores, score_stride)
//                        a kernel (backend/kernels.hpp): at each pixel it returns the loss, and replaces
//                        score k at scores + k·score_stride by factor times the loss's slope in it. Plane k
//                        of the target stands at target + k·target_stride. Plane 0 below 0: the pixel counts
//                        nothing. It is constexpr, calls the functions of nwm::math, writes constants
//                        as V(0.5) and does not branch on values
//   measure(scores, target, outputs)      Metrics of one image, scores (outputs, sites)
//   Measured, Sums<outputs>, add_to, metrics
//                        optional: `measure` in parts, for backends that measure where the scores are
//                        (loss/measured.hpp)
#pragma once

#include "nwm/push_macros.inc"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nwm/backend/probe.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/options.hpp"

namespace nwm::loss {

/// What a trainer needs of the metrics of a loss: the loss, an average over images, and a line to print.
template <class M>
concept Metrics =
    std::is_default_constructible_v<M> && requires(const M& metrics, std::span<const M> images) {
      { metrics.loss } -> std::convertible_to<double>;
      { average(images) } -> std::same_as<M>;
      { text(metrics) } -> std::convertible_to<std::string>;
    };

/// What `kernel` of loss L answers for two outputs.
template <class L, class Real>
using KernelOf = decltype(std::declval<const L&>().template kernel<2>(
    0.5, std::declval<const Real*>(), std::size_t{1}, std::declval<Real*>(), std::size_t{1}));

/// A kernel that returns a value of each pixel, for lanes of type Lane. It is compiled when it is asked for,
/// so that what a kernel::ProbeValue tells is told there, and not deep in a backend.
template <class Kernel, class Lane>
concept PixelKernel = requires(const Kernel& kernel, Lane lane) {
  { kernel(lane) } -> std::same_as<typename Lane::Value>;
  typename std::bool_constant<(true || (nwm::kernel::given<const Kernel&>()(Lane{}), true))>;
};

/// A loss for scores of type Real.
template <class L, class Real>
concept LossOf =
    requires(const L& loss, std::size_t n, Real* out, const Real* in,
             std::span<const typename L::Target> target) {
      loss.template encode<2>(target, out, n);
      loss.template kernel<2>(0.5, in, n, out, n);
      { loss.measure(std::span<const Real>(in, n), target, n) } -> std::same_as<typename L::Metrics>;
    } &&
    PixelKernel<KernelOf<L, Real>, kernel::ProbeLane<Real, kernel::ProbeValue<L>>> &&
    PixelKernel<KernelOf<L, Real>, kernel::ProbeLane<Real>>;

/// A loss, as described at the top of this header.
template <class L>
concept Loss = std::is_trivially_copyable_v<L> && StatesItsOptions<L> &&
               requires {
                 { L::name } -> std::convertible_to<std::string_view>;
                 typename L::Target;
                 typename L::Metrics;
                 { L::pooled } -> std::convertible_to<bool>;
                 { L::target_size(std::size_t{1}, std::size_t{1}) } -> std::convertible_to<std::size_t>;
                 { L::template planes<2> } -> std::convertible_to<std::size_t>;
                 { L::template accepts<2> } -> std::convertible_to<bool>;
               } && Metrics<typename L::Metrics> &&
               requires(const L& loss, const data::Dataset& set, std::size_t n,
                        std::span<const typename L::Target> target) {
                 loss.options(nwm::detail::TakeOption{});
                 loss.check(set, n);
                 { loss.target(set, n) } -> std::same_as<std::span<const typename L::Target>>;
                 { loss.weight(target) } -> std::convertible_to<double>;
               } &&
               LossOf<L, float> && LossOf<L, double>;

/// A loss for a model of `outputs` scores a pixel.
template <class L, std::size_t outputs>
concept LossFor = Loss<L> && L::template accepts<outputs>;

/// A loss that says it leaves out so many pixels that going over the others alone pays.
template <class L>
concept Sparse = Loss<L> && !L::pooled && requires {
  requires bool { L::sparse };
};

/// Throws Error, naming the option, where the options of a loss make no sense, or would be 0 or infinite as a
/// Real.
template <class Real, Loss L>
void require_options(const L& loss) {
  if constexpr (requires { loss.check_options(); }) loss.check_options();
  require_options_in<Real>(loss);
}

/// Throws Error unless the set holds targets of that kind.
inline void require_kind(const data::Dataset& set, data::Targets::Kind kind) {
  if (set.targets().kind() != kind)
    throw Error(set.name(), "target", data::Targets::name(kind), data::Targets::name(set.targets().kind()));
}

}  // namespace nwm::loss

#include "nwm/pop_macros.inc"
