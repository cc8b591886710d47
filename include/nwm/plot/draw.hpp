// Drawing on an Image: rectangles, labels in the built-in font, and smooth lines. Everything outside the
// picture is cut off.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/plot/font.hpp"
#include "nwm/plot/image.hpp"

namespace nwm::plot {

/// A place in pixels: x to the right, y downwards. (0, 0) is the centre of the top left pixel.
struct Point {
  double x = 0, y = 0;  ///< in pixels, from the top left
};

/// Width in pixels of `text` at `scale`: 6 dots a character, less the space after the last one.
constexpr std::size_t text_width(std::string_view text, std::size_t scale = 1) noexcept {
  return text.empty() ? 0 : (text.size() * glyph_advance - (glyph_advance - glyph_width)) * scale;
}

/// Height in pixels of a line of text at `scale`, descenders included.
constexpr std::size_t text_height(std::size_t scale = 1) noexcept { return glyph_height * scale; }

/// Height in pixels of a capital or a digit at `scale`; used to centre a label.
constexpr std::size_t capital_height(std::size_t scale = 1) noexcept { return glyph_ascent * scale; }

/// Calls set(dx, dy) for every inked pixel of `text`, relative to its top left corner. Each dot of the font
/// is scale x scale pixels. Also for canvases other than Image (an indexed film frame).
template <class Set>
void for_each_text_pixel(std::string_view text, std::size_t scale, Set&& set) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const Glyph columns = glyph(text[i]);
    for (std::size_t x = 0; x < glyph_width * scale; ++x)
      for (std::size_t y = 0; y < glyph_height * scale; ++y)
        if ((columns[x / scale] >> (y / scale)) & 1u) set(i * glyph_advance * scale + x, y);
  }
}

/// Writes `text` with its top left corner at column x of row y.
inline void draw_text(Image& image, std::size_t x, std::size_t y, std::string_view text, Rgb colour,
                      std::size_t scale = 1) {
  for_each_text_pixel(text, scale, [&](std::size_t dx, std::size_t dy) {
    if (x + dx < image.width() && y + dy < image.height()) image.set(x + dx, y + dy, colour);
  });
}

/// Fills `width` x `height` pixels from column x of row y.
inline void draw_rectangle(Image& image, std::size_t x, std::size_t y, std::size_t width, std::size_t height,
                           Rgb colour) {
  for (std::size_t row = y; row < std::min(y + height, image.height()); ++row)
    for (std::size_t column = x; column < std::min(x + width, image.width()); ++column)
      image.set(column, row, colour);
}

/// Mixes `colour` into one pixel; coverage 0 leaves it, 1 replaces it.
inline void blend(Image& image, std::size_t x, std::size_t y, Rgb colour, double coverage) {
  const Rgb below = image.at(x, y);
  const auto mix = [coverage](std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>(std::lround((1 - coverage) * a + coverage * b));
  };
  image.set(x, y, {mix(below.r, colour.r), mix(below.g, colour.g), mix(below.b, colour.b)});
}

/// Draws a smooth line through `points`, with round ends and joints, `width` pixels thick. One point gives a
/// dot. A point that is not finite interrupts the line. Throws Error for a width that is not finite.
inline void draw_line(Image& image, std::span<const Point> points, double width, Rgb colour) {
  if (!std::isfinite(width))
    throw Error("nwm::plot::draw_line", "width", "a finite number", shown_exactly(width));
  // Each pixel is mixed once, with its largest coverage over all segments; otherwise joints would be darker.
  std::vector<float> coverage(image.width() * image.height(), 0.0f);
  const double radius = width / 2, reach = radius + 1;
  const auto clip = [](double value, std::size_t size) {
    return static_cast<std::size_t>(std::clamp(value, 0.0, static_cast<double>(size)));
  };
  const auto finite = [](Point p) { return std::isfinite(p.x) && std::isfinite(p.y); };
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Point a = points[i];
    if (!finite(a)) continue;
    const Point b = i + 1 < points.size() && finite(points[i + 1]) ? points[i + 1] : a;
    const double dx = b.x - a.x, dy = b.y - a.y, length2 = dx * dx + dy * dy;
    const std::size_t right = clip(std::max(a.x, b.x) + reach + 1, image.width()),
                      bottom = clip(std::max(a.y, b.y) + reach + 1, image.height());
    for (std::size_t y = clip(std::min(a.y, b.y) - reach, image.height()); y < bottom; ++y)
      for (std::size_t x = clip(std::min(a.x, b.x) - reach, image.width()); x < right; ++x) {
        const double px = static_cast<double>(x) - a.x, py = static_cast<double>(y) - a.y;
        const double along = length2 > 0 ? std::clamp((px * dx + py * dy) / length2, 0.0, 1.0) : 0.0;
        const double distance = std::hypot(px - along * dx, py - along * dy);
        float& covered = coverage[y * image.width() + x];
        covered = std::max(covered, static_cast<float>(std::clamp(radius + 0.5 - distance, 0.0, 1.0)));
      }
  }
  for (std::size_t i = 0; i < coverage.size(); ++i)
    if (coverage[i] > 0)
      blend(image, i % image.width(), i / image.width(), colour, static_cast<double>(coverage[i]));
}

}  // namespace nwm::plot

#include "nwm/pop_macros.inc"
