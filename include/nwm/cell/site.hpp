// What a cell's functions see of one site: a value for every field, by the field's enumerator, and what the
// coupling gave.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "nwm/memory/for_constants.hpp"

namespace nwm::cell {

/// The values of a cell's fields at one site, and those of its coupling, `groups` of them. `Value` is a
/// number, a SIMD pack or a dual number; constants are written Value(0.5). A site cannot be taken apart
/// (`auto [u, v] = site`), since the order of the names would decide what is read.
template <class V, std::size_t fields, std::size_t groups>
class Site {
 public:
  /// The type of a value: a number, a pack or a dual number.
  using Value = V;

  /// The value of a field: now[u].
  constexpr const V& operator[](std::size_t field) const { return fields_[field]; }
  /// The same, to be set.
  constexpr V& operator[](std::size_t field) { return fields_[field]; }

  /// What the coupling gives, by group where it has several.
  constexpr const V& coupled(std::size_t group = 0) const { return coupled_[group]; }
  /// The same, to be set.
  constexpr V& coupled(std::size_t group = 0) { return coupled_[group]; }

 private:
  // Not std::array: its operator[] is one call more for every value in builds without optimisation.
  V fields_[fields];                    // NOLINT
  V coupled_[groups > 0 ? groups : 1];  // NOLINT
};

/// Some fields of a cell in ascending order: as a type, since a device has no address for a constant.
template <std::size_t... field>
struct FieldIndices {
  /// The fields, in ascending order.
  static constexpr std::array<std::size_t, sizeof...(field)> list{field...};

  /// The values of these fields at a site, in order.
  template <class V, std::size_t fields, std::size_t groups>
  [[gnu::always_inline]] static constexpr std::array<V, sizeof...(field)> get(
      const Site<V, fields, groups>& site) {
    return {site[field]...};
  }

  /// A site with these values of these fields, in order. Everything else is NaN, so that what a function
  /// reads beside them is seen in its result.
  template <std::size_t fields, std::size_t groups, class V>
  [[gnu::always_inline]] static constexpr Site<V, fields, groups> site(
      const std::array<V, sizeof...(field)>& values) {
    constexpr auto unknown = std::numeric_limits<double>::quiet_NaN();
    Site<V, fields, groups> result;
    for_constants<fields>([&](auto f) {
      if constexpr (((f != field) && ...)) result[f] = V(unknown);
    });
    for_constants<groups>([&](auto g) { result.coupled(g) = V(unknown); });
    [&]<std::size_t... k>(std::index_sequence<k...>) {
      ((result[field] = values[k]), ...);
    }(std::make_index_sequence<sizeof...(field)>{});
    return result;
  }
};

namespace detail {
template <std::uint64_t mask, std::size_t next, std::size_t... found>
constexpr auto indices_of() {
  if constexpr (next == 64 || mask >> next == 0) return FieldIndices<found...>{};
  else if constexpr ((mask >> next & 1) != 0) return indices_of<mask, next + 1, found..., next>();
  else return indices_of<mask, next + 1, found...>();
}
}  // namespace detail

/// The fields whose bits are set in `mask`.
template <std::uint64_t mask>
using IndicesOf = decltype(detail::indices_of<mask, 0>());

}  // namespace nwm::cell
