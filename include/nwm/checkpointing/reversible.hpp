// The time step run backwards: what checkpointing::Reversible needs instead of checkpoints, and where it
// cannot be.
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string>

#include "nwm/backend/kernels.hpp"
#include "nwm/cell/cell.hpp"
#include "nwm/error.hpp"
#include "nwm/time/stability.hpp"

namespace nwm::model {

/// A cell of one stage that can be run backwards: `coupled_before(cell, after)` gives the fields of `from`
/// before the step, `inverse(cell, coupled value, after)` those of `writes`; `after` holds the fields of
/// `reads`, the written ones as they are after the step. `inverse_growth` says what a step back multiplies an
/// error by.
template <class C>
concept ReversibleCell =
    BoundedCell<C> && cell::stage_count<C> == 1 &&
    requires(const C& cell, std::array<double, C::coupling.groups> coupled,
             std::array<double, C::reads.size()> after, std::array<double, C::bounded.size()> maps) {
      { C::coupled_before(cell, after) } -> std::same_as<std::array<double, C::from.size()>>;
      { C::inverse(cell, coupled, after) } -> std::same_as<std::array<double, C::writes.size()>>;
      { C::inverse_growth(cell, maps) } -> std::same_as<double>;
      C::inverse_bound;
    };

/// How many starts of segments a policy keeps: run backwards, the first (which the encoders' adjoints read)
/// and the current.
template <class Checkpointing, std::size_t segments>
inline constexpr std::size_t starts = Checkpointing::reversible && segments > 2 ? 2 : segments;

/// Relative error, of states found by running backwards, that the guard lets pass.
inline constexpr double reverse_tolerance = 1e-3;

namespace detail {

struct InverseGrowthOf {
  template <class Cell, class Values>
  static constexpr auto at(const Cell& cell, const Values& values) {
    return Cell::inverse_growth(cell, values);
  }
};

/// The fields of Cell::from before a step, from those after it.
template <class Cell, class Real>
struct CoupledBefore {
  Cell cell;
  std::array<const Real*, Cell::reads.size()> after;
  std::array<Real*, Cell::from.size()> before;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const auto site = kernel::load_all(lane, after);
    const auto values = Cell::coupled_before(cell, site);
    for (std::size_t k = 0; k < values.size(); ++k) lane.store(before[k], values[k]);
  }
};

/// The fields of Cell::writes before a step, from the coupled value and the fields after it.
template <class Cell, class Real>
struct Inverse {
  Cell cell;
  std::size_t columns;
  const Real* coupled;
  std::array<const Real*, Cell::reads.size()> after;
  std::array<Real*, Cell::writes.size()> before;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const auto d = kernel::load_groups<Cell::coupling.groups>(lane, coupled, columns);
    const auto site = kernel::load_all(lane, after);
    const auto values = Cell::inverse(cell, d, site);
    for (std::size_t w = 0; w < values.size(); ++w) lane.store(before[w], values[w]);
  }
};

}  // namespace detail

/// Fills the tape of `segment` (of `length` steps) as Waves::run would, from tape.initial(f, segment + 1),
/// the states at its end, and sets tape.initial(f, segment), those at its start, unless it is the first,
/// which stands there as it was. Costs one coupling a step, as running it forward again does.
template <class Cell, class G, std::size_t channels, std::size_t length, class B, class Real, class Waves>
void refill_backwards(const Cell& cell, const Real* parameters, typename Waves::Tape& tape,
                      std::size_t segment, Real* scratch) {
  constexpr std::size_t columns = Waves::columns, reads = Cell::reads.size();
  for (const std::size_t f : Cell::writes)
    B::copy(columns, static_cast<const Real*>(tape.initial(f, segment + 1)), tape.version(0, f, length - 1));
  for (std::size_t i = length; i-- > 0;) {
    const bool known = i == 0 && segment == 0;  // the beginning of all
    const auto before = [&](std::size_t f) {
      const bool written = cell::position(Cell::writes, f) < Cell::writes.size();
      if (!written) return tape.initial(f);
      return i > 0 ? tape.version(0, f, i - 1) : tape.initial(f, segment);
    };
    std::array<const Real*, reads> after;
    for (std::size_t r = 0; r < reads; ++r) {
      const std::size_t f = Cell::reads[r];
      const bool written = cell::position(Cell::writes, f) < Cell::writes.size();
      after[r] = written ? tape.version(0, f, i) : tape.initial(f);
    }
    std::array<Real*, Cell::from.size()> gathered;
    std::array<const Real*, Cell::from.size()> from;
    for (std::size_t k = 0; k < gathered.size(); ++k) from[k] = gathered[k] = before(Cell::from[k]);
    if (!known) B::template map<Real>(columns, detail::CoupledBefore<Cell, Real>{cell, after, gathered});
    Real* coupled = tape.coupled(0, Cell::coupling.groups, i);
    B::template couple<typename Waves::template StencilAt<0>, G, Activation::none>(parameters, from, coupled,
                                                                                   scratch);
    if (known) return;
    std::array<Real*, Cell::writes.size()> to;
    for (std::size_t w = 0; w < to.size(); ++w) to[w] = before(Cell::writes[w]);
    B::template map<Real>(columns, detail::Inverse<Cell, Real>{cell, columns, coupled, after, to});
  }
}

/// Sets *worst (memory of B) to the largest inverse_growth on the maps: the fields of Cell::bounded,
/// `columns` numbers each.
template <class Cell, class B, class Real, std::size_t count>
void ask_reverse(const Cell& cell, const std::array<const Real*, count>& maps, std::size_t columns,
                 Real* worst) {
  B::template maximum_to<Real>(columns, detail::Ask<detail::InverseGrowthOf, Cell, Real, count>{cell, maps},
                               worst);
}

/// Throws Unstable, naming dt, the largest value of each map and the limit, where `steps` steps backwards
/// could let rounding errors of Real grow to reverse_tolerance, or no step back exists: by the answer to
/// ask_reverse.
template <class Cell, class B, class Real, std::size_t count>
void require_reverse(const Cell& cell, Real worst, const std::array<const Real*, count>& maps,
                     std::size_t columns, std::size_t steps) {
  const double limit = std::pow(reverse_tolerance / static_cast<double>(std::numeric_limits<Real>::epsilon()),
                                1.0 / static_cast<double>(steps));
  if (static_cast<double>(worst) < limit) return;
  std::string found = "growth " + shown(static_cast<double>(worst));
  for (std::size_t i = 0; i < count; ++i) {
    const Real most = B::template maximum<Real>(columns, kernel::Read<Real>{maps[i]});
    found += ", " + std::string(Cell::fields[Cell::bounded[i]].name.view()) + " up to " +
             shown(static_cast<double>(most));
  }
  throw Unstable("wave step backwards (checkpointing::Every has no such limit)", detail::time_step(cell),
                 std::string(Cell::inverse_bound) + " and growth below " + shown(limit) + " a step back",
                 found);
}

}  // namespace nwm::model
