// The waves of any cell on a grid whose rows are shared out to ranks: larger than one memory, or sooner done.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "nwm/backend/backend.hpp"
#include "nwm/backend/default.hpp"
#include "nwm/cell/numbers.hpp"
#include "nwm/cell/require.hpp"
#include "nwm/cell/stage.hpp"
#include "nwm/error.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/model/parameter_vector.hpp"
#include "nwm/mpi/agreement.hpp"
#include "nwm/mpi/exchange.hpp"
#include "nwm/mpi/row_fields.hpp"
#include "nwm/mpi/row_split.hpp"
#include "nwm/mpi/together.hpp"
#include "nwm/simulation/simulation.hpp"
#include "nwm/time/stability.hpp"

namespace nwm::mpi {

/// A rank's rows of a field, read and written as (channel, row, column) of the whole grid.
template <class Value, std::size_t width>
class RowView {
 public:
  /// `data`: (channels, rows, width), of rows from `first` on.
  RowView(Value* data, std::size_t first, std::size_t rows) : data_(data), first_(first), rows_(rows) {}
  /// `row` must be one of this rank's.
  Value& operator()(std::size_t channel, std::size_t row, std::size_t column) const {
    assert(row >= first_ && row - first_ < rows_ && column < width);
    return data_[(channel * rows_ + row - first_) * width + column];
  }

 private:
  Value* data_;
  std::size_t first_, rows_;
};

/// nwm::Simulation with the rows of its grid shared out to ranks: each has memory for its own, and all values
/// are those of one process bit for bit, for every number of ranks up to the height (g++ needs
/// -ffp-contract=off for it: it fuses products into sums, here but not there). A rank computes on one thread:
/// begin as many as there are cores.
///
///     using Basin = nwm::Grid<300, 400, nwm::Zero>;
///     using Water = nwm::mpi::Simulation<nwm::cell::WaveOn<nwm::Zero>, Basin>;
///
/// on each rank of `world`
///
///     Water water(world, {.cell = {.dt = 0.3}});
///
/// which takes observers as nwm::Simulation does, and has the whole field on rank 0:
///
///     const std::vector<float> field = water.gather(Cell::y);
///
/// Every rank makes it, and calls `run`, `gather` and all that says so, in the same order; parameters and
/// the cell must be the same on all. Neither copied nor moved, as its neighbours write to it.
template <cell::Cell Cell_, Lattice Grid_, std::size_t channels_ = 1, HostBackend Backend_ = DefaultBackend,
          std::floating_point Real_ = float>
class Simulation {
 public:
  using Cell = Cell_;
  using Grid = Grid_;
  using Backend = Backend_;
  using Real = Real_;
  using Alone = nwm::Simulation<Cell, Grid, channels_, Backend, Real>;  ///< the same on one process
  static constexpr std::size_t channels = channels_;                    ///< of every field
  static constexpr std::size_t width = Grid::width;                     ///< sites of a row
  /// Fields of the cell.
  static constexpr std::size_t field_count = Alone::field_count;
  /// Where the parameters of each stage lie.
  static constexpr auto& layout = Alone::layout;
  /// Numbers of all stages.
  static constexpr std::size_t parameter_count = Alone::parameter_count;

  /// What a simulation begins with; the same on all ranks.
  struct Options {
    Cell cell{};             ///< dt and the other numbers of the cell
    std::uint64_t seed = 0;  ///< of the initial values of learned stencils
    std::size_t check_every =
        256;  ///< steps between two looks of `run` for values that are not finite; 0: none
  };

  /// All fields are zero, parameters as in nwm::Simulation. Every rank calls it. Throws Error where there are
  /// more ranks than rows, and as cell::require_numbers.
  explicit Simulation(const Communicator& ranks, const Options& options = Options{})
      : cell_((nwm::cell::require_numbers(options.cell), options.cell)),
        check_every_(options.check_every),
        split_(Grid::height, ranks.size()),
        ranks_(ranks, ranks.size(), 1, {.rows = torus, .columns = false}),
        parameters_(layout, options.seed),
        fields_(ranks_, split_) {}
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  /// The ranks, one above the other.
  const RankGrid& ranks() const { return ranks_; }
  /// Which rows each of them has.
  const RowSplit& split() const { return split_; }
  /// This rank's rows: `rows()` of them, from `first_row()` on.
  std::size_t first_row() const { return split_.first(ranks_.rank()); }
  /// Rows of this rank.
  std::size_t rows() const { return fields_.rows(); }
  /// Whether a row of the grid is one of them.
  bool owns(std::size_t row) const { return row >= first_row() && row - first_row() < rows(); }
  /// Bytes that this rank sends to others in a step that no observer sees.
  std::size_t bytes_sent() const { return fields_.bytes_sent(); }

