#include "pictures.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "nwm/plot/colour.hpp"
#include "nwm/plot/draw.hpp"
#include "nwm/plot/field.hpp"
#include "nwm/plot/gif.hpp"
#include "nwm/plot/image.hpp"
#include "nwm/plot/png.hpp"

namespace sequence {
namespace {

namespace plot = nwm::plot;

/// Each pixel repeated `across` times sidewards and `down` times downwards.
plot::Image stretched(const plot::Image& image, std::size_t across, std::size_t down) {
  plot::Image result(image.width() * across, image.height() * down);
  for (std::size_t y = 0; y < result.height(); ++y)
    for (std::size_t x = 0; x < result.width(); ++x) result.set(x, y, image.at(x / across, y / down));
  return result;
}

/// (steps, rows) as (rows, steps), with row 0 at the bottom.
std::vector<float> upright(std::span<const float> values, std::size_t steps) {
  const std::size_t rows = values.size() / steps;
  std::vector<float> all(values.size());
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t r = 0; r < rows; ++r) all[(rows - 1 - r) * steps + t] = values[t * rows + r];
  return all;
}

/// One channel of the states, (steps, sites).
std::vector<float> channel(const States& s, std::size_t c) {
  std::vector<float> all;
  for (std::size_t t = 0; t < s.steps; ++t) {
    const auto at = s.values.subspan((t * s.channels + c) * s.sites, s.sites);
    all.insert(all.end(), at.begin(), at.end());
  }
  return all;
}

/// The channels, those with the largest sum of squares first.
std::vector<std::size_t> by_strength(const States& s) {
  std::vector<double> strength(s.channels);
  for (std::size_t i = 0; i < s.values.size(); ++i) {
    const double v = static_cast<double>(s.values[i]);
    strength[i / s.sites % s.channels] += v * v;
  }
  std::vector<std::size_t> order(s.channels);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return strength[a] > strength[b]; });
  return order;
}

/// The palette of the film: magnitudes, signed values, ground and writing.
struct Palette {
  static constexpr std::uint8_t magnitudes = 127, signs = 127, ground = 254, writing = 255;
  std::vector<plot::Rgb> colours;
  Palette() {
    for (int i = 0; i < magnitudes; ++i) colours.push_back(plot::sequential(i, magnitudes - 1));
    for (int i = 0; i < signs; ++i) colours.push_back(plot::diverging(i - signs / 2, signs / 2));
    colours.push_back(plot::paper);
    colours.push_back(plot::ink);
  }
  static std::uint8_t magnitude(float value) {
    return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0f, 1.0f) * (magnitudes - 1)));
  }
  /// value: in units of the scale.
  static std::uint8_t sign(float value) {
    return static_cast<std::uint8_t>(magnitudes + signs / 2 +
                                     std::lround(std::clamp(value, -1.0f, 1.0f) * (signs / 2)));
  }
};

}  // namespace

void draw_states(const std::filesystem::path& path, const std::string& title, const States& s,
                 std::span<const float> inputs, std::size_t panels) {
  const std::size_t numbers = inputs.size() / s.steps;
  const std::size_t across = std::max<std::size_t>(1, 780 / s.steps),
                    down = std::max<std::size_t>(1, 160 / s.sites),
                    input_down = std::max<std::size_t>(4, 24 / numbers);
  std::vector<std::size_t> shown = by_strength(s);
  shown.resize(std::min(panels, s.channels));
  std::ranges::sort(shown);
  // Waves that never are negative may grow by decades over a sequence: each step has its own scale then.
  const bool is_signed = std::ranges::any_of(s.values, [](float v) { return v < 0; });
  const float scale = plot::symmetric_scale(s.values, 0.97);
  std::vector<float> scaled(s.values.begin(), s.values.end());
  const std::size_t each = s.channels * s.sites;
  for (std::size_t i = 0; i < scaled.size(); i += each) {
    const auto step = std::span(scaled).subspan(i, each);
    const float full = is_signed ? scale : plot::symmetric_scale(step, 0.97);
    for (float& v : step) v /= full;
  }
  const States relative{s.steps, s.channels, s.sites, scaled};

  std::vector<plot::Image> rows;
  const auto say = [&](const std::string& text) {
    plot::Image line(s.steps * across, plot::text_height(2), plot::paper);
    plot::draw_text(line, 0, 0, text, plot::ink, 2);
    rows.push_back(line);
  };
  say(title);
  say("input");
  rows.push_back(stretched(plot::picture(upright(inputs, s.steps), 1, numbers, s.steps), across, input_down));
  for (const std::size_t c : shown) {
    say(s.channels > 1 ? "channel " + std::to_string(c) : "all units");
    const std::vector<float> values = upright(channel(relative, c), s.steps);
    rows.push_back(stretched(is_signed ? plot::diverging_field(values, s.sites, s.steps, 1)
                                       : plot::magnitude_field(values, s.sites, s.steps, 1),
                             across, down));
  }
  say("0 to " + std::to_string(s.steps - 1) + ": steps; upwards: " + std::to_string(s.sites) +
      (s.channels > 1 ? " sites" : " units") + (is_signed ? "" : "; each step's own scale"));
  plot::write_png(path, plot::framed(plot::stacked(rows, 6, plot::paper), 10, plot::paper));
}

void write_prediction_film(const std::filesystem::path& path, std::size_t side, std::size_t seen,
                           std::span<const float> truth, std::span<const float> predicted,
                           const States& states) {
  const std::size_t sites = side * side, steps = truth.size() / sites, zoom = 144 / side + 1, gap = 12;
  const std::size_t panel = side * zoom, top = 2 * gap + plot::text_height(2), bottom = top;
  const std::vector<float> waves =
      states.values.empty() ? std::vector<float>{} : channel(states, by_strength(states)[0]);
  const float scale = waves.empty() ? 1.0f : plot::symmetric_scale(waves, 0.999);
  const std::size_t panels = waves.empty() ? 2 : 3;
  std::vector<plot::IndexedImage> film;
  for (std::size_t t = 0; t < steps; ++t) {
    plot::IndexedImage image{panels * panel + (panels + 1) * gap, top + panel + bottom, {}};
    image.pixels.assign(image.width * image.height, Palette::ground);
    const auto say = [&](std::size_t x, std::size_t y, const std::string& text) {
      plot::for_each_text_pixel(text, 2, [&](std::size_t dx, std::size_t dy) {
        if (x + dx < image.width && y + dy < image.height)
          image.pixels[(y + dy) * image.width + x + dx] = Palette::writing;
      });
    };
    const auto show = [&](std::size_t place, const char* name, const auto& colour) {
      const std::size_t left = gap + place * (panel + gap);
      say(left, gap, name);
      for (std::size_t y = 0; y < panel; ++y)
        for (std::size_t x = 0; x < panel; ++x)
          image.pixels[(top + y) * image.width + left + x] = colour(t * sites + y / zoom * side + x / zoom);
    };
    show(0, "next frame", [&](std::size_t i) { return Palette::magnitude(truth[i]); });
    show(1, "predicted", [&](std::size_t i) { return Palette::magnitude(predicted[i]); });
    if (!waves.empty()) show(2, "waves", [&](std::size_t i) { return Palette::sign(waves[i] / scale); });
    say(gap, top + panel + gap,
        "step " + std::to_string(t) + (t < seen ? ": sees the frames" : ": sees what it predicted"));
    film.push_back(std::move(image));
  }
  plot::write_gif(path, film, Palette().colours, 25);
}

}  // namespace sequence
