// A cell run over time, forward onto a tape and backward through it, on any backend.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "nwm/backend/kernels.hpp"
#include "nwm/cell/cell.hpp"
#include "nwm/cell/derivative.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/time/row_sweep.hpp"
#include "nwm/time/tape.hpp"

namespace nwm::model {

namespace detail {

/// One stage of a step at one column: out = Stage::update(cell, coupled value, in). Drive group g stands at
/// coupled value + g·columns.
template <class Stage, class Cell, class Real>
struct StageForward {
  static constexpr std::size_t groups = Stage::coupling.groups, reads = Stage::reads.size(),
                               writes = Stage::writes.size();
  Cell cell;
  std::size_t columns;
  const Real* coupled;
  std::array<const Real*, reads> in;
  std::array<Real*, writes> out;

  template <class Lane>
  constexpr void operator()(Lane lane) const {
    (*this)(lane, kernel::load_groups<groups>(lane, coupled, columns));
  }
  /// With a coupled value that is in registers.
  template <class Lane>
  constexpr void operator()(Lane lane, const std::array<typename Lane::Value, groups>& d) const {
    const auto site = kernel::load_all(lane, in);
    const auto next = Stage::update(cell, d, site);
    kernel::store_all(lane, out, next);
  }
};

/// The adjoint of StageForward: sets the coupled value's gradient, group by group, and moves that of the
/// fields (field f at fields_gradient + f·columns) from after the stage to before it.
template <class Stage, class Cell, class Real>
struct StageBackward {
  static constexpr std::size_t groups = Stage::coupling.groups, reads = Stage::reads.size(),
                               writes = Stage::writes.size();
  Cell cell;
  std::size_t columns;
  const Real* coupled;
  std::array<const Real*, reads> in;
  Real *coupled_gradient, *fields_gradient;

  template <class Lane>
  constexpr void operator()(Lane lane) const {
    (*this)(lane, kernel::load_groups<groups>(lane, coupled, columns));
  }
  /// With a coupled value that is in registers.
  template <class Lane>
  constexpr void operator()(Lane lane, const std::array<typename Lane::Value, groups>& d) const {
    using V = typename Lane::Value;
    const auto site = kernel::load_all(lane, in);
    // Lists are taken apart at compile time: a device has no address for a constant.
    const auto each = []<std::size_t... k>(std::index_sequence<k...>, const auto& f) {
      (f(std::integral_constant<std::size_t, k>{}), ...);
    };
    std::array<V, writes> gradient;
    each(std::make_index_sequence<writes>{}, [&](auto w) {
      constexpr std::size_t field = Stage::writes[w];
      gradient[w] = lane.load(fields_gradient + field * columns);
    });
    const auto result = cell::site_adjoint<Stage>(cell, d, site, gradient);
    for (std::size_t g = 0; g < groups; ++g) lane.store(coupled_gradient + g * columns, result.coupled[g]);
    // A field that is written starts anew below this stage; one that is only read goes on.
    each(std::make_index_sequence<writes>{}, [&](auto w) {
      constexpr std::size_t field = Stage::writes[w];
      if constexpr (cell::position(Stage::reads, field) == reads)
        lane.store(fields_gradient + field * columns, V(0));
    });
    each(std::make_index_sequence<reads>{}, [&](auto r) {
      constexpr std::size_t field = Stage::reads[r];
      Real* to = fields_gradient + field * columns;
      if constexpr (cell::position(Stage::writes, field) < writes) lane.store(to, result.site[r]);
      else lane.store(to, lane.load(to) + result.site[r]);
    });
  }
};

}  // namespace detail

/// `length` steps of `Cell` with `channels` oscillators over `G` and its boundary; `segments` such runs make
/// the whole. The memory is a Tape; parameters are those of all stages one after the other. `starts` of the
/// segments have room of their own; those beyond share the last.
template <cell::Cell Cell, class G, std::size_t channels, std::size_t length, std::size_t segments, class B,
          class Real, std::size_t starts = segments>
class Recurrence {
 public:
  using Map = cell::TapeMap<Cell>;
  template <std::size_t s>
  using Stage = cell::Stage<Cell, s>;
  template <std::size_t s>
  using StencilAt = cell::StencilOf<Cell, Stage<s>, channels, typename G::Boundary>;

