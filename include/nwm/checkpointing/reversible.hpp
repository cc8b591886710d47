// The time step run backwards: what checkpointing::Reversible needs instead of checkpoints, and where it
// cannot be.
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "nwm/backend/kernels.hpp"
#include "nwm/cell/stage.hpp"
#include "nwm/error.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/time/stability.hpp"

namespace nwm::model {

/// A cell of known stability (BoundedCell) that can be run backwards: of one stage, or of stages before the
/// last that only bring the drive into a field. `coupled_before(cell, after, before)` sets the fields of the
/// last stage's `from` as they were before the step, from those after it (where it gathers more than the
/// drive); `inverse(cell, after, before)` sets all that the stage writes, with the coupled value of that step
/// in after.coupled(). `inverse_growth(cell, map)` is what a step back multiplies an error by, given the
/// cell's maps at a site; `inverse_bound` says in words for which numbers of the cell that is finite.
template <class C>
concept ReversibleCell = BoundedCell<C> && cell::detail::StepsBack<C> &&
                         requires(const C& cell, const cell::Site<double, cell::field_count<C>, 1>& map) {
                           { C::inverse_growth(cell, map) } -> std::same_as<double>;
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
    return Cell::inverse_growth(cell, cell::bounded_site<Cell>(values));
  }
};

/// The step backwards from and to arrays: `after` lists the fields it reads.
template <class C>
struct StepBack {
  static constexpr std::size_t stage = cell::detail::reversed_stage<C>;
  using Stage = cell::Stage<C, stage>;
  using After = cell::IndicesOf<cell::detail::trace_backwards(C{}, cell::traces<C>[stage].writes).reads>;
  static constexpr auto after = After::list;
  /// What its coupling gathers besides the drive.
  using Gathered = cell::IndicesOf<cell::detail::gathered_states<C>>;
  static constexpr auto gathered = Gathered::list;

  /// The fields of `gathered` before a step, from those of `after`.
  template <class V>
  static constexpr std::array<V, gathered.size()> coupled_before(const C& cell,
                                                                 const std::array<V, after.size()>& values) {
    const auto site = After::template site<cell::field_count<C>, Stage::groups>(values);
    typename Stage::template Site<V> before;
    C::coupled_before(cell, site, before);
    return Gathered::get(before);
  }
  /// The fields of Stage::writes before a step, from its coupled value and the fields of `after`.
  template <class V>
  static constexpr std::array<V, Stage::writes.size()> inverse(const C& cell,
                                                               const std::array<V, Stage::groups>& coupled,
                                                               const std::array<V, after.size()>& values) {
    const auto site = Stage::template site_of<After>(coupled, values);
    typename Stage::template Site<V> before;
    C::inverse(cell, site, before);
    return Stage::Writes::get(before);
  }
};

/// StepBack::coupled_before as a kernel.
template <class Cell, class Real>
struct CoupledBefore {
  using Back = StepBack<Cell>;
  Cell cell;
  std::array<const Real*, Back::after.size()> after;
  std::array<Real*, Back::gathered.size()> before;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    kernel::store_all(lane, before, Back::coupled_before(cell, kernel::load_all(lane, after)));
  }
};

/// StepBack::inverse as a kernel.
template <class Cell, class Real>
struct Inverse {
  using Back = StepBack<Cell>;
  Cell cell;
  std::size_t columns;
  const Real* coupled;
  std::array<const Real*, Back::after.size()> after;
  std::array<Real*, Back::Stage::writes.size()> before;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const auto d = kernel::load_groups<Back::Stage::groups>(lane, coupled, columns);
    kernel::store_all(lane, before, Back::inverse(cell, d, kernel::load_all(lane, after)));
  }
};

}  // namespace detail

