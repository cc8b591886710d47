// What a backend takes through a model in one pass. Members of a backend that it need not have:
//
//   grid<G>   the grid of a pass over images on G: several of them in one field (device/batched.hpp);
//             G itself where there is none: one image a pass
//   tile      pixels, over all images of a pass, that the head takes at a time: 256 where there is none, so
//             that its layers stay in a processor's cache
//   series_tile   columns that a readout's products take at a time: as many as `tile` where there is none
//   run_steps<Cell, G, channels, length>(cell, parameters, initial, slots)
//             all steps of a segment at once: sets the slots of the tape from the fields at the start
//             (model/recurrence.hpp); step by step where there is none, or where it does not take these types
//   run_steps_back<…>(cell, parameters, initial, slots, series_gradient, gradient, parameter_gradient,
//   scratch)
//             the same backwards, with scratch of steps_scratch<Cell, G, channels, length, Real> numbers; it
//             may leave other numbers in the coupled values' slots
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

/// Most pixels of the head at a time, and of other products over pixels.
template <class B>
inline constexpr std::size_t tile_limit = [] {
  if constexpr (requires { B::tile; }) return std::size_t{B::tile};
  else return std::size_t{256};
}();

/// Most columns of a readout's products at a time.
template <class B>
inline constexpr std::size_t column_limit = [] {
  if constexpr (requires { B::series_tile; }) return std::size_t{B::series_tile};
  else return tile_limit<B>;
}();

}  // namespace nwm
