// A stage of a cell as the rest of the library takes it: lists of fields, and functions from and to arrays of
// just these.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>

#include "nwm/cell/cell.hpp"
#include "nwm/cell/mistake.hpp"
#include "nwm/cell/site.hpp"
#include "nwm/grid/stencil.hpp"

namespace nwm::cell {

namespace detail {
template <std::size_t n>
constexpr std::array<std::size_t, n> listed(const FieldList& list) {
  std::array<std::size_t, n> all{};
  for (std::size_t i = 0; i < n; ++i) all[i] = list[i];
  return all;
}
}  // namespace detail

/// Stage s of cell C. `from`, `reads` and `writes` list the fields that its coupling gathers (in the order of
/// the stencil's channels), that its update reads and that it writes (in ascending order).
template <class C, std::size_t s>
struct Stage {
  /// The cell.
  using Cell = C;
  /// The stage as the cell writes it.
  using Stated = StatedStage<C, s>;
  /// What the stage gathers.
  static constexpr Coupling coupling =
      well_formed<C> ? stated_coupling<Stated> : Coupling{.name = Name("refused") + s, .from = {0}};
  static constexpr std::size_t groups = coupling.groups;  ///< coupled values a channel
  /// Whether the stage gathers anything; whether it does nothing else, so that no coupled value is kept
  /// beside the field it goes into.
  static constexpr bool couples = groups > 0, only_couples = coupling.into != nowhere;
  static constexpr std::size_t kept_groups =
      only_couples ? 0 : groups;  ///< of these, how many the tape keeps
  /// The fields that the coupling gathers.
  static constexpr auto from = detail::listed<coupling.from.size()>(coupling.from);

  /// The fields that the update reads, as a type.
  using Reads = IndicesOf<traces<C>[s].reads>;
  /// The fields that it writes, as a type.
  using Writes = IndicesOf<traces<C>[s].writes>;
  static constexpr auto reads = Reads::list;    ///< the fields that the update reads
  static constexpr auto writes = Writes::list;  ///< the fields that it writes

  /// Whether the stage states its adjoint: see derivative.hpp.
  static constexpr bool has_adjoint = well_formed<C> && detail::has_adjoint<Stated>;

  /// A site as the update sees it.
  template <class V>
  using Site = cell::Site<V, field_count<C>, groups>;

  /// A site with the fields of `List` and the coupled value.
  template <class List, class V, std::size_t n>
  [[gnu::always_inline]] static constexpr Site<V> site_of(const std::array<V, groups>& coupled,
                                                          const std::array<V, n>& values) {
    auto site = List::template site<field_count<C>, groups>(values);
    for_constants<groups>([&](auto g) { site.coupled(g) = coupled[g]; });
    return site;
  }

  /// A site with the new values of `writes`, from the coupled value and those of `reads`.
  template <class V>
  [[gnu::always_inline]] static constexpr Site<V> next_site(const C& cell,
                                                            const std::array<V, groups>& coupled,
                                                            const std::array<V, reads.size()>& values) {
    Site<V> next;
    if constexpr (well_formed<C>) {
      const Site<V> now = site_of<Reads>(coupled, values);
      Stated::update(cell, now, next);
    }
    return next;
  }
  /// These values by themselves.
  template <class V>
  [[gnu::always_inline]] static constexpr std::array<V, writes.size()> update(
      const C& cell, const std::array<V, groups>& coupled, const std::array<V, reads.size()>& values) {
    return Writes::get(next_site(cell, coupled, values));
  }
};

/// Whether stage S is one value of coupled value a channel, by five points, from one field: what a backend
/// can fuse with the update, row by row.
template <class S>
inline constexpr bool five_point = S::coupling.pattern == Pattern::five_point && !S::coupling.bias;

/// The stencil type of stage S of cell C for `channels` oscillator channels.
template <class C, class S, std::size_t channels, class Boundary = BoundaryOf<C>>
using StencilOf = Stencil<S::from.size() * channels, S::coupling.groups * channels, S::coupling.size,
                          Boundary, S::coupling.bias>;

namespace detail {
template <class C>
constexpr std::uint64_t bound_mask() {
  Trace noted;
  if constexpr (well_formed<C>) return trace_bound(C{}, noted);
  else return 0;
}
}  // namespace detail

/// The maps that a cell's `stability`, `growth` and `inverse_growth` depend on, in ascending order.
template <class C>
using BoundedBy = IndicesOf<detail::bound_mask<C>()>;
/// The same maps, as a list.
template <class C>
inline constexpr auto bounded = BoundedBy<C>::list;

/// A site with these maps only, for `stability` and its like.
template <class C, class V>
constexpr Site<V, field_count<C>, 1> bounded_site(const std::array<V, bounded<C>.size()>& maps) {
  return BoundedBy<C>::template site<field_count<C>, 1>(maps);
}

}  // namespace nwm::cell
