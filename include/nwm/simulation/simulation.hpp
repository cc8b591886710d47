// The waves of any cell in a program of one's own, without training: fields one reads and writes between
// steps.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nwm/backend/backend.hpp"
#include "nwm/backend/default.hpp"
#include "nwm/backend/threads.hpp"
#include "nwm/cell/check.hpp"
#include "nwm/cell/require.hpp"
#include "nwm/cell/stage.hpp"
#include "nwm/error.hpp"
#include "nwm/grid/field_view.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/model/parameter_vector.hpp"
#include "nwm/simulation/in_place.hpp"
#include "nwm/time/recurrence.hpp"
#include "nwm/time/stability.hpp"

namespace nwm {

/// `channels` oscillators of `Cell` at every site of `Grid`, run step by step: the same physics, backends and
/// boundaries as in a model (Recurrence). The boundary is the grid's; a cell that names a `Boundary` must be
/// given a grid with the same. Memory is allocated once, by the constructor. One thread uses one Simulation,
/// which may spread its rows over more: the bits are the same for any number.
///
///     nwm::Simulation<nwm::cell::Wave, nwm::Grid<64, 64>> waves;
///     waves.at(nwm::cell::Wave::y)(0, 32, 32) = 1;  // an initial value
///     waves.run(100, [](auto& now) { now.at(nwm::cell::Wave::omega)(0, 5, 5) = 0.5f; });  // after each step
template <cell::Cell Cell_, Lattice Grid_, std::size_t channels_ = 1, HostBackend Backend_ = DefaultBackend,
          std::floating_point Real_ = float>
class Simulation {
 public:
  using Cell = Cell_;
  using Grid = Grid_;
  using Backend = Backend_;
  using Real = Real_;
  /// The same simulation on another backend, or of other numbers.
  template <HostBackend B, std::floating_point R = Real>
  using with = Simulation<Cell, Grid, channels_, B, R>;

  /// Oscillators of a site, sites, and their product.
  static constexpr std::size_t channels = channels_, sites = Grid::sites, columns = channels * sites;
  static constexpr std::size_t field_count = nwm::cell::field_count<Cell>;  ///< of the cell
  static_assert(nwm::cell::checked<Cell>());
  static_assert(channels > 0, "Simulation: channels must be at least 1");
  static_assert(
      !requires { typename Cell::Boundary; } ||
          std::same_as<nwm::cell::BoundaryOf<Cell>, typename Grid::Boundary>,
      "Simulation: the grid's boundary is not the one the cell names as its Boundary");

 private:
  using Waves = model::Recurrence<Cell, Grid, channels, 1, 1, Backend, Real>;
  static_assert(
      Waves::Segment::direct,
      "Simulation: stages couple by stencils of 1 or 3 taps a side, and each has an update; no stage "
      "is driven, dense, or of a fixed pattern other than Pattern::five_point");
  using Fields = model::InPlace<Cell, Grid, channels, Backend, Real>;

 public:
  /// Named slices of the stages' parameters: "<coupling>.weight" (groups·C, from·C, k, k), "<coupling>.bias".
  static constexpr auto layout = exact_layout<[](auto& all) { Waves::describe(all, ""); }, 64>();
  static constexpr std::size_t parameter_count = layout.size;  ///< numbers of all stages' parameters

  /// How a simulation starts and runs.
  struct Options {
    Cell cell{};             ///< dt and the other numbers of the cell
    std::uint64_t seed = 0;  ///< of the initial values of learned stencils
    std::size_t check_every =
        256;                  ///< steps between two looks of `run` for values that are not finite; 0: none
    std::size_t threads = 1;  ///< for large grids: over bands of rows; 0: all the machine offers
  };

  /// All fields are zero; parameters have the initial values the cell's couplings state. Throws Error for
  /// threads other than 1 on a backend that does not run rows by themselves (cpu::Scalar), and as
  /// cell::require_numbers.
  explicit Simulation(const Options& options = Options{})
      : cell_((nwm::cell::require_numbers(options.cell), options.cell)),
        check_every_(options.check_every),
        parameters_(layout, options.seed),
        fields_(checked_threads(options.threads)) {}