  static constexpr std::size_t fields = Cell::fields.size(), stages = Map::stages;
  static constexpr std::size_t columns = channels * G::sites;  ///< numbers of one field

  template <std::size_t s>
  static constexpr std::size_t offset() {
    if constexpr (s == 0) return 0;
    else return offset<s - 1>() + StencilAt<s - 1>::parameters;
  }
  static constexpr std::size_t parameters = offset<stages - 1>() + StencilAt<stages - 1>::parameters;

  /// Whether stage s is one pass over the rows, forward and back. The coupled value is not on the tape then:
  /// it is found again from the field that was coupled.
  template <std::size_t s>
  static constexpr bool by_rows = RowBackend<B> && cell::five_point<Stage<s>> && G::Boundary::self_adjoint;
  using Rows = RowSweep<B, G, channels, Real>;

  /// Of a backend that runs all steps at once. A template of its own, as nvcc 13.0 looks into what is left
  /// out.
  template <class On>
  static constexpr std::size_t steps_scratch() {
    if constexpr (requires { On::template steps_scratch<Cell, G, channels, length, Real>; })
      return On::template steps_scratch<Cell, G, channels, length, Real>;
    else return 0;
  }

  static constexpr std::size_t scratch = [] {
    return []<std::size_t... s>(std::index_sequence<s...>) {
      std::size_t most = 0;
      ((most = B::template scratch<StencilAt<s>, G> > most ? B::template scratch<StencilAt<s>, G> : most),
       ...);
      return std::max(most, steps_scratch<B>());
    }(std::make_index_sequence<stages>{});
  }();

  /// Drives of the stage that has most.
  static constexpr std::size_t widest_coupled = [] {
    return []<std::size_t... s>(std::index_sequence<s...>) {
      std::size_t most = 1;
      ((most = Stage<s>::coupling.groups > most ? Stage<s>::coupling.groups : most), ...);
      return most;
    }(std::make_index_sequence<stages>{});
  }();

  /// Appends the stages' stencils: 1×1 ones as dense layers.
  template <class L>
  static constexpr void describe(L& layout, const Name& prefix) {
    [&]<std::size_t... s>(std::index_sequence<s...>) {
      (StencilAt<s>::describe(layout, prefix + Stage<s>::coupling.name, Stage<s>::coupling.initial,
                              Stage<s>::coupling.size == 1, Stage<s>::coupling.trained),
       ...);
    }(std::make_index_sequence<stages>{});
  }

  /// Fields at the start of each segment, the tape of one segment, and the gradients of the fields.
  struct Tape {
    Tape() : start(starts * fields * columns), slots(Map::planes * length * columns) {}

    /// Field f (channels, H, W) at the start of a segment; maps stand in segment 0.
    Real* initial(std::size_t f, std::size_t segment = 0) {
      return start.data() + ((segment < starts ? segment : starts - 1) * fields + f) * columns;
    }
    /// The recorded series of the segment that ran last: (length, channels, H, W).
    const Real* series() const {
      return slots.data() +
             Map::version_offset(Map::last_writer(Cell::recorded), Cell::recorded) * length * columns;
    }
    /// Field f after step i of the segment that ran last.
    const Real* after(std::size_t f, std::size_t i) {
      const std::size_t writer = Map::last_writer(f);
      return writer == Map::none ? initial(f) : version(writer, f, i);
    }
    Real* version(std::size_t stage, std::size_t f, std::size_t i) {
      return slots.data() + (Map::version_offset(stage, f) * length + i) * columns;
    }
    Real* coupled(std::size_t stage, std::size_t groups, std::size_t i) {
      return slots.data() + (Map::coupled_offset(stage) * length + i * groups) * columns;
    }

