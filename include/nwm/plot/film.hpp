// The waves as a film: an animated GIF of every step of a series, with all oscillator channels side by side.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nwm/plot/colour.hpp"
#include "nwm/plot/draw.hpp"
#include "nwm/plot/field.hpp"
#include "nwm/plot/gif.hpp"
#include "nwm/plot/series.hpp"

namespace nwm::plot {

/// Title, timing, size and colour scale of a film.
struct FilmOptions {
  std::string title = {};           ///< line above the waves; none when empty
  int delay = 6;                    ///< hundredths of a second for which a step is shown
  std::size_t minimum_width = 384;  ///< least width of the waves in pixels, reached by whole enlargement
  double scale = 0;                 ///< value of full colour; 0: from the film, by `quantile`
  double quantile = 0.999;          ///< quantile of |y| over the whole film that gets full colour
};

/// A film before it is written: frames of equal size, their palette, the value of full colour.
struct Film {
  std::vector<IndexedImage> frames;  ///< of equal size
  std::vector<Rgb> palette;          ///< of all frames
  double scale = 1;                  ///< the value of full colour
};

/// The palette of all films, 256 colours: 253 of the blue-white-red map (an odd number, so that one is
/// exactly zero's white), the colour of values that are not finite, the ground and the writing.
namespace film_palette {

/// Places in the palette: how many are of the map, and those of zero, values that are not finite, ground
/// and writing.
inline constexpr std::uint8_t levels = 253, zero = 126, not_finite = 253, ground = 254, writing = 255;

/// The 256 colours of the palette.
inline std::vector<Rgb> colours() {
  std::vector<Rgb> result;
  for (int i = 0; i < levels; ++i) result.push_back(diverging(i - zero, zero));
  result.insert(result.end(), {not_finite_colour, {230, 232, 236}, ink});
  return result;
}

/// The palette index of `value`; ±scale (scale > 0) are the ends of the map.
inline std::uint8_t index(double value, double scale) noexcept {
  if (!std::isfinite(value)) return not_finite;
  return static_cast<std::uint8_t>(zero + std::lround(zero * std::clamp(value / scale, -1.0, 1.0)));
}

}  // namespace film_palette

namespace detail {

/// The layout of a frame, in pixels.
/// The part that all frames share: title and colour bar.
class FilmLayout {
 public:
  FilmLayout(const SeriesShape& shape, const FilmOptions& options, double scale)
      : shape_(shape), title_(options.title), ends_{number(-scale, 2), number(scale, 2)}, scale_(scale) {
    columns_ = near_square_columns(shape.channels, shape.height, shape.width);
    const std::size_t rows = (shape.channels + columns_ - 1) / columns_;
    const std::size_t bare = columns_ * shape.width;
    factor_ = std::max<std::size_t>((options.minimum_width + bare - 1) / bare, 1);
    gap_ = std::max<std::size_t>(factor_ / 2, 2);
    const std::size_t waves = bare * factor_ + (columns_ - 1) * gap_;
    text_ = std::clamp<std::size_t>(waves / 280, 1, 4);
    margin_ = 4 * text_;
    line_ = text_height(text_) + 3 * text_;
    const std::size_t legend = text_width(step_label(shape.steps - 1), text_) + text_width(ends_[0], text_) +
                               text_width(ends_[1], text_) + bar() + 24 * text_;
    width_ = 2 * margin_ + std::max({waves, legend, text_width(title_, text_)});
    left_ = (width_ - waves) / 2;
    top_ = margin_ + (title_.empty() ? 1 : 2) * line_;
    height_ = top_ + rows * shape.height * factor_ + (rows - 1) * gap_ + margin_;
  }