/// Fills the tape of `segment` (of `length` steps) as Waves::run would, from tape.initial(f, segment + 1),
/// the states at its end, and sets tape.initial(f, segment), those at its start, unless it is the first,
/// which stands there as it was. Costs one coupling a step, as running it forward again does.
template <class Cell, class G, std::size_t channels, std::size_t length, class B, class Real, class Waves>
void refill_backwards(const Cell& cell, const Real* parameters, typename Waves::Tape& tape,
                      std::size_t segment, Real* scratch) {
  using Back = detail::StepBack<Cell>;
  using Stage = typename Back::Stage;
  constexpr std::size_t columns = Waves::columns, last = Back::stage;
  using Map = typename Waves::Map;
  const auto written = [](std::size_t f) { return cell::position(Stage::writes, f) < Stage::writes.size(); };
  for (const std::size_t f : Stage::writes)
    B::copy(columns, static_cast<const Real*>(tape.initial(f, segment + 1)),
            tape.version(last, f, length - 1));
  for (std::size_t i = length; i-- > 0;) {
    const bool known = i == 0 && segment == 0;  // the beginning of all
    const Real* drive =
        tape.drive.first ? tape.drive.first + (segment * length + i) * tape.drive.stride : nullptr;
    // What the stages before brought in stands on the tape of this step.
    for_constants<last>([&](auto s) {
      using Brings = typename Waves::template Stage<s>;
      std::array<const Real*, Brings::from.size()> from;
      from.fill(drive);
      Waves::template Couple<s>::forward(parameters + Waves::template offset<s>(), from,
                                         tape.version(s, Brings::coupling.into, i), scratch);
    });
    const auto before = [&](std::size_t f) {
      if (!written(f)) return tape.initial(f);
      return i > 0 ? tape.version(last, f, i - 1) : tape.initial(f, segment);
    };
    std::array<const Real*, Back::after.size()> after;
    for (std::size_t r = 0; r < after.size(); ++r) {
      const std::size_t f = Back::after[r], writer = Map::last_writer(f);
      after[r] = f == cell::drive_field<Cell> ? drive
                 : writer == Map::none        ? tape.initial(f)
                                              : tape.version(writer, f, i);
    }
    if constexpr (Back::gathered.size() > 0) {
      std::array<Real*, Back::gathered.size()> gathered;
      for (std::size_t k = 0; k < gathered.size(); ++k) gathered[k] = before(Back::gathered[k]);
      if (!known) B::template map<Real>(columns, detail::CoupledBefore<Cell, Real>{cell, after, gathered});
    }
    std::array<const Real*, Stage::from.size()> from;
    for (std::size_t k = 0; k < from.size(); ++k)
      from[k] = Stage::from[k] == cell::drive_field<Cell> ? drive : before(Stage::from[k]);
    Real* coupled = tape.coupled(last, i);
    Waves::template Couple<last>::forward(parameters + Waves::template offset<last>(), from, coupled,
                                          scratch);
    if (known) return;
    std::array<Real*, Stage::writes.size()> to;
    for (std::size_t w = 0; w < to.size(); ++w) to[w] = before(Stage::writes[w]);
    B::template map<Real>(columns, detail::Inverse<Cell, Real>{cell, columns, coupled, after, to});
  }
}

/// Sets *worst (memory of B) to the largest inverse_growth on the maps: the fields of cell::bounded,
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
  std::string found = "growth " + shown_exactly(static_cast<double>(worst));
  for (std::size_t i = 0; i < count; ++i) {
    const Real most = B::template maximum<Real>(columns, kernel::Read<Real>{maps[i]});
    found += ", " + std::string(cell::field<Cell>(cell::bounded<Cell>[i]).name.view()) + " up to " +
             shown(static_cast<double>(most));
  }
  throw Unstable(
      "wave step backwards (checkpointing::Every has no such limit)", detail::time_step(cell),
      std::string(Cell::inverse_bound) + " and growth below " + shown_exactly(limit) + " a step back", found);
}

}  // namespace nwm::model
