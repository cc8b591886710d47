// One picture of bars of growing length: each bar to scale, its spectrum beside it, and how low it rings.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "nwm/drum/bars.hpp"
#include "nwm/drum/picture.hpp"
#include "nwm/error.hpp"
#include "nwm/plot/chart.hpp"
#include "nwm/plot/colour.hpp"
#include "nwm/plot/draw.hpp"
#include "nwm/plot/image.hpp"

namespace nwm::drum {

/// A row a bar: its outline, all to one scale; the root mean square of the spectra at its neurons, as share
/// of its largest value on the axis; a dot at the lowest tone that the neurons hear; and a dashed line at the
/// frequency that rectangle_frequency gives. A dotted line across all rows stands where the lowest tone of
/// an endless bar would be. Throws Error when there is no bar, two are not equally wide, or one has no
/// spectrum, no tone or no length.
inline plot::Image bars_picture(std::span<const HeardBar> bars) {
  constexpr const char* where = "nwm::drum::bars_picture";
  if (bars.empty()) throw Error(where, "bars", "at least 1", "0");
  double longest = 0, highest = 0;
  for (const HeardBar& bar : bars) {
    if (bar.width != bars[0].width || !(bar.width > 0))
      throw Error(where, "width", "one above 0 for all bars", shown_exactly(bar.width));
    if (!(bar.length > 0) || !(bar.lowest > 0) || !(bar.theory > 0) || !(bar.endless > 0) ||
        bar.spectrum.amplitude.empty() || !(bar.spectrum.spacing > 0))
      throw Error(where, "bar", "a length, a tone and a spectrum", "none");
    longest = std::max(longest, bar.length), highest = std::max(highest, bar.lowest);
  }
  const double limit = bars[0].endless;
  constexpr std::size_t text = 2, width = 960, row_height = 84, top = 92, outlines = 250, from = 300,
                        to = 730;
  const std::size_t bottom = top + row_height * bars.size(), height = bottom + 52;
  constexpr plot::Rgb grid{226, 228, 231}, grey{104, 109, 118}, heard_colour{213, 94, 0}, area{0, 114, 178},
      skin{236, 222, 196};
  plot::detail::Axis x{0.75 * limit, std::max(2.4 * limit, 1.1 * highest), from, to, false, {}};
  plot::detail::set_linear_ticks(x, 5);

  plot::Image image(width, height, plot::paper);
  const auto column = [&](double frequency) {
    return static_cast<std::size_t>(std::lround(x.place(frequency)));
  };
  const auto dashes = [&](double frequency, std::size_t y0, std::size_t y1, std::size_t dash, plot::Rgb c) {
    for (std::size_t y = y0; y < y1; y += 2 * dash)
      plot::draw_rectangle(image, column(frequency), y, 2, std::min(dash, y1 - y), c);
  };
  const auto centred = [&](double at, std::size_t y, const std::string& words) {
    plot::draw_text(image, column(at) - plot::text_width(words, text) / 2, y, words, grey, text);
  };
  plot::draw_text(image, 20, 16, "The longer the bar, the lower it rings", plot::ink, text);
  plot::draw_text(image, 20, 46, "bar", grey, text);
  plot::draw_text(image, from, 46, "what its neurons hear", grey, text);
  plot::draw_text(image, to + 22, 46, "lowest tone", grey, text);
  for (const double tick : x.ticks) {
    plot::draw_rectangle(image, column(tick), top, 1, bottom - top + 6, grid);
    centred(tick, bottom + 9, plot::detail::number(tick));
  }
  plot::draw_text(image, from, bottom + 31, "frequency (cycles per unit time)", grey, text);
  dashes(limit, top, bottom, 2, grey);
  centred(limit, top - 20, "endless");

  for (std::size_t i = 0; i < bars.size(); ++i) {
    const HeardBar& bar = bars[i];
    const std::size_t line = top + row_height * (i + 1) - 8, tall = row_height - 20;
    const double scale = std::min(static_cast<double>(outlines) / longest, (row_height - 30.0) / bar.width);
    const auto pixels = [&](double length) {
      return std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(length * scale)));
    };
    const std::size_t h = pixels(bar.width), upper = line - tall / 2 - h / 2;
    plot::draw_rectangle(image, 20, upper, pixels(bar.length), h, outside_colour);
    if (h > 4 && pixels(bar.length) > 4)
      plot::draw_rectangle(image, 22, upper + 2, pixels(bar.length) - 4, h - 4, skin);

    const auto& a = bar.spectrum.amplitude;
    double most = 0;
    for (std::size_t k = 0; k < a.size(); ++k)
      if (bar.spectrum.frequency(k) >= x.low && bar.spectrum.frequency(k) <= x.high)
        most = std::max(most, a[k]);
    // The largest value of each column of pixels: a peak may be narrower than one.
    for (std::size_t c = from; c <= to; ++c) {
      const auto bin = [&](double at) {
        const double f = x.low + (at - x.from) / (x.to - x.from) * (x.high - x.low);
        return static_cast<std::size_t>(std::max(0.0, std::round(f / bar.spectrum.spacing)));
      };
      double value = 0;
      const std::size_t end = bin(static_cast<double>(c) + 0.5);
      for (std::size_t k = bin(static_cast<double>(c) - 0.5); k <= end && k < a.size(); ++k)
        value = std::max(value, a[k]);
      const auto up =
          most > 0 ? static_cast<std::size_t>(std::lround(value / most * (row_height - 26.0))) : 0;
      plot::draw_rectangle(image, c, line - std::min(up, line), 1, up, area);
    }
    plot::draw_rectangle(image, from, line, to - from + 1, 1, grey);
    dashes(bar.theory, line - tall - 2, line, 5, plot::ink);
    const std::array<plot::Point, 1> dot{{{x.place(bar.lowest), static_cast<double>(line)}}};
    plot::draw_line(image, dot, 13, plot::paper), plot::draw_line(image, dot, 10, heard_colour);

    const auto say = [&](std::size_t from_line, const std::string& words, plot::Rgb colour) {
      plot::draw_text(image, to + 22, line - from_line, words, colour, text);
    };
    say(64, plot::detail::number(bar.width) + " x " + plot::detail::number(bar.length), plot::ink);
    say(42, "heard  " + plot::detail::number(bar.lowest, 4), heard_colour);
    say(20, "theory " + plot::detail::number(bar.theory, 4), plot::ink);
  }
  return image;
}

}  // namespace nwm::drum

#include "nwm/pop_macros.inc"
