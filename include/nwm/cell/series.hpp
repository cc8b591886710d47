// Cells whose steps can be found again from the series of their recorded field.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>

#include "nwm/cell/derivative.hpp"
#include "nwm/cell/mistake.hpp"
#include "nwm/cell/stage.hpp"
#include "nwm/cell/trace.hpp"

namespace nwm::cell {

namespace detail {
/// Whether a cell is one stage that gathers its recorded field alone and moves it and one field more, both of
/// which it reads: an oscillator's displacement and velocity.
template <class C>
constexpr bool moves_two() {
  if constexpr (stage_count<C> != 1) return false;
  else {
    using S = Stage<C, 0>;
    if (recorded_fields<C>.size() != 1 || S::groups != 1 || S::only_couples || S::from.size() != 1)
      return false;
    const std::size_t recorded = recorded_fields<C>[0];
    if (S::from[0] != recorded || S::writes.size() != 2) return false;
    for (const std::size_t f : S::writes)
      if (position(S::reads, f) == S::reads.size()) return false;
    return position(S::writes, recorded) < 2;
  }
}

template <class Cell, class... Rest>
std::remove_cvref_t<Cell> cell_of(void (*)(Cell, Rest...));
/// The cell whose `recover` C has.
template <class C>
using Recovered = decltype(cell_of(&C::template recover<ReversedSite<C>>));

/// Whether `recover` is of the step that C takes: a cell that derives from another and has an update of its
/// own inherits what was said of the other's.
template <class C>
concept RecoversItself = requires {
  requires& StatedStage<C, 0>::template update<ReversedSite<C>> ==
              &StatedStage<Recovered<C>, 0>::template update<ReversedSite<C>>;
};
}  // namespace detail

/// A cell whose backward pass needs no more of a step than the recorded field y before and after it: the
/// other field z that it moves, and the value of its coupling, follow. It states
///   recover(cell, now, next)   sets next[z], from y before (now) and after the step (next)
///   recovered_adjoint(cell, now, next, gradient, to)
///                              its `adjoint`, from now and next in place of the coupled value
///   recovered_rounding(cell)   how many times an error of y is in what recovered_adjoint finds
/// Where the cell derives from one that has these and brings an update of its own, they do not count.
/// Both are as exact as differences of y are. Of an oscillator, a rounding ε|y| is ε|y|/dt in z and ε|y|/dt²
/// in tanh of the coupled value; gradients in float were found to err by 0.04 times that, relative, or less:
/// 1e-6 at dt = 0.1, 5e-4 at dt = 0.01 where |y| is 10. model::require_recoverable refuses what would lose
/// more. check_cell compares both with the step and with the derived adjoint.
template <class C>
concept SeriesCell = Cell<C> && well_formed<C> && detail::StatesRecover<C> && detail::RecoversItself<C> &&
                     detail::moves_two<C>() && requires(const C& cell) {
                       { C::recovered_rounding(cell) } -> std::same_as<double>;
                     };

/// The field z of a SeriesCell.
template <class C>
inline constexpr std::size_t recovered_field =
    Stage<C, 0>::writes[0] == recorded_fields<C>[0] ? Stage<C, 0>::writes[1] : Stage<C, 0>::writes[0];

/// The adjoint of a step of a SeriesCell. site holds the fields of Stage::reads before the step, but for z
/// the recorded field one step earlier, unless this is the `first` step of a run, whose z is known. `after`
/// is the recorded field after the step.
template <class S, class V>
[[gnu::always_inline]] constexpr SiteGradient<V, S> recovered_site_adjoint(
    const typename S::Cell& cell, bool first, const std::array<V, S::reads.size()>& site, const V& after,
    const std::array<V, S::writes.size()>& gradient) {
  using C = typename S::Cell;
  using Site = typename S::template Site<V>;
  constexpr std::size_t y = recorded_fields<C>[0], z = recovered_field<C>;
  Site now = S::template site_of<typename S::Reads>(std::array<V, S::groups>{}, site), next, earlier;
  const V known = now[z];
  earlier[y] = known;
  C::recover(cell, earlier, now);
  if (first) now[z] = known;
  next[y] = after;
  C::recover(cell, now, next);
  const Site sent = S::Writes::template site<field_count<C>, S::groups>(gradient);
  Site to;
  C::recovered_adjoint(cell, now, next, sent, to);
  SiteGradient<V, S> result;
  result.coupled[0] = to.coupled();
  result.site = S::Reads::get(to);
  return result;
}

}  // namespace nwm::cell