  /// Field f now on this rank's rows, (channels, rows(), W). Throws Error where there is none.
  std::span<Real> field(std::size_t f) { return {fields_.field(known(f)), fields_.field_size()}; }
  /// The same, to be read.
  std::span<const Real> field(std::size_t f) const { return {fields_.field(known(f)), fields_.field_size()}; }
  /// The same, as (channel, row, column) of the whole grid.
  RowView<Real, width> at(std::size_t f) { return {field(f).data(), first_row(), rows()}; }
  /// The same, to be read.
  RowView<const Real, width> at(std::size_t f) const { return {field(f).data(), first_row(), rows()}; }
  /// Sets field f on this rank's rows to value(channel, row, column).
  template <class Value>
  void fill(std::size_t f, const Value& value) {
    const auto to = at(f);
    for (std::size_t c = 0; c < channels; ++c)
      for (std::size_t y = first_row(); y < first_row() + rows(); ++y)
        for (std::size_t x = 0; x < width; ++x) to(c, y, x) = static_cast<Real>(value(c, y, x));
  }

  /// The whole of field f, (channels, H, W), on rank 0, and nothing on others. Every rank calls it.
  std::vector<Real> gather(std::size_t f) const {
    std::vector<Real> whole(ranks_.is_first() ? channels * Grid::sites : 0);
    gather_rows(f, [&](std::size_t channel, std::size_t row, std::span<const Real> values) {
      std::copy(values.begin(), values.end(),
                whole.begin() + static_cast<std::ptrdiff_t>((channel * Grid::height + row) * width));
    });
    return whole;
  }
  /// The same in pieces, in order: take(channel, first row, rows of it) on rank 0, where no more is in memory
  /// than one rank's rows.
  template <class Take>
  void gather_rows(std::size_t f, const Take& take) const {
    const std::span<const Real> own = field(f);
    const auto of_channel = [&](std::size_t c) { return own.subspan(c * rows() * width, rows() * width); };
    std::vector<Real> theirs;
    for (std::size_t c = 0; c < channels; ++c) {
      if (!ranks_.is_first()) {
        ranks_.send(of_channel(c), 0);
        continue;
      }
      take(c, std::size_t{0}, of_channel(c));
      for (int r = 1; r < ranks_.size(); ++r) {
        theirs.resize(split_.count(r) * width);
        ranks_.receive(std::span<Real>(theirs), r);
        take(c, split_.first(r), std::span<const Real>(theirs));
      }
    }
  }
  /// The way back: field f is set to what give(channel, first row, rows to set) says on rank 0.
  template <class Give>
  void scatter_rows(std::size_t f, const Give& give) {
    const std::span<Real> own = field(f);
    std::vector<Real> theirs;
    for (std::size_t c = 0; c < channels; ++c) {
      const auto mine = own.subspan(c * rows() * width, rows() * width);
      if (!ranks_.is_first()) {
        ranks_.receive(mine, 0);
        continue;
      }
      give(c, std::size_t{0}, mine);
      for (int r = 1; r < ranks_.size(); ++r) {
        theirs.resize(split_.count(r) * width);
        give(c, split_.first(r), std::span<Real>(theirs));
        ranks_.send(std::span<const Real>(theirs), r);
      }
    }
  }

  /// Sets every state to zero and the count of steps to 0; maps and parameters stay.
  void reset() {
    for (std::size_t f = 0; f < field_count; ++f)
      if (nwm::cell::field<Cell>(f).role == nwm::cell::Role::state)
        for (Real& value : field(f)) value = Real(0);
    steps_ = 0;
  }

  /// All parameters of the stages; to be changed on all ranks alike.
  std::span<Real, parameter_count> parameters() { return parameters_.span(); }
  /// All parameters of the stages.
  std::span<const Real, parameter_count> parameters() const { return parameters_.span(); }
  /// The slice of that name. Throws Error when the cell has none.
  std::span<Real> parameter(std::string_view name) {
    const Slice& slice = Alone::slice_named(name);
    return parameters_.span().subspan(slice.offset, slice.size);
  }
  /// dt and the other numbers of the cell.
  const Cell& cell() const { return cell_; }
  /// Changes dt or another number of the cell from the next step on. Throws Error as cell::require_numbers.
  void set_cell(const Cell& cell) {
    nwm::cell::require_numbers(cell);
    cell_ = cell;
  }
  /// Steps taken since construction, `reset`, or the start of what was loaded.
  std::size_t steps() const { return steps_; }
  /// Goes on counting from `steps`, as after a load.
  void set_steps(std::size_t steps) { steps_ = steps; }

