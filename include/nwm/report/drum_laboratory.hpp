// The experiments of the drum laboratory as sections of a report: areas over all sizes, bars of growing
// length, area and perimeter of any shape, and two drums that sound the same.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/drum/bars.hpp"
#include "nwm/drum/bars_picture.hpp"
#include "nwm/drum/drum.hpp"
#include "nwm/drum/hear.hpp"
#include "nwm/drum/modes.hpp"
#include "nwm/drum/picture.hpp"
#include "nwm/drum/weyl.hpp"
#include "nwm/report/chart.hpp"
#include "nwm/report/drum.hpp"
#include "nwm/report/page.hpp"
#include "nwm/sound/pitch.hpp"

namespace nwm::report {

/// Squares of side 8, 12, … up to the grid's. Shows the area heard at every neuron, by the exact relation on
/// the grid and by the textbook, and the spectra over the sizes. Of the squares that one hears the largest
/// one's lowest tone sounds at `lowest_hertz`.
template <class Drum>
void add_sizes(Page& page, const typename Drum::Options& options, double lowest_hertz = 220) {
  page.section("Squares of every size");
  page.text(
      "Each square is struck and all of its neurons are asked for the area. The textbook formula does not "
      "know "
      "that space and time come in steps, and the error that makes is the larger, the smaller the drum.");
  Line exact{"exact relation, worst neuron", {}, {}, 0, true},
      median{"exact relation, median", {}, {}, 2, true}, textbook{"textbook, median", {}, {}, 1, true};
  std::vector<std::vector<std::string>> rows;
  std::vector<Line> spectra;
  Table lowest{{"Drum", "Lowest tones, cycles per unit time"}, {}, "", 2};
  std::vector<Figure> sounds;
  const double h = options.spacing;
  const std::size_t largest = Drum::Grid::height - 8;
  double largest_heard = 12 * h;
  for (const std::size_t side : {24u, 48u})
    if (side <= largest) largest_heard = static_cast<double>(side) * h;
  const drum::Physics physics{.wave_speed = options.wave_speed, .dt = options.dt, .spacing = h};
  const auto pitch =
      sound::Pitch::tuned(rectangle_frequency(largest_heard, largest_heard, physics), lowest_hertz);
  for (std::size_t side = 8; side <= largest; side += side < 64 ? 4 : 16) {
    Drum drum(mask::square(static_cast<double>(side)), options);
    const std::size_t corner = drum.mask().sites()[0];
    const Site at{corner / Drum::Grid::width + side / 3, corner % Drum::Grid::width + side / 4};
    const auto recording = drum.strike(at).run(4096);
    const HeardArea areas = hear_area(recording);
    const double length = static_cast<double>(side) * h, truth = length * length;
    double worst = 0;
    for (const double a : areas.area)
      if (std::isfinite(a)) worst = std::max(worst, std::abs(a / truth - 1));
    exact.x.push_back(length), exact.y.push_back(100 * worst);
    median.x.push_back(length), median.y.push_back(100 * std::abs(areas.median / truth - 1));
    textbook.x.push_back(length), textbook.y.push_back(100 * std::abs(areas.textbook_median / truth - 1));
    rows.push_back({number(length), number(truth),
                    std::to_string(areas.heard) + "/" + std::to_string(recording.sites().size()),
                    number(areas.median, 6), deviation(areas.median, truth), number(100 * worst, 2) + " %",
                    number(areas.textbook_median, 6), deviation(areas.textbook_median, truth)});
    if (side == 12 || side == 24 || side == 48) {
      const sound::Spectrum mean = mean_spectrum(recording);
      spectra.push_back(
          detail::line(mean, "side " + number(length), spectra.size(), 0.13 * options.wave_speed / h));
      std::string frequencies;
      for (const auto& row : detail::tone_table(mean, 6).rows) frequencies += row[1] + "  ";
      lowest.rows.push_back({spectra.back().label, frequencies});
      const double loudest = detail::loudest(mean);
      for (double& y : spectra.back().y) y /= loudest;
      sounds.push_back(heard(drum_sound<Drum>(drum.mask(), drum.physics(), {.at = at, .ear = at}, pitch, 1.2,
                                              "A square of side " + number(length))));
    }
  }
  page.row({{chart({exact, median, textbook},
                   {.x_label = "side of the square", .y_label = "error of the area, %", .logarithmic = true}),
             "How wrong the areas are.", "Each point is one drum; every neuron of it was asked.",
             Table{{"Side", "Area", "Neurons that hear", "Exact relation, median", "Error", "Worst neuron",
                    "Textbook", "Error"},
                   rows,
                   "",
                   0}},
            {chart(spectra, {.x_label = "frequency, cycles per unit time",
                             .y_label = "amplitude, share of the loudest",
                             .logarithmic = true,
                             .floor = 1e-3}),
             "Spectra by size.",
             "Root mean square over all neurons. The larger the drum, the lower and the closer its tones.",
             lowest}});
  page.text("How they sound, all transposed alike. " + detail::transposed(pitch) +
            " The lowest tone of the square of side " + number(largest_heard) + " is at " +
            number(lowest_hertz) + " Hz.");
  page.row(sounds);
}

/// Bars of one width and growing length that hear_bars has struck, as a picture, a table and sounds: the
/// longer, the lower. `options` are those of the drums. The longest bar's lowest tone sounds at
/// `lowest_hertz`. Throws Error as drum::bars_picture.
template <class Drum>
void add_lengths(Page& page, std::span<const HeardBar> bars, const typename Drum::Options& options,
                 double lowest_hertz = 220) {
  const plot::Image shown = drum::bars_picture(bars);
  page.section("Long ones ring lower");
  page.text(
      "Bars of one width, struck at one place each. Across a bar half a wave fits in any case; along it, "
      "the longer it is, the longer the wave. So the lowest tone falls with the length, to that of an "
      "endless bar: "
      "f = c/2 sqrt(1/w² + 1/l²), or on the lattice sin²(ω dt/2) = (c dt/h)² [sin²(πh/2w) + sin²(πh/2l)].");
  Table table{{"Length", "Lowest tone heard", "By the exact relation", "Error", "Neurons that hear it"}};
  double lowest = bars[0].theory;
  for (const HeardBar& bar : bars) {
    table.rows.push_back({number(bar.length), number(bar.lowest, 6), number(bar.theory, 6),
                          deviation(bar.lowest, bar.theory),
                          std::to_string(bar.heard) + "/" + std::to_string(bar.neurons)});
    lowest = std::min(lowest, bar.theory);
  }
  page.figure(
      {picture(shown, "Bars of growing length and their spectra", 0, false),
       "Bars and what their neurons hear.",
       "Blue: the root mean square of the spectra at all neurons of the bar. The dot is the lowest tone "
       "that they hear, the dashes are the theory.",
       table});
  const auto pitch = sound::Pitch::tuned(lowest, lowest_hertz);
  std::vector<Figure> sounds;
  for (const HeardBar& bar : bars) {
    const Mask mask(mask::rectangle(bar.width / options.spacing, bar.length / options.spacing),
                    Drum::Grid::height, Drum::Grid::width);
    const Drum silent(mask, options);
    const std::size_t across = Drum::Grid::width, first = mask.sites().front(), last = mask.sites().back();
    const Site at{(2 * (first / across) + last / across) / 3, (2 * (first % across) + last % across) / 3};
    sounds.push_back(heard(drum_sound<Drum>(mask, silent.physics(), {.at = at, .ear = at}, pitch, 1.2,
                                            "Length " + number(bar.length)),
                           number(bar.theory * pitch.per_second, 3) + " Hz."));
  }
  page.text("How they sound, all transposed alike. " + detail::transposed(pitch));
  page.row(sounds);
}

/// Area and perimeter of many shapes from their tones alone, by Weyl's law.
template <class Drum>
void add_weyl(Page& page, const drum::Physics& physics) {
  page.section("Any shape: area and perimeter from the tones");
  const double n = static_cast<double>(Drum::Grid::height);
  constexpr std::size_t count = 150;
  page.text(
      "Weyl's law: the number of tones below a frequency grows with the area, less a part that goes "
      "with the perimeter, N(λ) ≈ Aλ/4π − P√λ/4π. From the lowest " +
      std::to_string(count) +
      " modes of each shape, counted as the lattice counts them. The stated error is that of the fit; "
      "rims that do not run along the lattice lie about a quarter of a spacing further out than "
      "drawn.");
  const auto whole = [](double v) { return 4 * std::floor(v / 4); };
  const double h = physics.spacing;
  std::vector<std::vector<std::string>> rows;
  for (const auto& outline :
       {mask::square(whole(0.88 * n)), mask::rectangle(whole(0.57 * n), whole(0.94 * n)),
        mask::disc(std::floor(0.47 * n)), mask::ell(whole(0.94 * n)),
        mask::annulus(std::floor(0.47 * n), std::floor(0.19 * n)),
        mask::regular_polygon(6, std::floor(0.47 * n)),
        mask::isospectral(0, static_cast<std::size_t>(n * 0.31))}) {
    const Mask m(outline, Drum::Grid::height, Drum::Grid::width);
    const WeylEstimate found = weyl(modes(m, physics, {.count = count}).eigenvalues, h);
    const double area = m.area() * h * h, perimeter = m.perimeter() * h;
    rows.push_back({m.name(), number(area), number(found.area) + " ± " + number(found.area_error, 2),
                    deviation(found.area, area), number(perimeter),
                    number(found.perimeter) + " ± " + number(found.perimeter_error, 2),
                    deviation(found.perimeter, perimeter)});
  }
  page.table({{"Shape", "Area", "Heard", "Error", "Perimeter", "Heard", "Error"}, rows});
}

/// The Gordon–Webb–Wolpert pair beside a third drum of equal area. Its lowest tone, lower than theirs,
/// sounds at `lowest_hertz`.
template <class Drum>
void add_pair(Page& page, const typename Drum::Options& options, double lowest_hertz = 220) {
  page.section("Two drums that sound the same");
  page.text(
      "Can one hear the shape of a drum? Not always: these two have different shapes and the same tones, all "
      "of them (Gordon, Webb and Wolpert 1992), and on a lattice whose sites include the tiles' corners to "
      "the last digit. A rectangle of the same area is told apart at once.");
  // A tile of 6k has the area 3.5 · 36 k² = 126 k² = 10.5k · 12k.
  const std::size_t k = std::max<std::size_t>(2, Drum::Grid::height / 3 / 6 / 2 * 2), tile = 6 * k;
  const double unit = static_cast<double>(k);
  const std::array<mask::Outline, 3> outlines{mask::isospectral(0, tile), mask::isospectral(1, tile),
                                              mask::rectangle(10.5 * unit, 12 * unit)};
  const drum::Physics physics{.wave_speed = options.wave_speed, .dt = options.dt, .spacing = options.spacing};
  const auto pitch = sound::Pitch::tuned(
      rectangle_frequency(10.5 * unit * options.spacing, 12 * unit * options.spacing, physics), lowest_hertz);
  std::vector<Figure> pictures;
  std::vector<Line> spectra;
  std::vector<std::vector<double>> eigenvalues;
  double loudest = 0, highest = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    Drum drum(outlines[i], options);
    const Mask& m = drum.mask();
    const auto found = modes(m, drum.physics(), {.count = 30});
    eigenvalues.push_back(found.eigenvalues);
    sound::Ear ear(8192, options.dt);
    std::vector<double> power(ear.bins());
    std::size_t heard_series = 0;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      const auto recording = drum.rest().strike_at_random(seed).run(8192);
      for (std::size_t s = 0; s < recording.sites().size(); ++s, ++heard_series)
        ear.add_power(recording.series(s), power);
    }
    const sound::Spectrum mean = ear.from_power(power, heard_series);
    if (i == 0) highest = 1.1 * found.frequency(11);
    spectra.push_back(detail::line(mean, m.name(), i, highest));
    loudest = std::max(loudest, detail::loudest(mean));
    if (i == 1) spectra.back().dashed = true;
    const std::size_t at = m.sites()[m.sites().size() * 2 / 5], w = Drum::Grid::width,
                      neuron = m.sites()[m.sites().size() * 3 / 5];
    const auto clip = drum_sound<Drum>(
        m, drum.physics(), {.at = {at / w, at % w}, .ear = {neuron / w, neuron % w}}, pitch, 1.5, m.name());
    const plot::Image shape = drum::silhouette(m);
    const std::size_t shown = std::max<std::size_t>(1, 420 / Drum::Grid::width) * shape.width();
    pictures.push_back({picture(shape, m.name(), shown) + player(clip), m.name(),
                        number(m.area() * options.spacing * options.spacing) + " in area, " +
                            number(m.perimeter() * options.spacing) + " around."});
  }
  page.row(pictures);
  page.text(detail::transposed(pitch) + " The rectangle's lowest tone is at " + number(lowest_hertz) +
            " Hz.");
  std::vector<std::vector<std::string>> rows;
  double worst = 0;
  for (std::size_t i = 0; i < 30; ++i) {
    worst = std::max(worst, std::abs(eigenvalues[0][i] / eigenvalues[1][i] - 1));
    rows.push_back({std::to_string(i + 1), number(eigenvalues[0][i], 12), number(eigenvalues[1][i], 12),
                    number(eigenvalues[2][i], 12)});
  }
  page.figure({chart(spectra, {.x_label = "frequency, cycles per unit time",
                               .y_label = "amplitude",
                               .logarithmic = true,
                               .floor = 1e-4 * loudest,
                               .width = 960,
                               .height = 320}),
               "Struck everywhere at random, four times, and heard at all neurons.",
               "The first two peak at the same frequencies (how loud a tone is depends on the strike); the "
               "rectangle does not. "
               "The first 30 eigenvalues of the two agree to " +
                   number(worst, 2) + " of their value.",
               Table{{"Mode", outlines[0].name, outlines[1].name, "Rectangle of equal area"}, rows}});
}

}  // namespace nwm::report

#include "nwm/pop_macros.inc"