    static constexpr std::size_t bytes() {
      return (starts * fields + Map::planes * length) * columns * sizeof(Real);
    }

    typename B::template Memory<Real> start, slots;
  };

  /// What the backward pass adds: gradients of the fields now, and of the coupled value of one stage.
  struct Adjoint {
    Adjoint() : fields_(fields * columns), coupled(widest_coupled * columns) {}
    Real* gradient(std::size_t f) { return fields_.data() + f * columns; }
    void clear() { B::fill(fields_.size(), Real(0), fields_.data()); }
    static constexpr std::size_t bytes() { return (fields + widest_coupled) * columns * sizeof(Real); }

    typename B::template Memory<Real> fields_, coupled;
  };

  /// Runs one segment from its start; leaves its series on the tape and the start of the next segment.
  static void run(const Cell& cell, const Real* parameters_, Tape& tape, std::size_t segment,
                  Real* scratch_) {
    if constexpr (requires {
                    B::template run_steps<Cell, G, channels, length>(
                        cell, parameters_, starts_of(tape, segment), tape.slots.data());
                  })
      B::template run_steps<Cell, G, channels, length>(cell, parameters_, starts_of(tape, segment),
                                                       tape.slots.data());
    else
      for (std::size_t i = 0; i < length; ++i) step(cell, parameters_, tape, segment, i, scratch_);
    if (segment + 1 == segments) return;
    for (std::size_t f = 0; f < fields; ++f) {
      if (Cell::fields[f].role != cell::Role::state) continue;
      B::copy(columns, tape.after(f, length - 1), tape.initial(f, segment + 1));
    }
  }

  /// Backward through the segment on the tape. series_gradient (length, channels, H, W) belongs to the
  /// recorded series (null: zero, where the backend goes step by step); adjoint.gradient(f) is that of the
  /// fields at the segment's end and becomes that at its start (for maps: is added to). Adds to
  /// parameter_gradient. The coupled values on the tape may be lost: `run` comes before the next.
  static void run_back(const Cell& cell, const Real* parameters_, Tape& tape, std::size_t segment,
                       const Real* series_gradient, Adjoint& adjoint, Real* parameter_gradient,
                       Real* scratch_) {
    if constexpr (requires {
                    B::template run_steps_back<Cell, G, channels, length>(
                        cell, parameters_, starts_of(tape, segment), tape.slots.data(), series_gradient,
                        adjoint.gradient(0), parameter_gradient, scratch_);
                  }) {
      B::template run_steps_back<Cell, G, channels, length>(
          cell, parameters_, starts_of(tape, segment), tape.slots.data(), series_gradient,
          adjoint.gradient(0), parameter_gradient, scratch_);
    } else {
      for (std::size_t i = length; i-- > 0;) {
        if (series_gradient)
          B::template map<Real>(columns, kernel::Accumulate<Real>{series_gradient + i * columns,
                                                                  adjoint.gradient(Cell::recorded)});
        step_back(cell, parameters_, tape, segment, i, adjoint, parameter_gradient, scratch_);
      }
    }
  }

  /// One step: tape index i of the segment.
  static void step(const Cell& cell, const Real* parameters_, Tape& tape, std::size_t segment, std::size_t i,
                   Real* scratch_) {
    [&]<std::size_t... s>(std::index_sequence<s...>) {
      (forward<s>(cell, parameters_, tape, segment, i, scratch_), ...);
    }(std::make_index_sequence<stages>{});
  }