  /// What stays the same in every frame: title and colour bar.
  IndexedImage background() const {
    IndexedImage frame(width_, height_, film_palette::ground);
    write(frame, margin_, margin_, title_);
    std::size_t x = width_ - margin_ - text_width(ends_[1], text_);
    write(frame, x, label_row(), ends_[1]);
    x -= bar() + 4 * text_;
    for (std::size_t dx = 0; dx < bar(); ++dx)
      for (std::size_t dy = 0; dy < capital_height(text_); ++dy)
        frame.pixels[(label_row() + dy) * width_ + x + dx] =
            static_cast<std::uint8_t>(dx * (film_palette::levels - 1u) / (bar() - 1));
    write(frame, x - 4 * text_ - text_width(ends_[0], text_), label_row(), ends_[0]);
    return frame;
  }

  /// Draws step `step` (from 0) of the film over `frame`.
  void draw(IndexedImage& frame, std::span<const float> series, std::size_t step) const {
    write(frame, margin_, label_row(), step_label(step));
    for (std::size_t c = 0; c < shape_.channels; ++c) {
      const std::size_t x = left_ + c % columns_ * (shape_.width * factor_ + gap_),
                        y = top_ + c / columns_ * (shape_.height * factor_ + gap_);
      const auto plane = series.subspan(step * shape_.state() + c * shape_.plane(), shape_.plane());
      for (std::size_t i = 0; i < plane.size(); ++i) {
        const std::uint8_t colour = film_palette::index(static_cast<double>(plane[i]), scale_);
        const std::size_t px = x + i % shape_.width * factor_, py = y + i / shape_.width * factor_;
        for (std::size_t dy = 0; dy < factor_; ++dy)
          std::fill_n(frame.pixels.begin() + static_cast<std::ptrdiff_t>((py + dy) * width_ + px), factor_,
                      colour);
      }
    }
  }

 private:
  std::size_t bar() const { return 72 * text_; }
  std::size_t label_row() const { return margin_ + (title_.empty() ? 0 : line_); }
  std::string step_label(std::size_t step) const {
    return "t=" + std::to_string(step + 1) + "/" + std::to_string(shape_.steps);
  }
  void write(IndexedImage& frame, std::size_t x, std::size_t y, std::string_view text) const {
    for_each_text_pixel(text, text_, [&](std::size_t dx, std::size_t dy) {
      frame.pixels[(y + dy) * width_ + x + dx] = film_palette::writing;
    });
  }

  SeriesShape shape_;
  std::string title_, ends_[2];
  double scale_;
  std::size_t columns_ = 1, factor_ = 1, gap_ = 0, text_ = 1, margin_ = 0, line_ = 0;
  std::size_t width_ = 0, height_ = 0, left_ = 0, top_ = 0;
};

}  // namespace detail

/// The film of `series` (steps, channels, height, width). Each step is one frame, with the channels in a
/// near-square arrangement, blue-white-red about zero with one scale for the whole film; title, step and
/// colour bar stand above. Throws Error when `series` does not fit `shape`, the scale or quantile is out of
/// range, or a frame would be wider than a GIF's 65535 pixels.
inline Film film(std::span<const float> series, const SeriesShape& shape, const FilmOptions& options = {}) {
  detail::check_series("nwm::plot::film", series, shape);
  Film result;
  result.palette = film_palette::colours();
  result.scale = options.scale;
  if (options.scale == 0) result.scale = static_cast<double>(symmetric_scale(series, options.quantile));
  detail::check_scale(result.scale, "nwm::plot::film");
  if (options.minimum_width > 65535)
    throw Error("nwm::plot::film", "minimum_width", "at most 65535 pixels",
                std::to_string(options.minimum_width));
  const detail::FilmLayout layout(shape, options, result.scale);
  const IndexedImage background = layout.background();
  for (std::size_t step = 0; step < shape.steps; ++step)
    layout.draw(result.frames.emplace_back(background), series, step);
  return result;
}

/// Writes the film of `series` as an animated GIF, whole or not at all. Throws Error as `film` and
/// `write_gif` do.
inline void write_film(const std::filesystem::path& path, std::span<const float> series,
                       const SeriesShape& shape, const FilmOptions& options = {}) {
  const Film result = film(series, shape, options);
  write_gif(path, result.frames, result.palette, options.delay);
}

}  // namespace nwm::plot

#include "nwm/pop_macros.inc"
