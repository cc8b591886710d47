// What tape a backend's run of steps has.
#pragma once

#include <cstddef>

#include "nwm/cell/series.hpp"
#include "nwm/tape/segment.hpp"
#include "nwm/tape/series_map.hpp"

namespace nwm::model {

namespace detail {
template <class B, class Cell, class G, std::size_t channels, std::size_t length, class Real, class Input>
struct SegmentOn {
  using type = TimeSegment<Cell, G, channels, length, Real, Input>;
};
template <class B, cell::SeriesCell Cell, class G, std::size_t channels, std::size_t length, class Real,
          class Input>
requires(B::series_tape && TimeSegment<Cell, G, channels, length, Real, Input>::direct &&
         requires(TimeSegment<Cell, G, channels, length, Real, Input, cell::SeriesMap<Cell>> steps,
                  Real* numbers) {
           B::run_steps(steps);
           B::run_steps_back(steps, numbers, numbers, numbers, numbers);
         })
struct SegmentOn<B, Cell, G, channels, length, Real, Input> {
  using type = TimeSegment<Cell, G, channels, length, Real, Input, cell::SeriesMap<Cell>>;
};
}  // namespace detail

/// The TimeSegment as the backend B runs it: on a tape that is its series, where B takes one (`series_tape`,
/// backend/pass.hpp) and the cell's steps can be found again from it (cell::SeriesCell); else on a whole one.
template <class B, class Cell, class G, std::size_t channels, std::size_t length, class Real, class Input>
using SegmentOn = typename detail::SegmentOn<B, Cell, G, channels, length, Real, Input>::type;

}  // namespace nwm::model
