// What a backend takes through a model in one pass. Members of a backend that it need not have:
//
//   grid<G>   the grid of a pass over images on G: several of them in one field (device/batched.hpp);
//             G itself where there is none: one image a pass
//   tile      pixels, over all images of a pass, that the head takes at a time, and columns that a readout's
//             products take: 256 where there is none, so that they stay in a processor's cache
#pragma once

#include <cstddef>

namespace nwm {

namespace detail {
template <class B, class G>
struct PassGrid {
  using type = G;
};
template <class B, class G>
requires requires { typename B::template grid<G>; }
struct PassGrid<B, G> {
  using type = typename B::template grid<G>;
};
}  // namespace detail

/// The grid of one pass of backend B over images on G. Value (channel c, image i, row y, column x) of n
/// images stands at ((c·n + i)·height + y)·width + x.
template <class B, class G>
using PassGrid = typename detail::PassGrid<B, G>::type;

/// Most columns of a product over pixels at a time.
template <class B>
inline constexpr std::size_t tile_limit = [] {
  if constexpr (requires { B::tile; }) return std::size_t{B::tile};
  else return std::size_t{256};
}();

}  // namespace nwm
