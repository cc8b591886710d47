// What a backend may have besides the vocabulary of backend.hpp. This is the whole list; a backend that
// derives from another has that one's, too. In one pass through a model:
//
//   grid<G>       the grid of a pass over images on G: several images in one field (grid/batched.hpp).
//                 Default: G itself, one image a pass.
//   tile          pixels, over all images of a pass, that the head processes at a time. Default: 256, so that
//                 the head's layers stay in a processor's cache.
//   series_tile   columns that a readout's products process at a time. Default: `tile`.
//   fused_head<Mlp, Real>
//                 true: the head Mlp (layer/head.hpp) runs in one launch, by the words below. Default: layer
//                 by layer, in the vocabulary's products. `room` holds head_room<Mlp>(n) numbers for at most
//                 n pixels, and head_fits<Mlp>() asks the present device whether it can.
//   head_tile     pixels, over all images of a pass, that such a head takes at a time. Default: `tile`.
//   prepare_head<Mlp>(parameters, room)
//                 lays the weights out, for what follows.
//   head_scores<Mlp>(n, parameters, x, scores, score_stride, room)
//                 sets scores (out, n), rows score_stride apart, from the features x (in, n).
//   head_gradient<Mlp>(n, parameters, x, loss, scores, sum, x_gradient, parameter_gradient, room)
//                 forward, the kernel `loss` on scores (out, n), which it changes, and back: sets *sum to the
//                 loss and x_gradient (in, n), and adds to parameter_gradient.
//   run_steps(segment)
//                 all steps of a segment (tape/segment.hpp) at once: sets the slots of its tape from the
//                 fields at the start. Default, also for types it does not accept: step by step.
//   run_steps_back(segment, series_gradient, gradient, parameter_gradient, scratch)
//                 the same backwards; scratch holds steps_scratch<Segment> numbers. It may overwrite the
//                 coupled values' slots, and series_gradient.
//   series_tape   true: these two take a tape that is its series (tape/series_map.hpp), where a cell's steps
//                 can be found again from it: there run_steps_back sets steps.sent = series_gradient, where
//                 the gradients of the coupled values go. Default: the tape keeps all.
//   run_sequences(segment, scratch)
//                 all steps of a segment (tape/segment.hpp) of images abreast, which a SequenceMachine has;
//                 false where it did nothing, and the steps then run one by one. scratch holds
//                 sequences_scratch<Segment> numbers.
//   run_sequences_back(segment, series_gradient, gradient, parameter_gradient, scratch)
//                 the same backwards. It may overwrite the coupled values' slots.
//
// Normalisation in few launches (device/row_sums.hpp). A row is a channel. The memory for the rows' two sums,
// in parts, holds sum_room(rows, parts) numbers; sum i of part p of row r stands at
// sums[2·(r·stride + p) + i]:
//
//   sums_beside   true: the words below are there. Default: one operation after the other, as
//                 layer/batch_norm.hpp has them.
//   run_both(a, b)
//                 two bodies (device/block.hpp), neither of which needs the other's results: in one launch
//                 where that pays.
//                 The four words that begin with couple_ return a body for this word, or for run.
//   couple_sums<S, G>(parameters, parts, terms, sums, stride)
//                 `couple`, whose sums go to `terms` (device/correlate.hpp), which stores them and returns
//                 two terms each; sets stencil_parts<S, G, Real> parts of the terms' sums a channel.
//   couple_back_sums<S, G>(parameters, gradient, terms, sums, stride)
//                 the same with the adjoint in the data.
//   sum_rows_beside<Real>(rows, n, kernel, sums, stride)
//                 `sum_rows` of two terms; sets row_parts(rows, n) parts a row.
//   join_sums(rows, parts, sums)
//                 what map_after_sums takes, of sums whose stride is `parts`; most_parts<G> a pass at most.
//   map_after_sums<Real>(rows, n, joined, setup, kernel)
//                 `map_rows` of kernel(lane, value) with value = setup(row, sums, first), where `first` is
//                 true once a row.
//   couple_back<S, G, n>(parameters, gradient, finish)
//                 the adjoint in the data in n parts: finish(a part's channel·sites + site, the parts' sums).
//   couple_gradient<S, G>(parts, gradient, partial)
//                 sets partial, scratch<S, G> numbers, to parts of the gradient in the parameters.
//   gradient_parts<S, G, n>(partial, to)
//                 a GradientParts (device/join_gradients.hpp) that says to which gradient these are added.
//   join_gradients(all)
//                 adds an array of GradientParts to their gradients.
//
// A coupling in parts, which leaves `couple` out (cpu/simd.hpp has the meaning of each):
//
//   line(width), rows_at_once, rows<Boundary, width, count>(…)
//                 some rows of a five-point coupling with what follows (model::RowBackend,
//                 time/row_sweep.hpp), in models and simulations. `line` stands for all three: without it
//                 none is used. Default: `couple`, then `map`.
//   prepare_rows<S, G>(…), couple_rows<S, G, rows>(…)
//                 `couple` over bands of rows (model::BandedBackend, simulation/in_place.hpp), in simulations
//                 only. Without `prepare_rows` neither is used. Default: `couple` on one thread.
//
// How the backend runs and what it has:
//
//   queued        true: operations may run after the call that asks for them has returned (nwm::queued,
//                 backend.hpp). Default: false.
//   Mark          a type whose set() marks what was asked for so far, and whose wait() returns when that is
//                 done; before set() it returns at once (train/measured_passes.hpp). Default: `wait`.
//   run(body)     runs the blocks of a body (backend/device/block.hpp). With it metrics are measured where
//                 the scores are (train/measured_passes.hpp). Default: on the host.
//   CapturedGraph a type with capture(ask) and launch(): a sequence of operations that is recorded once and
//                 run again (train/captured_step.hpp). Default: what is asked is asked each time.
//   has_crew      true: operations are divided over the threads of a crew, with the same bits
//                 (backend/crew.hpp), so that images that would leave threads idle run on all of them. A
//                 backend that does its products by itself sets it to false. Default: false.
//   free_memory() bytes that are free for the arrays; a model that needs more is refused with what would fit
//                 (train/memory_budget.hpp). Default: nothing is refused.
#pragma once

