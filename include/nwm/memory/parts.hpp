// One list of a model's parts gives their names and where each begins in the flat vector.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

#include "nwm/memory/layout.hpp"

namespace nwm {

/// Parts one behind the other. A part P is a type with `P::parameters`, how many numbers it has, and
/// `P::describe(layout)`, which adds their slices in order (Layout::add).
template <class... Parts>
struct PartList {
  static_assert(sizeof...(Parts) > 0, "PartList: a model has at least one part");

  /// Numbers of all parts together.
  static constexpr std::size_t size = (Parts::parameters + ...);

  /// Where P begins. Each part is in the list once.
  template <class P>
  static constexpr std::size_t offset = [] {
    static_assert((std::size_t{std::is_same_v<P, Parts>} + ...) == 1, "PartList: no such part, or twice");
    std::size_t sum = 0;
    bool found = false;
    ((found = found || std::is_same_v<P, Parts>, sum += found ? 0 : Parts::parameters), ...);
    return sum;
  }();

  /// Adds the slices of all parts to a layout, in order.
  template <class L>
  static constexpr void describe(L& layout) {
    (Parts::describe(layout), ...);
  }
};

/// The list of both lists' parts.
template <class... A, class... B>
constexpr PartList<A..., B...> operator+(PartList<A...>, PartList<B...>) {
  return {};
}

/// The layout of a list: its slices, named. Throws at compile time where a part describes another number of
/// parameters than it has.
template <class List>
constexpr auto layout_of() {
  constexpr auto layout = exact_layout<[](auto& all) { List::describe(all); }>();
  static_assert(layout.size == List::size,
                "a part's describe() names another number of parameters than it has");
  return layout;
}

}  // namespace nwm