  /// `count` steps; after each one every observer is called on every rank as observer(*this), in order: it
  /// may read and write this rank's rows. One that returns false, on any rank, ends the run after that step;
  /// this asks all ranks in every step. Returns the steps taken. Every rank calls it.
  ///
  /// Before the first step, every check_every steps and after the last all ranks look together whether cell
  /// and maps are stable, five-point couplings have no other weights, and states are finite: throws Unstable
  /// and Error as nwm::Simulation, the same on all ranks; Error where cell, parameters or steps are not the
  /// same on all.
  template <class... Observers>
  std::size_t run(std::size_t count, Observers&&... observers) {
    check_same();
    check(false);
    if constexpr (sizeof...(Observers) == 0) {  // nobody sees the steps between two checks
      for (std::size_t i = 0; i < count;) {
        const std::size_t next = check_every_ > 0 ? std::min(count, i + check_every_) : count;
        advance(next - i);
        i = next;
        if (check_every_ > 0) check(true);
      }
      return count;
    }
    for (std::size_t i = 1; i <= count; ++i) {
      advance(1);
      std::int64_t ends = 0;
      ((ends += !notify(observers)), ...);
      if constexpr ((asks<Observers> || ...)) ranks_.all_reduce(std::span<std::int64_t>(&ends, 1));
      if (check_every_ > 0 && (i % check_every_ == 0 || i == count || ends > 0)) check(true);
      if (ends > 0) return i;
    }
    return count;
  }

 private:
  static constexpr auto height = static_cast<std::ptrdiff_t>(Grid::height);
  static constexpr bool torus =
      Grid::Boundary::source(-1, height) == height - 1 && Grid::Boundary::source(height, height) == 0;

  void advance(std::size_t count) {
    fields_.run(cell_, parameters_.data(), count);
    steps_ += count;
  }

  static std::size_t known(std::size_t f) {
    if (f >= field_count)
      throw Error("nwm::mpi::Simulation::field", "index", "below " + std::to_string(field_count),
                  std::to_string(f));
    return f;
  }

  template <class Observer>
  static constexpr bool asks = std::same_as<std::invoke_result_t<Observer&, Simulation&>, bool>;
  template <class Observer>
  bool notify(Observer& observer) {
    if constexpr (asks<Observer>) return observer(*this);
    else return observer(*this), true;
  }

  /// Throws Error on all ranks unless they agree in what decides the next step.
  void check_same() const {
    Facts facts{{"steps", std::to_string(steps_)}};
    nwm::cell::for_numbers(cell_, [&](std::string_view name, double value) {
      facts.emplace_back("cell." + std::string(name), shown_exactly(value));
    });
    Fingerprint all;
    for (const Real value : parameters_.span()) all.add(value);
    facts.emplace_back("parameters", "fingerprint " + all.text());
    require_same(ranks_, facts);
  }

  void check(bool finite) const {
    together(ranks_, [&] {
      Alone::check_patterns(parameters_.data());
      if constexpr (model::BoundedCell<Cell>) {
        constexpr auto& bounded = nwm::cell::bounded<Cell>;
        std::array<const Real*, bounded.size()> maps{};
        for (std::size_t i = 0; i < maps.size(); ++i) maps[i] = fields_.field(bounded[i]);
        model::check_stability<Cell, Backend, Real>(cell_, maps, fields_.field_size());
      }
      if (finite) check_finite();
    });
  }

  void check_finite() const {
    for (std::size_t f = 0; f < field_count; ++f) {
      if (nwm::cell::field<Cell>(f).role != nwm::cell::Role::state) continue;
      const std::span<const Real> values = field(f);
      for (std::size_t i = 0; i < values.size(); ++i)
        if (!std::isfinite(values[i]))
          throw Unstable("step " + std::to_string(steps_),
                         std::string(nwm::cell::field<Cell>(f).name.view()) + "(" +
                             std::to_string(i / (rows() * width)) + ", " +
                             std::to_string(first_row() + i / width % rows()) + ", " +
                             std::to_string(i % width) + ")",
                         "a finite value", shown(static_cast<double>(values[i])));
    }
  }

  Cell cell_;
  std::size_t check_every_, steps_ = 0;
  RowSplit split_;
  RankGrid ranks_;
  model::ParameterVector<Backend, Real, parameter_count> parameters_;
  RowFields<Cell, Grid, channels, Backend, Real> fields_;
};

}  // namespace nwm::mpi

#include "nwm/pop_macros.inc"