  static void step_back(const Cell& cell, const Real* parameters_, Tape& tape, std::size_t segment,
                        std::size_t i, Adjoint& adjoint, Real* parameter_gradient, Real* scratch_) {
    [&]<std::size_t... s>(std::index_sequence<s...>) {
      (backward<stages - 1 - s>(cell, parameters_, tape, segment, i, adjoint, parameter_gradient, scratch_),
       ...);
    }(std::make_index_sequence<stages>{});
  }

 private:
  /// The fields at the start of a segment.
  static std::array<const Real*, fields> starts_of(Tape& tape, std::size_t segment) {
    std::array<const Real*, fields> all;
    for (std::size_t f = 0; f < fields; ++f)
      all[f] = tape.initial(f, Map::last_writer(f) == Map::none ? 0 : segment);
    return all;
  }

  /// The version of field f that stage s sees at tape index i.
  template <std::size_t s>
  static const Real* seen(Tape& tape, std::size_t f, std::size_t segment, std::size_t i) {
    const auto source = Map::source(s, f);
    if (source.stage == Map::none) return tape.initial(f);
    if (!source.previous) return tape.version(source.stage, f, i);
    return i > 0 ? tape.version(source.stage, f, i - 1) : tape.initial(f, segment);
  }
  template <std::size_t s, std::size_t n>
  static auto seen_all(Tape& tape, const std::array<std::size_t, n>& list, std::size_t segment,
                       std::size_t i) {
    std::array<const Real*, n> result;
    for (std::size_t k = 0; k < n; ++k) result[k] = seen<s>(tape, list[k], segment, i);
    return result;
  }

  template <std::size_t s>
  static void forward(const Cell& cell, const Real* parameters_, Tape& tape, std::size_t segment,
                      std::size_t i, Real* scratch_) {
    using S = Stage<s>;
    constexpr std::size_t groups = S::coupling.groups, writes = S::writes.size();
    Real* coupled = tape.coupled(s, groups, i);
    const auto from = seen_all<s>(tape, S::from, segment, i);
    std::array<Real*, writes> out;
    for (std::size_t w = 0; w < writes; ++w) out[w] = tape.version(s, S::writes[w], i);
    const detail::StageForward<S, Cell, Real> update{cell, columns, coupled,
                                                     seen_all<s>(tape, S::reads, segment, i), out};
    if constexpr (by_rows<s>) {
      Rows::couple(parameters_ + offset<s>(), from[0], update, scratch_);
    } else {
      B::template couple<StencilAt<s>, G, Activation::none>(parameters_ + offset<s>(), from, coupled,
                                                            scratch_);
      B::template map<Real>(columns, update);
    }
  }

  template <std::size_t s>
  static void backward(const Cell& cell, const Real* parameters_, Tape& tape, std::size_t segment,
                       std::size_t i, Adjoint& adjoint, Real* parameter_gradient, Real* scratch_) {
    using S = Stage<s>;
    constexpr std::size_t groups = S::coupling.groups;
    const auto from = seen_all<s>(tape, S::from, segment, i);
    Real* coupled_gradient = adjoint.coupled.data();
    const detail::StageBackward<S, Cell, Real> pull{cell,
                                                    columns,
                                                    tape.coupled(s, groups, i),
                                                    seen_all<s>(tape, S::reads, segment, i),
                                                    coupled_gradient,
                                                    adjoint.gradient(0)};
    if constexpr (by_rows<s>) {
      Rows::couple_and_back(parameters_ + offset<s>(), from[0], pull, coupled_gradient,
                            adjoint.gradient(S::from[0]), scratch_);
    } else {
      B::template map<Real>(columns, pull);
      std::array<Real*, S::from.size()> into;
      for (std::size_t k = 0; k < into.size(); ++k) into[k] = adjoint.gradient(S::from[k]);
      B::template couple_adjoint<StencilAt<s>, G>(
          parameters_ + offset<s>(), from, coupled_gradient, into,
          S::coupling.trained ? parameter_gradient + offset<s>() : nullptr, scratch_);
    }
  }
};

}  // namespace nwm::model