  /// Field f of the cell now, (channels, H, W): a state, a map, or what the last step left in an
  /// intermediate. It may be written between steps (the next overwrites intermediates) and stays at its place
  /// for the life of the Simulation.
  std::span<Real, columns> field(std::size_t f) {
    maps_changed_ = true;
    return std::span<Real, columns>(data(f), columns);
  }
  /// The same, to be read.
  std::span<const Real, columns> field(std::size_t f) const {
    return std::span<const Real, columns>(data(f), columns);
  }
  /// The same, read and written as (channel, row, column).
  nwm::FieldView<Real, channels, Grid> at(std::size_t f) {
    return nwm::FieldView<Real, channels, Grid>(field(f));
  }
  /// The same, to be read.
  nwm::FieldView<const Real, channels, Grid> at(std::size_t f) const {
    return nwm::FieldView<const Real, channels, Grid>(field(f));
  }
  /// The state a readout would see.
  std::span<const Real, columns> recorded() const { return field(nwm::cell::recorded<Cell>); }

  /// Sets every state to zero and the count of steps to 0; maps and parameters stay.
  void reset() {
    for (std::size_t f = 0; f < field_count; ++f)
      if (nwm::cell::field<Cell>(f).role == nwm::cell::Role::state)
        for (Real& value : field(f)) value = Real(0);
    steps_ = 0;
  }

  /// All parameters of the stages, as `layout` says.
  std::span<Real, parameter_count> parameters() { return parameters_.span(); }
  /// All parameters of the stages, as `layout` says.
  std::span<const Real, parameter_count> parameters() const { return parameters_.span(); }
  /// The slice of that name. Throws Error when the cell has none.
  std::span<Real> parameter(std::string_view name) {
    const Slice& slice = slice_named(name);
    return parameters_.span().subspan(slice.offset, slice.size);
  }
  /// Where the parameters of that name lie. Throws Error when the cell has none.
  static const Slice& slice_named(std::string_view name) {
    std::string known;
    for (const Slice& slice : layout.slices) {
      if (slice.name.view() == name) return slice;
      known.append(known.empty() ? "one of " : ", ").append(slice.name.view());
    }
    throw Error("nwm::Simulation::parameter", "name", known, std::string(name));
  }

  /// The cell with its numbers.
  const Cell& cell() const { return cell_; }
  /// Changes dt or another number of the cell from the next step on. Throws Error as cell::require_numbers;
  /// nothing has changed then.
  void set_cell(const Cell& cell) {
    nwm::cell::require_numbers(cell);
    cell_ = cell;
    maps_changed_ = true;
  }
  /// Steps taken since construction or `reset`.
  std::size_t steps() const { return steps_; }

  /// One step of every stage. Throws Unstable when the cell knows a stability bound and cell or fields, since
  /// `field` was last called on this Simulation, are beyond it; nothing has changed then.
  void step() {
    if (maps_changed_) check_stable();
    advance(1);
  }

  /// `count` steps; after each one every observer is called as observer(*this), in order: it may read and
  /// write fields (a recorder, a drive that sets a source map). One that returns false ends the run after
  /// that step. Returns the steps taken. Throws Unstable as `step` and `check_finite` do.
  template <class... Observers>
  std::size_t run(std::size_t count, Observers&&... observers) {
    check_stable();
    if constexpr (sizeof...(Observers) == 0) {  // nobody sees the steps between two checks
      for (std::size_t i = 0; i < count;) {
        const std::size_t next =
            check_every_ > 0 ? std::min(count, (i / check_every_ + 1) * check_every_) : count;
        advance(next - i);
        i = next;
        if (check_every_ > 0) check_finite();
      }
      return count;
    }
    for (std::size_t i = 1; i <= count; ++i) {
      step();
      if (check_every_ > 0 && (i % check_every_ == 0 || i == count)) check_finite();
      bool go_on = true;
      ((go_on = notify(observers) && go_on), ...);
      if (!go_on) return i;
    }
    return count;
  }

