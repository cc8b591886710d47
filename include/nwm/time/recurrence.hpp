// A cell run over time, forward onto a tape and backward through it, on any backend.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/kernels.hpp"
#include "nwm/cell/check.hpp"
#include "nwm/cell/stage.hpp"
#include "nwm/grid/abreast.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/tape/segment.hpp"
#include "nwm/tape/segment_on.hpp"
#include "nwm/tape/stage_site.hpp"
#include "nwm/tape/stages.hpp"
#include "nwm/time/couple_stage.hpp"
#include "nwm/time/row_sweep.hpp"
#include "nwm/time/stage_kernels.hpp"

namespace nwm::model {

/// `length` steps of `Cell` with `channels` oscillators over `G` and its boundary; `segments` such runs make
/// the whole. The memory is a Tape; parameters are those of all stages one after the other. `starts` of the
/// segments have room of their own; those beyond share the last.
template <cell::Cell Cell, class G, std::size_t channels, std::size_t length, std::size_t segments, class B,
          class Real, std::size_t starts = segments, class Input = NoInput>
class Recurrence {
  static_assert(cell::checked<Cell>());
  static_assert(cell::checked_on<Cell, G>());

 public:
  using Segment = SegmentOn<B, Cell, G, channels, length, Real, Input>;
  using Map = typename Segment::Map;
  template <std::size_t s>
  using Stage = cell::Stage<Cell, s>;
  template <std::size_t s>
  using StencilAt = typename Segment::template StencilAt<s>;
  template <std::size_t s>
  using CouplingAt = typename Segment::template CouplingAt<s>;
  template <std::size_t s>
  using Couple = CoupleStage<CouplingAt<s>, B>;

  static constexpr std::size_t fields = Segment::fields, stages = Segment::stages;
  static constexpr std::size_t columns = Segment::columns;     ///< numbers of one field
  static constexpr auto series = cell::recorded_fields<Cell>;  ///< what is recorded
  static constexpr std::size_t recorded = series[0];

  template <std::size_t s>
  static constexpr std::size_t offset() {
    return Segment::template offset<s>();
  }
  static constexpr std::size_t parameters = Segment::parameter_count;

  static_assert(whole_row_backend<B>());
  /// Whether stage s is one pass over the rows, forward and back. The coupled value is not on the tape then:
  /// it is found again from the field that was coupled.
  template <std::size_t s>
  static constexpr bool by_rows = RowBackend<B> && CouplingAt<s>::direct && cell::five_point<Stage<s>> &&
                                  !Stage<s>::only_couples && G::Boundary::self_adjoint;
  using Rows = RowSweep<B, G, channels, Real>;

  /// Of a backend that runs all steps at once. A template of its own, as nvcc 13.0 looks into what is left
  /// out.
  template <class On>
  static constexpr std::size_t steps_scratch() {
    if constexpr (Segment::direct) {
      if constexpr (requires { On::template steps_scratch<Segment>; })
        return On::template steps_scratch<Segment>;
    } else if constexpr (AbreastGrid<G>) {
      if constexpr (requires { On::template sequences_scratch<Segment>; })
        return On::template sequences_scratch<Segment>;
    }
    return 0;
  }

  static constexpr std::size_t scratch =
      std::max(largest_of<stages>([](auto s) { return Couple<s>::scratch; }), steps_scratch<B>());

  /// Whether On runs all steps of a segment at once, and back.
  template <class On>
  static constexpr bool runs_steps =
      requires(const Segment& steps, typename Segment::SeriesGradient series_gradient, Real* numbers) {
        On::run_steps(steps);
        On::run_steps_back(steps, series_gradient, numbers, numbers, numbers);
      };

  /// Groups of the stage that has most.
  static constexpr std::size_t widest_coupled = largest_of<stages>([](auto s) { return Stage<s>::groups; });
  static_assert(Map::keeps_coupled || runs_steps<B>);

  /// Those of a coupled value that are kept beside the tape on the way back.
  static constexpr std::size_t one_coupled = Segment::direct && runs_steps<B> ? 0 : widest_coupled;

  /// Appends the stages' couplings: 1×1 stencils as dense layers.
  template <class L>
  static constexpr void describe(L& layout, const Name& prefix) {
    for_constants<stages>([&](auto s) { CouplingAt<s>::describe(layout, prefix); });
  }

  /// Fields at the start of each segment, the tape of one segment, and the gradients of the fields.
  struct Tape {
    Tape() : start(starts * fields * columns), slots(Map::planes_of(length) * columns) {}

