// Which oscillator channel a picture or a film shows.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "nwm/analysis/one_way_flow.hpp"
#include "nwm/analysis/series.hpp"
#include "nwm/plot/gallery.hpp"

namespace nwm::report {

/// The channel that shows waves most clearly (analysis::waviest_channel), in recordings that are long and
/// large enough to say: 8 steps, 3 rows and 3 columns. Else the liveliest one (plot::liveliest_channel).
/// Throws Error as these do.
template <class Machine>
std::size_t shown_channel(std::span<const plot::Scene> scenes) {
  constexpr plot::SeriesShape shape = plot::series_shape<Machine>();
  if constexpr (shape.steps >= 8 && shape.height >= 3 && shape.width >= 3) {
    std::vector<analysis::SeriesView> recordings;
    for (const plot::Scene& scene : scenes)
      recordings.push_back({scene.series, shape.steps, shape.channels, shape.height, shape.width,
                            analysis::on_torus<Machine>});
    return analysis::waviest_channel(recordings);
  } else {
    return plot::liveliest_channel(scenes, shape);
  }
}

}  // namespace nwm::report