#include <cstddef>

namespace nwm {

namespace detail {
template <class B, class G>
struct PassGrid {
  using type = G;
};
template <class B, class G>
requires requires { typename B::template grid<G>; }
struct PassGrid<B, G> {
  using type = typename B::template grid<G>;
};
}  // namespace detail

/// The grid of one pass of backend B over images on G. For n images, value (channel c, image i, row y, column
/// x) is at ((c·n + i)·height + y)·width + x.
template <class B, class G>
using PassGrid = typename detail::PassGrid<B, G>::type;

/// Most pixels that the head, or another product over pixels, processes at a time.
template <class B>
inline constexpr std::size_t tile_limit = [] {
  if constexpr (requires { B::tile; }) return std::size_t{B::tile};
  else return std::size_t{256};
}();

/// Whether backend B runs the head Mlp in one launch.
template <class B, class Mlp, class Real>
inline constexpr bool fused_head = [] {
  if constexpr (requires { B::template fused_head<Mlp, Real>; }) return B::template fused_head<Mlp, Real>;
  else return false;
}();

/// Most pixels that head Mlp processes at a time.
template <class B, class Mlp, class Real>
inline constexpr std::size_t head_limit = [] {
  if constexpr (fused_head<B, Mlp, Real> && requires { B::head_tile; }) return std::size_t{B::head_tile};
  else return tile_limit<B>;
}();

/// Whether backend B has the words for normalisation in few launches.
template <class B>
inline constexpr bool sums_beside = [] {
  if constexpr (requires { B::sums_beside; }) return bool{B::sums_beside};
  else return false;
}();

/// Most columns that a readout's products process at a time.
template <class B>
inline constexpr std::size_t column_limit = [] {
  if constexpr (requires { B::series_tile; }) return std::size_t{B::series_tile};
  else return tile_limit<B>;
}();

}  // namespace nwm