  /// Throws Unstable where the cell knows the limit of its time step and cell or maps are beyond it, Error
  /// where a five-point coupling has been given a weight elsewhere.
  void check_stable() {
    check_patterns(parameters_.data());
    if constexpr (model::BoundedCell<Cell>) {
      constexpr auto& bounded = nwm::cell::bounded<Cell>;
      std::array<const Real*, bounded.size()> maps{};
      for (std::size_t i = 0; i < maps.size(); ++i) maps[i] = data(bounded[i]);
      model::check_stability<Cell, Backend, Real>(cell_, maps, columns);
    }
    maps_changed_ = false;
  }
  /// The second half of it: throws Error where a five-point coupling of these parameters has a weight
  /// elsewhere.
  static void check_patterns(const Real* parameters) {
    for_constants<Waves::stages>([&](auto s) { check_pattern<s>(parameters); });
  }

  /// Throws Unstable, naming step, field and site, when a state holds a value that is not finite.
  void check_finite() const {
    for (std::size_t f = 0; f < field_count; ++f) {
      if (nwm::cell::field<Cell>(f).role != nwm::cell::Role::state) continue;
      const Real* values = data(f);
      // x − x is 0 for a number and NaN for what is none.
      const Real worst = Backend::template maximum<Real>(
          columns, [=](auto lane) { return lane.load(values) - lane.load(values); });
      if (worst <= Real(0)) continue;
      std::size_t i = 0;
      while (i + 1 < columns && std::isfinite(values[i])) ++i;
      throw Unstable("step " + std::to_string(steps_),
                     std::string(nwm::cell::field<Cell>(f).name.view()) + "(" + std::to_string(i / sites) +
                         ", " + std::to_string(i % sites / Grid::width) + ", " +
                         std::to_string(i % Grid::width) + ")",
                     "a finite value", shown(static_cast<double>(values[i])));
    }
  }

 private:
  template <std::size_t s>
  static void check_pattern(const Real* parameters) {
    using Stage = typename Waves::template Stage<s>;
    if constexpr (Stage::coupling.pattern == nwm::cell::Pattern::five_point) {
      using Stencil = typename Waves::template StencilAt<s>;
      const Real* weights = parameters + Waves::template offset<s>();
      for (std::size_t i = 0; i < Stencil::weights; ++i) {
        const std::size_t tap = i % 9, from = i / 9 % Stencil::in, to = i / 9 / Stencil::in;
        const bool point = from % channels == to % channels && (tap == 4 || tap % 2 == 1);
        if (!point && weights[i] != Real(0))
          throw Error("nwm::Simulation",
                      std::string(Stage::coupling.name.view()) + ".weight(" + std::to_string(to) + ", " +
                          std::to_string(from) + ", " + std::to_string(tap / 3) + ", " +
                          std::to_string(tap % 3) + ")",
                      "0 outside the five points of a channel", shown(static_cast<double>(weights[i])));
      }
    }
  }

  void advance(std::size_t count) {
    fields_.run(cell_, parameters_.data(), count);
    steps_ += count;
  }

  static std::size_t checked_threads(std::size_t wanted) {
    if (!Fields::banded && wanted != 1)
      throw Error("nwm::Simulation", "threads", "1 on the backend " + std::string(Backend::name),
                  std::to_string(wanted));
    return thread_count(wanted);
  }

  Real* data(std::size_t f) { return const_cast<Real*>(std::as_const(*this).data(f)); }
  const Real* data(std::size_t f) const {
    if (f >= field_count)
      throw Error("nwm::Simulation::field", "index", "below " + std::to_string(field_count),
                  std::to_string(f));
    return fields_.field(f);
  }

  template <class Observer>
  bool notify(Observer& observer) {
    if constexpr (std::same_as<std::invoke_result_t<Observer&, Simulation&>, bool>) return observer(*this);
    else return observer(*this), true;
  }

  Cell cell_;
  std::size_t check_every_, steps_ = 0;
  bool maps_changed_ = true;
  model::ParameterVector<Backend, Real, parameter_count> parameters_;
  Fields fields_;
};

}  // namespace nwm

#include "nwm/pop_macros.inc"