    /// Field f (channels, H, W) at the start of a segment; maps stand in segment 0.
    Real* initial(std::size_t f, std::size_t segment = 0) {
      return start.data() + ((segment < starts ? segment : starts - 1) * fields + f) * columns;
    }
    /// The recorded series of the segment that ran last: (length, channels, H, W).
    const Real* series() const { return series_of(recorded); }
    /// The series of any field that a stage writes, and the tape keeps.
    const Real* series_of(std::size_t f) const {
      return slots.data() + Map::version_plane(Map::last_writer(f), f, length, 0) * columns;
    }
    /// Field f after step i of the segment that ran last; after the last step, where the tape keeps no other.
    const Real* after(std::size_t f, std::size_t i) {
      const std::size_t writer = Map::last_writer(f);
      return writer == Map::none ? initial(f) : version(writer, f, i);
    }
    Real* version(std::size_t stage, std::size_t f, std::size_t i) {
      return slots.data() + Map::version_plane(stage, f, length, i) * columns;
    }
    Real* coupled(std::size_t stage, std::size_t i) {
      return slots.data() + Map::coupled_plane(stage, length, i) * columns;
    }

    static constexpr std::size_t bytes() {
      return (starts * fields + Map::planes_of(length)) * columns * sizeof(Real);
    }

    typename B::template Memory<Real> start, slots;
    Drive<Real> drive{};  ///< of the whole run: the input of step 0 of segment 0
  };

  /// What the backward pass adds: gradients of the fields now, and, where stages run one by one, of the
  /// coupled value of one.
  struct Adjoint {
    Adjoint() : fields_(fields * columns), coupled(one_coupled * columns) {}
    Real* gradient(std::size_t f) { return fields_.data() + f * columns; }
    void clear() { B::fill(fields_.size(), Real(0), fields_.data()); }
    static constexpr std::size_t bytes() { return (fields + one_coupled) * columns * sizeof(Real); }

    typename B::template Memory<Real> fields_, coupled;
  };

  /// Runs one segment from its start; leaves its series on the tape and the start of the next segment.
  static void run(const Cell& cell, const Real* parameters_, Tape& tape, std::size_t segment,
                  Real* scratch_) {
    const Segment now = view(cell, parameters_, tape, segment);
    if constexpr (Segment::direct && runs_steps<B>) {
      B::run_steps(now);
    } else {
      if (!at_once(now, scratch_))
        Segment::in_order([&](std::size_t i, auto s) { forward<s>(now, i, scratch_); });
    }
    if (segment + 1 == segments) return;
    for (std::size_t f = 0; f < fields; ++f) {
      if (cell::field<Cell>(f).role != cell::Role::state) continue;
      B::copy(columns, tape.after(f, length - 1), tape.initial(f, segment + 1));
    }
  }

  /// Backward through the segment on the tape. series_gradient (length, recorded fields, channels, H, W)
  /// belongs to the recorded series (null: zero, where the backend goes step by step); adjoint.gradient(f) is
  /// that of the fields at the segment's end and becomes that at its start (for maps: is added to). Adds to
  /// parameter_gradient. The coupled values on the tape may be lost, and series_gradient where the tape is a
  /// series: `run` comes before the next.
  static void run_back(const Cell& cell, const Real* parameters_, Tape& tape, std::size_t segment,
                       typename Segment::SeriesGradient series_gradient, Adjoint& adjoint,
                       Real* parameter_gradient, Real* scratch_) {
    const Segment now = view(cell, parameters_, tape, segment);
    Real* const gradient = adjoint.gradient(0);
    if constexpr (Segment::direct && runs_steps<B>) {
      B::run_steps_back(now, series_gradient, gradient, parameter_gradient, scratch_);
    } else {
      if (at_once_back(now, series_gradient, adjoint, parameter_gradient, scratch_)) return;
      Segment::in_reverse([&](std::size_t i, auto s) {
        if (s + 1 == stages && series_gradient)
          for (std::size_t r = 0; r < series.size(); ++r)
            B::template map<Real>(
                columns, kernel::Accumulate<Real>{series_gradient + (i * series.size() + r) * columns,
                                                  adjoint.gradient(series[r])});
        backward<s>(now, i, adjoint, parameter_gradient, scratch_);
      });
    }
  }

 private:
  /// The fields at the start of a segment.
  static std::array<const Real*, fields> starts_of(Tape& tape, std::size_t segment) {
    std::array<const Real*, fields> all;
    for (std::size_t f = 0; f < fields; ++f)
      all[f] = tape.initial(f, Map::last_writer(f) == Map::none ? 0 : segment);
    return all;
  }
  static Segment view(const Cell& cell, const Real* parameters_, Tape& tape, std::size_t segment) {
    Drive<Real> drive = tape.drive;
    if (drive.first) drive.first += segment * length * drive.stride;
    return {cell, parameters_, starts_of(tape, segment), tape.slots.data(), drive};
  }

