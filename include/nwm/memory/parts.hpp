// One list of a model's parts gives their names and where each begins in the flat vector.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "nwm/memory/layout.hpp"

namespace nwm {

/// Parts one behind the other. A part P is a type with `P::parameters`, how many numbers it has, and
/// `P::describe(layout)`, which adds their slices in order (Layout::add).
template <class... Parts>
struct PartList {
  static_assert(sizeof...(Parts) > 0, "PartList: a model has at least one part");

  /// Numbers of all parts together.
  static constexpr std::size_t size = (Parts::parameters + ...);

  /// Where part number i begins; of sizeof...(Parts): the end.
  template <std::size_t i>
  static constexpr std::size_t begin = [] {
    constexpr std::array<std::size_t, sizeof...(Parts)> sizes{Parts::parameters...};
    static_assert(i <= sizes.size(), "PartList: no such part");
    std::size_t sum = 0;
    for (std::size_t k = 0; k < i; ++k) sum += sizes[k];
    return sum;
  }();

  /// Where P begins, which is in the list once.
  template <class P>
  static constexpr std::size_t offset = [] {
    constexpr std::array<bool, sizeof...(Parts)> is{std::is_same_v<P, Parts>...};
    static_assert(std::count(is.begin(), is.end(), true) == 1, "PartList: no such part, or twice");
    return begin<static_cast<std::size_t>(std::find(is.begin(), is.end(), true) - is.begin())>;
  }();

  /// Adds the slices of all parts to a layout, in order.
  template <class L>
  static constexpr void describe(L& layout) {
    (Parts::describe(layout), ...);
  }
};

namespace detail {
template <template <std::size_t> class Part, std::size_t... i>
PartList<Part<i>...> parts_numbered(std::index_sequence<i...>);
}  // namespace detail

/// The list Part<0>, Part<1>, … of `count` parts.
template <template <std::size_t> class Part, std::size_t count>
using NumberedParts = decltype(detail::parts_numbered<Part>(std::make_index_sequence<count>{}));

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
