// A trained machine's weights, as sections of a report: the coupling of neighbours, and the rows of the
// linear readout (are they Fourier modes?).
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "nwm/cell/stage.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/plot/colour.hpp"
#include "nwm/plot/field.hpp"
#include "nwm/report/chart.hpp"
#include "nwm/report/nearest_spectrum.hpp"
#include "nwm/report/page.hpp"

namespace nwm::report {

namespace detail {

/// The slice of a layout whose name ends in `suffix`; nullptr when there is none.
template <class Layout>
const Slice* find_slice(const Layout& layout, const std::string& suffix) {
  for (const Slice& slice : layout.slices)
    if (slice.name.view().ends_with(suffix)) return &slice;
  return nullptr;
}

/// |DFT|² of each row of a (rows, steps) matrix, bins 0..steps/2, and the share of a row's power in its
/// strongest bin and the bins beside: 1 for a Fourier mode, about 3/bins for noise.
struct RowSpectra {
  std::size_t bins = 0;
  std::vector<float> magnitude;  ///< (rows, bins)
  std::vector<std::size_t> strongest;
  std::vector<double> share;
};
inline RowSpectra row_spectra(std::span<const float> matrix, std::size_t rows, std::size_t steps) {
  RowSpectra result;
  result.bins = steps / 2 + 1;
  // The rows become the channels of one series.
  std::vector<float> series(rows * steps);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t t = 0; t < steps; ++t) series[t * rows + r] = matrix[r * steps + t];
  const std::vector<float> m = SeriesSpectra({steps, rows, 1, 1})(series);
  result.magnitude.resize(rows * result.bins);
  for (std::size_t r = 0; r < rows; ++r) {
    double total = 0, best = -1;
    std::size_t at = 0;
    const auto power = [&](std::size_t k) {
      // Bins 0 and T/2 stand for one frequency each, all others for a pair ±k.
      const double weight = k == 0 || 2 * k == steps ? 1 : 2, v = static_cast<double>(m[k * rows + r]);
      return weight * v * v;
    };
    for (std::size_t k = 0; k < result.bins; ++k) {
      result.magnitude[r * result.bins + k] = m[k * rows + r];
      total += power(k);
      if (power(k) > best) best = power(k), at = k;
    }
    double near = power(at);
    if (at > 0) near += power(at - 1);
    if (at + 1 < result.bins) near += power(at + 1);
    result.strongest.push_back(at), result.share.push_back(total > 0 ? near / total : 0);
  }
  return result;
}
inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace detail

/// Adds the stencils that couple neighbours: every kernel of every stage as a picture. For stencils that
/// began as a Laplacian, also says how much of the weight still lies within one oscillator.
template <class Machine>
void add_coupling(Page& page, const Machine& machine) {
  page.section("The coupling it learned");
  using Cell = typename Machine::Cell;
  const auto add = [&]<class Stage>(const Stage*) {
    const Slice* slice =
        detail::find_slice(Machine::layout, std::string(Stage::coupling.name.view()) + ".weight");
    if (!slice || Stage::coupling.size != 3) return;
    const std::size_t out = slice->dims[0], in = slice->dims[1];
    std::vector<float> weights;
    for (const auto w : machine.parameters().subspan(slice->offset, slice->size))
      weights.push_back(static_cast<float>(w));
    // Most of many kernels are small; the few large weights may saturate.
    const bool many = out * in > 4;
    const auto scale_ = static_cast<double>(plot::symmetric_scale(weights, many ? 0.97 : 1.0));
    std::vector<plot::Image> rows;
    std::vector<std::vector<std::string>> cells;
    double diagonal = 0, all = 0;
    for (std::size_t o = 0; o < out; ++o) {
      std::vector<plot::Image> row;
      for (std::size_t i = 0; i < in; ++i) {
        const std::span<const float> kernel(weights.data() + (o * in + i) * 9, 9);
        row.push_back(plot::framed(plot::diverging_field(kernel, 3, 3, scale_), 0).enlarged(12));
        std::vector<std::string> line{std::to_string(o) + " ← " + std::to_string(i)};
        for (const float w : kernel) {
          line.push_back(number(static_cast<double>(w), 3));
          all += static_cast<double>(w) * static_cast<double>(w);
          if (o == i) diagonal += static_cast<double>(w) * static_cast<double>(w);
        }
        cells.push_back(std::move(line));
      }
      rows.push_back(plot::beside(row, 4, plot::paper));
    }
    Figure figure{
        picture(plot::framed(plot::stacked(rows, 4, plot::paper), 4, plot::paper), "The kernels", 0, true) +
            scale(number(-scale_, 3), number(scale_, 3),
                  [](double part) { return plot::diverging(2 * part - 1, 1); }),
        std::string(Stage::coupling.name.view()) + ".",
        "Row: the oscillator that is driven; column: the one that drives it, from its 3×3 neighbours."};
    if (many) figure.caption += " The largest are beyond the scale.";
    if (Stage::coupling.initial == Initial::laplacian)
      figure.caption += " It began as a Laplacian of each oscillator by itself; now " +
                        number(100 * diagonal / all, 3) +
                        " % of its squared weight is within one oscillator.";
    if (cells.size() <= 64)
      figure.data = Table{{"to ← from", "↖", "↑", "↗", "←", "·", "→", "↙", "↓", "↘"}, cells};
    page.figure(figure);
  };
  for_constants<cell::stage_count<Cell>>(
      [&](auto s) { add(static_cast<const cell::Stage<Cell, s>*>(nullptr)); });
}

/// Adds the learned linear readout: its rows over time, their spectra, and how like Fourier modes they are.
/// Adds nothing for machines without such a matrix.
template <class Machine>
void add_readout(Page& page, const Machine& machine) {
  if constexpr (Machine::Readout::learns_matrix) {
    const Slice* slice = detail::find_slice(Machine::layout, "fc_time.weight");
    if (!slice) return;
    const std::size_t rows = slice->dims[0], steps = slice->dims[1];
    const auto read = [&](const auto& from) {
      std::vector<float> matrix;
      for (const auto w : from.parameters().subspan(slice->offset, slice->size))
        matrix.push_back(static_cast<float>(w));
      return matrix;
    };
    const std::vector<float> matrix = read(machine);
    const auto untrained = std::make_unique<Machine>();
    const std::vector<float> before = read(*untrained);
    const auto now = detail::row_spectra(matrix, rows, steps),
               then = detail::row_spectra(before, rows, steps);

    std::vector<std::size_t> order(rows);
    for (std::size_t r = 0; r < rows; ++r) order[r] = r;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return now.strongest[a] < now.strongest[b]; });
    std::vector<float> sorted, spectra;
    for (const std::size_t r : order) {
      sorted.insert(sorted.end(), matrix.begin() + static_cast<std::ptrdiff_t>(r * steps),
                    matrix.begin() + static_cast<std::ptrdiff_t>((r + 1) * steps));
      spectra.insert(spectra.end(), now.magnitude.begin() + static_cast<std::ptrdiff_t>(r * now.bins),
                     now.magnitude.begin() + static_cast<std::ptrdiff_t>((r + 1) * now.bins));
    }
    const auto rows_scale = static_cast<double>(plot::symmetric_scale(sorted, 0.995)),
               spectrum_scale = static_cast<double>(plot::symmetric_scale(spectra, 0.995));
    page.section("Are the readout's rows Fourier modes?");
    std::vector<std::size_t> distinct(now.strongest);
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    page.text(
        "The linear readout turns the " + std::to_string(steps) + " steps of each neuron into " +
        std::to_string(rows) + " numbers by rows it learns. Half of the rows have at least " +
        number(100 * detail::median(now.share), 3) +
        " % of their power in one frequency and its two neighbours; of the random rows it began with, " +
        number(100 * detail::median(then.share), 3) +
        " %. A pure Fourier mode has 100 %. The rows' strongest bins are " + std::to_string(distinct.size()) +
        " different ones; a Fourier transform would have all " + std::to_string(now.bins) + ".");
    std::vector<std::vector<std::string>> cells;
    for (const std::size_t r : order)
      cells.push_back({std::to_string(r), std::to_string(now.strongest[r]),
                       number(100 * now.share[r], 3) + " %", number(100 * then.share[r], 3) + " %"});
    page.row(
        {{picture(plot::diverging_field(sorted, rows, steps, rows_scale), "Rows of the readout", 440) +
              scale(number(-rows_scale, 2), number(rows_scale, 2),
                    [](double part) { return plot::diverging(2 * part - 1, 1); }),
          "Its rows over time,", "from the lowest dominant frequency at the top; a column a step."},
         {picture(plot::magnitude_field(spectra, rows, now.bins, spectrum_scale), "Spectra of the rows",
                  440) +
              scale("0", number(spectrum_scale, 2), [](double part) { return plot::sequential(part, 1.0); }),
          "Their spectra.",
          "|DFT| of each row, a column a frequency bin. Fourier modes would be a bright diagonal.",
          Table{{"Row", "Strongest bin", "Power there", "Before training"}, cells}}});
    Line trained{"trained", {}, {}, 0}, random{"before training", {}, {}, 6, false, true};
    std::vector<double> a = now.share, b = then.share;
    std::sort(a.rbegin(), a.rend()), std::sort(b.rbegin(), b.rend());
    for (std::size_t r = 0; r < rows; ++r) {
      trained.x.push_back(static_cast<double>(r + 1)), trained.y.push_back(100 * a[r]);
      random.x.push_back(static_cast<double>(r + 1)), random.y.push_back(100 * b[r]);
    }
    page.figure({chart({trained, random}, {.x_label = "row, by its share",
                                           .y_label = "power near one frequency, %",
                                           .width = 960,
                                           .height = 240}),
                 "How pure the rows are.", ""});
  }
}

}  // namespace nwm::report

#include "nwm/pop_macros.inc"