  /// Whether the backend runs all steps of sequences at once, which it then has done (backend/pass.hpp).
  static bool at_once([[maybe_unused]] const Segment& now, [[maybe_unused]] Real* scratch_) {
    if constexpr (AbreastGrid<G> && requires { B::run_sequences(now, scratch_); })
      return B::run_sequences(now, scratch_);
    else return false;
  }
  static bool at_once_back([[maybe_unused]] const Segment& now, [[maybe_unused]] const Real* series_gradient,
                           [[maybe_unused]] Adjoint& adjoint, [[maybe_unused]] Real* parameter_gradient,
                           [[maybe_unused]] Real* scratch_) {
    if constexpr (AbreastGrid<G> && requires { B::run_sequences(now, scratch_); })
      return B::run_sequences_back(now, series_gradient, adjoint.gradient(0), parameter_gradient, scratch_);
    else return false;
  }

  /// The fields that stage s gathers and reads, as it sees them at step i.
  template <std::size_t s>
  static auto gathered(const Segment& now, std::size_t i) {
    std::array<const Real*, Stage<s>::from.size()> all;
    for_constants<all.size()>([&](auto k) { all[k] = now.template seen<s, Stage<s>::from[k]>()[i]; });
    return all;
  }
  template <std::size_t s>
  static auto read(const Segment& now, std::size_t i) {
    std::array<const Real*, Stage<s>::reads.size()> all;
    for_constants<all.size()>([&](auto k) { all[k] = now.template seen<s, Stage<s>::reads[k]>()[i]; });
    return all;
  }

  template <std::size_t s>
  static void forward(const Segment& now, std::size_t i, Real* scratch_) {
    using S = Stage<s>;
    const Real* weights = now.parameters + offset<s>();
    const auto from = gathered<s>(now, i);
    if constexpr (S::only_couples) {
      Couple<s>::forward(weights, from, now.template version<s, S::coupling.into>(i), scratch_);
    } else {
      Real* coupled = now.template coupled<s>(i);
      std::array<Real*, S::writes.size()> out;
      for_constants<out.size()>([&](auto w) { out[w] = now.template version<s, S::writes[w]>(i); });
      const detail::StageForward<S, Cell, Real> update{now.cell, columns, coupled, read<s>(now, i), out};
      if constexpr (by_rows<s>) {
        Rows::couple(weights, from[0], update, scratch_);
      } else {
        if constexpr (S::couples) Couple<s>::forward(weights, from, coupled, scratch_);
        B::template map<Real>(columns, update);
      }
    }
  }

  template <std::size_t s>
  static void backward(const Segment& now, std::size_t i, Adjoint& adjoint, Real* parameter_gradient,
                       Real* scratch_) {
    using S = Stage<s>;
    const Real* weights = now.parameters + offset<s>();
    const auto from = gathered<s>(now, i);
    if constexpr (S::only_couples) {
      // What goes into a field as it is has the field's gradient, which starts anew before the stage. A field
      // that is gathered itself needs that gradient while it takes part of it.
      constexpr std::size_t into = S::coupling.into;
      Real* gradient = adjoint.gradient(into);
      if constexpr (cell::position(S::from, into) < S::from.size()) {
        B::copy(columns, static_cast<const Real*>(gradient), adjoint.coupled.data());
        B::fill(columns, Real(0), gradient);
        couple_back<s>(weights, from, adjoint.coupled.data(), adjoint, parameter_gradient, scratch_);
      } else {
        couple_back<s>(weights, from, gradient, adjoint, parameter_gradient, scratch_);
        B::fill(columns, Real(0), gradient);
      }
    } else {
      Real* coupled_gradient = adjoint.coupled.data();
      const detail::StageBackward<S, Cell, Real> pull{
          now.cell,        columns,          now.template coupled<s>(i),
          read<s>(now, i), coupled_gradient, adjoint.gradient(0)};
      if constexpr (by_rows<s>) {
        Rows::couple_and_back(weights, from[0], pull, coupled_gradient, adjoint.gradient(S::from[0]),
                              scratch_);
      } else {
        B::template map<Real>(columns, pull);
        if constexpr (S::couples)
          couple_back<s>(weights, from, coupled_gradient, adjoint, parameter_gradient, scratch_);
      }
    }
  }

  /// The adjoint of stage s's coupling. The input of a step has no gradient.
  template <std::size_t s>
  [[gnu::always_inline]] static void couple_back(const Real* weights,
                                                 const std::array<const Real*, Stage<s>::from.size()>& from,
                                                 const Real* gradient, Adjoint& adjoint,
                                                 Real* parameter_gradient, Real* scratch_) {
    using S = Stage<s>;
    std::array<Real*, S::from.size()> into;
    for_constants<into.size()>([&](auto k) {
      constexpr std::size_t f = S::from[k];
      into[k] = cell::role<Cell, f> == cell::Role::drive ? nullptr : adjoint.gradient(f);
    });
    Couple<s>::adjoint(weights, from, gradient, into,
                       S::coupling.trained ? parameter_gradient + offset<s>() : nullptr, scratch_);
  }
};

}  // namespace nwm::model

#include "nwm/pop_macros.inc"
