// Whether a trained machine holds waves, as a section of a report: the figures, and a sentence that says so
// where it does not.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "nwm/analysis/wave_figures.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/error.hpp"
#include "nwm/report/html.hpp"
#include "nwm/report/network.hpp"
#include "nwm/report/page.hpp"

namespace nwm::report {

/// Adds the figures and what they mean. The names are those of the classes. Throws Error unless there is a
/// peak for each class.
inline void add_wave_figures(Page& page, const analysis::WaveFigures& f, const NetworkOptions& options) {
  if (f.peak_bins.size() != f.classes.size())
    throw Error("nwm::report", "peak_bins", std::to_string(f.classes.size()),
                std::to_string(f.peak_bins.size()));
  page.section("Does it hold waves?");
  std::string verdict =
      !f.swings() ? "No waves. The neurons drift, or hardly swing: what the films show grows and shrinks."
      : f.travels()
          ? "Waves. The neurons swing, and what swings runs in directions that last."
          : "It swings, but it is not shown that what swings travels: it flows no more in one direction than "
            "standing waves put together by chance.";
  page.text(verdict);
  Table table{{"", "In shapes", "On the ground"},
              {{"Zero crossings of the median neuron", number(f.shapes.crossings, 3),
                f.ground.neurons > 0 ? number(f.ground.crossings, 3) : "–"},
               {"Neurons that only grow or only fall", percent(f.shapes.monotone, 3),
                f.ground.neurons > 0 ? percent(f.ground.monotone, 3) : "–"}}};
  page.table(table);
  std::string peaks;
  for (std::size_t i = 0; i < f.classes.size(); ++i)
    peaks += (i > 0 ? ", " : "") + detail::class_name(options, f.classes[i]) + " " +
             std::to_string(f.peak_bins[i]);
  page.table({{"", "Found", "Phases shuffled"},
              {{"Bin of the peak of each class's mean spectrum: " + peaks, "", ""},
               {"Distance of two classes' mean spectra, of 1: the least, and the mean over pairs",
                number(f.least_distance, 2) + ", " + number(f.mean_distance, 2), ""},
               {"Energy that is neither drift nor in step everywhere", percent(f.flow.moving, 3), ""},
               {"Flow in one direction, of 1", number(f.flow.flow, 3),
                number(f.flow.surrogate_mean(), 3) + " (chance " + number(f.flow.chance(), 2) + ")"}}});
}

/// Adds the figures of `machine` on the first images of `test`. Throws Error and Unstable as
/// analysis::wave_figures. Adds nothing where the machine is too small for them (fewer than 8 steps, or 3
/// rows or columns).
template <class Machine>
void add_wave_figures(Page& page, const Machine& machine, const data::Dataset& test,
                      const NetworkOptions& options) {
  if constexpr (Machine::steps >= 8 && Machine::shape.height >= 3 && Machine::shape.width >= 3)
    add_wave_figures(page, analysis::wave_figures(machine, test), options);
}

}  // namespace nwm::report
