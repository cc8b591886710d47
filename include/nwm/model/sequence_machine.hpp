// A cell that is driven at every step, over sequences: oscillator networks, wave RNNs, state spaces.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "nwm/backend/backend.hpp"
#include "nwm/backend/default.hpp"
#include "nwm/cell/archetype.hpp"  // by itself: compilers tell the way to what refuses a cell
#include "nwm/cell/check.hpp"
#include "nwm/cell/require.hpp"
#include "nwm/checkpointing/policies.hpp"
#include "nwm/checkpointing/reversible.hpp"
#include "nwm/grid/sequence_shape.hpp"
#include "nwm/layer/head.hpp"
#include "nwm/model/pixel_model.hpp"
#include "nwm/model/sequence_parts.hpp"
#include "nwm/readout/positions.hpp"
#include "nwm/time/carry.hpp"

namespace nwm {

/// inputs (T, inputs[, H, W]) → cell × T → head → scores (outputs, positions): one position, or one a step.
/// `lanes` sequences of one length run side by side. Shape, cell, positions, head, backend, precision and
/// memory policy are all part of the type.
template <SequenceShape shape_, class Cell_, class Positions_ = readout::AtEnd, class Head_ = head::Hidden<>,
          class Backend_ = DefaultBackend, class Real_ = float,
          class Checkpointing_ = checkpointing::StoreAll>
requires ValidSequenceShape<shape_> && cell::Cell<Cell_> &&
         (cell::checked<Cell_>() && cell::checked_for_sequence<Cell_>() &&
          cell::checked_drive<Cell_, shape_.inputs == shape_.oscillators,
                              shape_.input_sites() == shape_.sites()>()) &&
         readout::Positions<Positions_> && head::HeadWidths<Head_> && Backend<Backend_> &&
         std::floating_point<Real_> && checkpointing::PolicyFor<Checkpointing_, StepCount<shape_.steps>>
class SequenceMachine
    : public model::PixelModel<
          SequenceMachine<shape_, Cell_, Positions_, Head_, Backend_, Real_, Checkpointing_>,
          model::SequenceParts<shape_, Cell_, Positions_, Head_, Backend_, Real_, Checkpointing_>> {
  using Layers = model::SequenceParts<shape_, Cell_, Positions_, Head_, Backend_, Real_, Checkpointing_>;
  using Base = model::PixelModel<SequenceMachine, Layers>;
  friend Base;

 public:
  static constexpr std::string_view kind = "sequence_machine";
  using Cell = Cell_;
  using Positions = Positions_;
  using Head = Head_;
  using Backend = Backend_;
  using Real = Real_;
  using Checkpointing = Checkpointing_;
  template <class B, class R = Real, class K = Checkpointing>
  using with = SequenceMachine<shape_, Cell, Positions, Head, B, R, K>;

  using Base::shape, Base::images, Base::image_size;
  /// A run of its steps, as its backend sees it (backend/pass.hpp, device::Operations::steps_choice).
  using Segment = typename Layers::Waves::Segment;
  /// Time steps, and oscillator channels.
  static constexpr std::size_t steps = shape.steps, channels = shape.oscillators;
  /// Steps of a time segment, and how many segments there are.
  static constexpr std::size_t length = Layers::length, segments = Layers::segments;
  static constexpr std::size_t recorded = Layers::Waves::series.size();      ///< fields
  static constexpr std::size_t series_size = steps * Layers::states;         ///< of one sequence
  static constexpr std::size_t carried = cell::carried_fields<Cell>.size();  ///< all states: fields

 private:
  using End = typename Layers::End;
  using Waves = typename Layers::Waves;
  using Mlp = typename Layers::Mlp;
  using Output = typename Layers::Output;
  using Carried = model::CarriedFields<Cell, Backend, Waves, Real>;
  static constexpr std::size_t columns = Waves::columns;
  static constexpr std::size_t states = Layers::states, lanes = shape.lanes;
  static constexpr std::size_t input_numbers = shape.input_size() * lanes;  ///< of one step
  static constexpr bool plain = Output::parameters == 0;
  static_assert(!Checkpointing::reversible || model::ReversibleCell<Cell>,
                "checkpointing::Reversible needs a cell that states the inverse of its step: take Every<k>");
  static_assert(
      [] {
        if constexpr (requires { Cell::units; }) return Cell::units == channels;
        else return true;
      }(),
      "the cell is made for another number of units than shape.oscillators");

 public:
  /// The states that a pass begins with and hands on.
  using Carry = model::Carry<Real>;
  /// How a machine starts.
  struct Options {
    Cell cell{};             ///< dt and the other numbers of the cell
    std::uint64_t seed = 0;  ///< of the initial values
  };

  /// Initial values as PyTorch's (uniform ±1/sqrt(fan_in)), or as the cell says. Throws Error as
  /// cell::require_numbers.
  explicit SequenceMachine(const Options& options = Options{})
      : Base(options.seed), cell((nwm::cell::require_numbers(options.cell), options.cell)) {}

  /// Memory for a whole forward and backward pass. Allocated once, used for any sequences, by one thread at a
  /// time.
  class Workspace {
   public:
    /// target_numbers<L> of the loss L of add_gradient.
    explicit Workspace(std::size_t target_numbers = Layers::positions * lanes) : pass(target_numbers) {}
    /// Bytes of the backend's memory it holds.
    static constexpr std::size_t bytes(std::size_t target_numbers = Layers::positions * lanes) {
      return Waves::Tape::bytes() + Waves::Adjoint::bytes() + Base::Pass::bytes(target_numbers) +
             (series_numbers + mean_numbers + between + scratch_size + 1) * sizeof(Real);
    }

   private:
    friend SequenceMachine;
    friend Base;
    using Memory = typename Backend::template Memory<Real>;
    typename Base::Pass pass;
    typename Waves::Tape tape;
    typename Waves::Adjoint adjoint;
    Memory series_gradient{series_numbers}, mean{mean_numbers}, states{between}, scratch{scratch_size};
    Memory worst{1};  // growth of a step back
  };

  /// Sets series (T, recorded fields, C, H, W, lanes), the recorded states after every step. `carry` as in
  /// scores(…).
  void record(typename Base::PassPictures sequences, std::span<Real, images * series_size> series,
              Workspace& w, Carry carry = {}) const {
    this->set_input(sequences, w);
    run(w, carry, [&](std::size_t segment) {
      for (std::size_t r = 0; r < recorded; ++r)
        for (std::size_t i = 0; i < length; ++i)
          Backend::download(columns, w.tape.series_of(Waves::series[r]) + i * columns,
                            series.data() + ((segment * length + i) * recorded + r) * columns);
    });
  }

  // What PixelModel asks for.
  void ask_scores(Workspace& w, Carry carry = {}) const {
    run(w, carry, [&](std::size_t segment) {
      if constexpr (Positions::every_step) End::score(head(), w.pass.end, former(w, segment), first(segment));
    });
    if constexpr (!Positions::every_step) End::score(head(), w.pass.end, former(w, segments - 1), 0);
  }
  template <loss::Loss L>
  void ask_gradient(const L& loss, Real scale, Real* gradient, Workspace& w) const {
    run(w, {}, [](std::size_t) {});
    if constexpr (Checkpointing::reversible) {
      model::ask_reverse<Cell, Backend, Real>(cell, bounded_maps(w), columns, w.worst.data());
      if constexpr (!queued<Backend>) require_gradient_stable(w);
    }
    w.adjoint.clear();
    if constexpr (!Positions::every_step) add_head_gradient(loss, scale, gradient, w, segments - 1);
    for (std::size_t segment = segments; segment-- > 0;) {
      if (segment + 1 < segments) {
        if constexpr (Checkpointing::reversible)
          model::refill_backwards<Cell, typename Layers::BatchGrid, channels, length, Backend, Real, Waves>(
              cell, coupling(), w.tape, segment, w.scratch.data());
        else Waves::run(cell, coupling(), w.tape, segment, w.scratch.data());
      }
      if constexpr (Positions::every_step) add_head_gradient(loss, scale, gradient, w, segment);
      Waves::run_back(cell, coupling(), w.tape, segment,
                      series_numbers > 0 ? w.series_gradient.data() : nullptr, w.adjoint,
                      gradient + Base::template offset<typename Layers::Coupling>, w.scratch.data());
    }
    Layers::Numbers::template add_gradient<Backend, typename Base::Parts>(this->place(), w.adjoint, gradient,
                                                                          w.scratch.data());
  }

  Cell cell;  ///< with its numbers

 private:
  // The gradient of the recorded series is needed where every step has one.
  static constexpr std::size_t series_numbers =
      Positions::every_step || Positions::mean ? length * recorded * columns : 0;
  static constexpr std::size_t mean_numbers = Positions::mean ? recorded * columns : 0;
  static constexpr std::size_t between =
      plain ? 0 : (states + shape.input_size() + Output::scratch) * End::tile;
  static constexpr std::size_t scratch_size = std::max(Waves::scratch, Layers::Numbers::scratch);

  const Real* head() const { return this->place() + Base::template offset<Mlp>; }
  const Real* coupling() const { return this->place() + Base::template offset<typename Layers::Coupling>; }
  const Real* output() const { return this->place() + Base::template offset<Output>; }
  static constexpr std::size_t first(std::size_t segment) {
    return Positions::every_step ? segment * length * lanes : 0;
  }

  /// All steps for the sequences loaded. after(segment) sees the tape of each segment.
  template <class After>
  void run(Workspace& w, Carry carry, const After& after) const {
    w.tape.drive = {w.pass.image.data(), input_numbers};
    Carried::rest(w.tape);
    Layers::Numbers::template set<Backend, typename Base::Parts>(this->place(), w.tape, w.scratch.data());
    if (carry.start) Carried::set(w.tape, carry.start);
    if constexpr (Positions::mean) Backend::fill(mean_numbers, Real(0), w.mean.data());
    for (std::size_t segment = 0; segment < segments; ++segment) {
      Waves::run(cell, coupling(), w.tape, segment, w.scratch.data());
      if constexpr (Positions::mean)
        for (std::size_t r = 0; r < recorded; ++r)
          for (std::size_t i = 0; i < length; ++i)
            Backend::template map_rows<Real>(
                1, columns,
                kernel::AddRows<Real>{columns, columns, columns,
                                      w.tape.series_of(Waves::series[r]) + i * columns,
                                      w.mean.data() + r * columns, 1.0 / static_cast<double>(steps)});
      after(segment);
    }
    if (carry.end) Carried::get(w.tape, length, carry.end);
  }

  /// Calls f(at, position, r, lane, count): of the n columns from `start`, those from `at` on are `count`
  /// lanes from `lane` on of recorded state r at a position of the segment.
  template <class F>
  static void for_pieces(std::size_t start, std::size_t n, const F& f) {
    for (std::size_t at = 0; at < n;) {
      const std::size_t position = (start + at) / lanes, lane = (start + at) % lanes;
      const std::size_t count = std::min(n - at, lanes - lane);
      for (std::size_t r = 0; r < recorded; ++r) f(at, position, r, lane, count);
      at += count;
    }
  }

  /// Sets the recorded states of n columns from `start` of a segment: x (states, n).
  template <class X>
  static void gather_states(Workspace& w, std::size_t start, std::size_t n, X* x) {
    constexpr std::size_t rows = states / recorded;
    for_pieces(start, n,
               [&](std::size_t at, std::size_t position, std::size_t r, std::size_t lane, std::size_t count) {
                 const Real* from = Positions::mean ? w.mean.data() + r * columns
                                    : Positions::every_step
                                        ? w.tape.series_of(Waves::series[r]) + position * columns
                                        : w.tape.after(Waves::series[r], length - 1);
                 Backend::copy_rows(rows, count, from + lane, lanes, x + r * rows * n + at, n);
               });
  }
  /// Sets the inputs of the same columns, or their mean over all steps: x (numbers of a step, n).
  static void gather_inputs(Workspace& w, std::size_t segment, std::size_t start, std::size_t n, Real* x) {
    if constexpr (Positions::mean) Backend::fill(shape.input_size() * n, Real(0), x);
    for (std::size_t at = 0, count = 0; at < n; at += count) {
      const std::size_t position = (start + at) / lanes, lane = (start + at) % lanes;
      const Real* const from = w.pass.image.data() + lane;
      count = std::min(n - at, lanes - lane);
      if constexpr (Positions::mean) {
        for (std::size_t t = 0; t < steps; ++t)
          Backend::template map_rows<Real>(shape.input_size(), count,
                                           kernel::AddRows<Real>{count, lanes, n, from + t * input_numbers,
                                                                 x + at, 1.0 / static_cast<double>(steps)});
      } else {
        const std::size_t step = Positions::every_step ? segment * length + position : steps - 1;
        Backend::copy_rows(shape.input_size(), count, from + step * input_numbers, lanes, x + at, n);
      }
    }
  }

  /// Sets the features of n columns from `start` of a segment: x (Output::out, n).
  auto former(Workspace& w, std::size_t segment) const {
    const Real* const weights = output();
    return [=, &w](auto n, std::size_t start, Real* x) {  // a plain head needs neither weights nor segment
      if constexpr (plain) {
        gather_states(w, start, n, x);
      } else {
        Real* const u = w.states.data() + states * n;
        gather_states(w, start, n, w.states.data());
        gather_inputs(w, segment, start, n, u);
        Output::template forward<Backend, n>(weights, w.states.data(), u, x, u + shape.input_size() * n);
      }
    };
  }

  template <loss::Loss L>
  void add_head_gradient(const L& loss, Real scale, Real* gradient, Workspace& w, std::size_t segment) const {
    constexpr std::size_t rows = states / recorded;
    End::add_gradient(
        loss, head(), w.pass.end, scale, gradient + Base::template offset<Mlp>, former(w, segment),
        [&](auto n, std::size_t start, const Real* x_gradient) {
          const Real* from = x_gradient;
          if constexpr (!plain) {
            // The states that former() left are in place; their gradient takes it.
            Real* const u = w.states.data() + states * n;
            Output::template backward<Backend, n>(output(), w.states.data(), u, x_gradient,
                                                  gradient + Base::template offset<Output>,
                                                  u + shape.input_size() * n);
            from = w.states.data();
          }
          for_pieces(
              start, n,
              [&](std::size_t at, std::size_t position, std::size_t r, std::size_t lane, std::size_t count) {
                Real* to = Positions::every_step
                               ? w.series_gradient.data() + (position * recorded + r) * columns
                           : Positions::mean ? w.mean.data() + r * columns
                                             : w.adjoint.gradient(Waves::series[r]);
                Backend::copy_rows(rows, count, from + r * rows * n + at, n, to + lane, lanes);
              });
        },
        first(segment));
    if constexpr (Positions::mean) {
      // Every step has the same gradient.
      for (std::size_t i = 0; i < length; ++i)
        Backend::template map<Real>(recorded * columns,
                                    kernel::Scale<Real>{1.0 / static_cast<double>(steps), w.mean.data(),
                                                        w.series_gradient.data() + i * recorded * columns});
    }
  }

  void require_stable(Workspace&) const {}
  void require_gradient_stable([[maybe_unused]] Workspace& w) const {
    if constexpr (Checkpointing::reversible) {
      Real worst(0);
      Backend::download(1, static_cast<const Real*>(w.worst.data()), &worst);
      model::require_reverse<Cell, Backend, Real>(cell, worst, bounded_maps(w), columns, steps);
    }
  }
  static auto bounded_maps(Workspace& w) { return model::bounded_maps<Cell, Real>(w.tape); }
};

}  // namespace nwm

#include "nwm/pop_macros.inc"
