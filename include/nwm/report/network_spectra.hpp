// Spectra of a trained machine's neurons, as sections of a report: Fourier magnitudes, the mean spectrum of
// each class, how well spectra alone tell classes apart, and the classes as sounds.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "nwm/analysis/swing.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/plot/gallery.hpp"
#include "nwm/random.hpp"
#include "nwm/report/chart.hpp"
#include "nwm/report/nearest_spectrum.hpp"
#include "nwm/report/network.hpp"
#include "nwm/report/page.hpp"
#include "nwm/sound/pitch.hpp"

namespace nwm::report {

namespace detail {

/// The time of one step; 1 for machines whose cell has none.
template <class Machine>
double step_time(const Machine& machine) {
  if constexpr (requires { static_cast<double>(machine.cell.dt); })
    return static_cast<double>(machine.cell.dt);
  else return 1.0;
}

/// A percentage with one decimal place; "<0.1" for a positive one that would round to 0.0.
inline std::string tenths(double percent) {
  if (percent > 0 && percent < 0.05) return "<0.1";
  const std::string text = number(std::round(10 * percent) / 10, 4);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

/// A number above 0, rounded to two digits.
inline double two_digits(double x) {
  const double power = std::pow(10, std::floor(std::log10(x)) - 1);
  return std::round(x / power) * power;
}

/// A confusion matrix as a table, in per cent of the row; larger values are darker.
inline std::string confusion_html(const Confusion& confusion, const NetworkOptions& options,
                                  const std::string& caption) {
  std::string html = "<div class=\"wide\"><table class=\"confusion\"><caption>" + escape(caption) +
                     "</caption>\n<thead><tr><th>true ↓ &nbsp; said →</th>";
  for (std::size_t c = 0; c < confusion.classes(); ++c)
    html += "<th>" + escape(class_name(options, c)) + "</th>";
  html += "</tr></thead>\n<tbody>\n";
  for (std::size_t truth = 0; truth < confusion.classes(); ++truth) {
    html += "<tr><th>" + escape(class_name(options, truth)) + "</th>";
    for (std::size_t said = 0; said < confusion.classes(); ++said) {
      const std::size_t total = confusion.total(truth), n = confusion.count(truth, said);
      const double share = total == 0 ? 0 : static_cast<double>(n) / static_cast<double>(total);
      html += "<td style=\"background:rgba(40,120,200," + number(0.75 * share, 2) + ")\">" +
              escape(total == 0 ? "–" : tenths(100 * share)) + "</td>";
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}
inline Table confusion_table(const Confusion& confusion, const NetworkOptions& options) {
  Table table{{"True \\ said"}};
  for (std::size_t c = 0; c < confusion.classes(); ++c) table.head.push_back(class_name(options, c));
  for (std::size_t truth = 0; truth < confusion.classes(); ++truth) {
    std::vector<std::string> row{class_name(options, truth)};
    for (std::size_t said = 0; said < confusion.classes(); ++said)
      row.push_back(std::to_string(confusion.count(truth, said)));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace detail

/// Adds the Fourier magnitudes of one image, bin by bin, for the oscillator that shows waves most clearly.
/// Throws Error where the options show none.
template <class Machine>
void add_fourier(Page& page, const Machine& machine, const data::Dataset& test,
                 const NetworkOptions& options) {
  constexpr plot::SeriesShape shape = plot::series_shape<Machine>();
  if (options.shown.empty()) throw Error("nwm::report", "shown", "at least one image", "none");
  const std::vector<std::size_t> one{options.shown[0]};
  const std::vector<plot::Scene> scenes = plot::scenes(machine, test, one);
  const std::size_t channel = shown_channel<Machine>(scenes);
  const SeriesSpectra spectra(shape, true);
  const std::vector<float> all = spectra(scenes[0].series);
  const std::size_t count = std::min<std::size_t>(spectra.bins(), 24);
  std::vector<float> shown;
  for (std::size_t k = 0; k < count; ++k) {
    const float* plane = all.data() + k * shape.state() + channel * shape.plane();
    const float most = std::max(*std::max_element(plane, plane + shape.plane()), 1e-30f);
    for (std::size_t p = 0; p < shape.plane(); ++p) shown.push_back(plane[p] / most);
  }
  page.section("What its neurons hear");
  page.figure({picture(detail::sheet(
                           shown, count, shape.height, shape.width,
                           [](float v) { return plot::sequential(static_cast<double>(v), 1.0); }, 120),
                       "Fourier magnitudes by bin", 0, false) +
                   scale("0", "its maximum", [](double part) { return plot::sequential(part, 1.0); }),
               "Fourier magnitudes of one image,",
               "|DFT| under a Hann window over the " + std::to_string(shape.steps) + " steps of oscillator " +
                   std::to_string(channel) + ": bins 0 to " + std::to_string(count - 1) +
                   " from the top left, each in its own scale. Where whole shapes light up, their "
                   "pixels agree on a tone."});
}

/// Results of the nearest-spectrum rule on held-out images.
struct SpectralVerdict {
  Confusion pixels;                     ///< by each pixel's own spectrum
  Confusion regions;                    ///< by the mean spectrum of a class's pixels in an image
  plot::ClassSpectra spectra;           ///< of the held-out images
  std::size_t learned = 0, judged = 0;  ///< numbers of images
};

/// Learns the rule on the first options.learn images of `train` and tests it on the first options.judge of
/// `test`. Throws Error when a set does not fit the machine.
template <class Machine>
SpectralVerdict judge_by_spectrum(const Machine& machine, const data::Dataset& train,
                                  const data::Dataset& test, const NetworkOptions& options) {
  constexpr plot::SeriesShape shape = plot::series_shape<Machine>();
  constexpr std::size_t classes = Machine::outputs;
  plot::Observer<Machine> observer;
  NearestSpectrum rule(shape, classes);
  SpectralVerdict verdict{Confusion(classes), Confusion(classes), plot::ClassSpectra(shape, classes),
                          std::min(options.learn, train.size()), std::min(options.judge, test.size())};
  for (std::size_t i = 0; i < verdict.learned; ++i)
    rule.learn(observer.record(machine, train, i), train.mask(i));
  for (std::size_t i = 0; i < verdict.judged; ++i) {
    const std::vector<float> series = observer.record(machine, test, i);
    rule.judge(series, test.mask(i), verdict.pixels, verdict.regions);
    verdict.spectra.add(series, test.mask(i));
  }
  return verdict;
}

/// Adds the mean spectrum of each class over held-out images and the results of the nearest-spectrum rule,
/// beside the results for the same machine before training.
template <class Machine>
SpectralVerdict add_class_spectra(Page& page, const Machine& machine, const data::Dataset& train,
                                  const data::Dataset& test, const NetworkOptions& options) {
  constexpr plot::SeriesShape shape = plot::series_shape<Machine>();
  constexpr std::size_t classes = Machine::outputs;
  const double dt = detail::step_time(machine);
  const SpectralVerdict verdict = judge_by_spectrum(machine, train, test, options);
  const auto untrained = std::make_unique<Machine>(
      typename Machine::Options{.cell = machine.cell, .encoder_starts = options.encoder_starts});
  const SpectralVerdict before = judge_by_spectrum(*untrained, train, test, options);
  const Confusion &pixels = verdict.pixels, &regions = verdict.regions;
  const plot::ClassSpectra& spectra = verdict.spectra;
  const std::size_t learn = verdict.learned, judge = verdict.judged;
  std::vector<Line> lines;
  Table table{{"Frequency"}};
  table.rows.resize(spectra.bins());
  for (std::size_t k = 0; k < spectra.bins(); ++k)
    table.rows[k].push_back(number(static_cast<double>(k) / (static_cast<double>(shape.steps) * dt)));
  for (std::size_t c = 0; c < classes; ++c) {
    if (spectra.pixels(c) == 0) continue;
    Line line{detail::class_name(options, c), {},    spectra.mean(c),
              c == 0 ? 6 : (c - 1) % 6,       false, c == 0 || c > 6};
    table.head.push_back(line.label);
    for (std::size_t k = 0; k < spectra.bins(); ++k) {
      line.x.push_back(static_cast<double>(k) / (static_cast<double>(shape.steps) * dt));
      table.rows[k].push_back(number(line.y[k]));
    }
    lines.push_back(std::move(line));
  }
  page.section("Each class has its spectrum");
  page.figure(
      {chart(lines, {.x_label = dt == 1 ? "frequency, cycles per step" : "frequency, cycles per unit time",
                     .y_label = "mean |DFT|",
                     .logarithmic = true,
                     .width = 960,
                     .height = 340}),
       "Mean spectrum of each class,",
       "over all pixels of " + std::to_string(judge) + " held-out images and all oscillators.", table});
  page.text(
      "Are the classes told apart by spectrum alone? The nearest-spectrum rule knows nothing but the mean "
      "(logarithmic) spectrum of each class over " +
      std::to_string(learn) + " training images, and gives each pixel of " + std::to_string(judge) +
      " held-out images to the class whose spectrum is nearest.");
  page.table({{"Accuracy of the nearest-spectrum rule", "Trained", "Before training"},
              {{"all pixels", percent(pixels.accuracy()), percent(before.pixels.accuracy())},
               {"pixels in shapes", percent(pixels.accuracy(1)), percent(before.pixels.accuracy(1))},
               {"mean over classes (guessing: " + percent(1.0 / static_cast<double>(classes)) + ")",
                percent(pixels.balanced()), percent(before.pixels.balanced())},
               {"shapes, by the mean spectrum of their pixels", percent(regions.accuracy(1)),
                percent(before.regions.accuracy(1))}}});
  const Figure by_pixel{detail::confusion_html(pixels, options, "Per cent of the pixels of each true class"),
                        "Nearest spectrum, pixel by pixel.", "Held-out images.",
                        detail::confusion_table(pixels, options)},
      by_shape{detail::confusion_html(regions, options, "Per cent of the shapes of each true class"),
               "By the mean spectrum of a class's pixels in an image.", "Held-out images.",
               detail::confusion_table(regions, options)};
  if (classes <= 6) page.row({by_pixel, by_shape});
  else page.figure(by_pixel).figure(by_shape);
  return verdict;
}

/// The sounds of a machine's classes. Frequencies are in cycles per unit time.
struct ClassSounds {
  std::vector<sound::Clip> clips{};  ///< one for each class that occurs
  std::vector<double> mean{};        ///< of each: mean frequency, weighted by energy; NaN: nothing swings
  double low = 0, high = 0;          ///< 90 % of the energy of all clips lies between; NaN: nothing swings
  sound::Pitch pitch{};              ///< of all clips
  double steps_per_second = 0;       ///< the same, in time steps
};

/// One sound per class: the series of its pixels, drawn at random from held-out images, one after another,
/// without their slow drift (analysis::SwingMeter). All are transposed by one factor:
/// options.steps_per_second, or, where that is 0, the one at which 90 % of their energy lies in the middle of
/// what small loudspeakers play (sound::Pitch::audible), rounded to two digits; 4000 where nothing swings.
template <class Machine>
ClassSounds class_sounds(const Machine& machine, const data::Dataset& test, const NetworkOptions& options) {
  constexpr plot::SeriesShape shape = plot::series_shape<Machine>();
  constexpr std::size_t classes = Machine::outputs, wanted = 60;
  const double dt = detail::step_time(machine);
  plot::Observer<Machine> observer;
  Random random(1);
  std::vector<std::vector<std::vector<double>>> grains(classes);
  std::vector<analysis::SwingMeter> meters(classes + 1,
                                           analysis::SwingMeter(shape.steps));  // the last: of all
  for (std::size_t i = 0; i < std::min<std::size_t>(test.size(), 40); ++i) {
    const std::vector<float> series = observer.record(machine, test, i);
    const auto labels = test.mask(i);
    for (std::size_t c = 0; c < classes; ++c) {
      std::vector<std::size_t> places;
      for (std::size_t p = 0; p < labels.size(); ++p)
        if (labels[p] == c) places.push_back(p);
      for (int n = 0; n < 4 && !places.empty() && grains[c].size() < wanted; ++n) {
        const std::size_t place = places[random.below(places.size())], channel = random.below(shape.channels);
        std::vector<double> grain(shape.steps);
        for (std::size_t t = 0; t < shape.steps; ++t)
          grain[t] = static_cast<double>(series[t * shape.state() + channel * shape.plane() + place]);
        meters[c].add(grain), meters[classes].add(grain);
        grains[c].push_back(meters[c].swing(grain));
      }
    }
  }
  const analysis::Swing all = meters[classes].result();
  ClassSounds result{.low = all.quantile(0.05) / dt, .high = all.quantile(0.95) / dt};
  result.steps_per_second = options.steps_per_second > 0 ? options.steps_per_second : 4000;
  if (!(options.steps_per_second > 0) && result.low > 0)
    result.steps_per_second =
        detail::two_digits(sound::Pitch::audible(result.low, result.high).per_second / dt);
  result.pitch = {result.steps_per_second * dt};
  for (std::size_t c = 0; c < classes; ++c) {
    if (grains[c].empty()) continue;
    sound::Clip clip =
        sound::texture(grains[c], dt, result.pitch, options.seconds, detail::class_name(options, c));
    clip.comment +=
        "; " + number(result.steps_per_second) +
        " steps a second; the series of pixels of one class, without their drift, one after another";
    result.clips.push_back(std::move(clip)), result.mean.push_back(meters[c].result().mean() / dt);
  }
  return result;
}

/// Adds players for class_sounds, and says by how much they are transposed.
template <class Machine>
void add_sounds(Page& page, const Machine& machine, const data::Dataset& test,
                const NetworkOptions& options) {
  const ClassSounds sounds = class_sounds(machine, test, options);
  const auto hertz = [&](double f) { return number(f * sounds.pitch.per_second, 3); };
  page.section("How the classes sound");
  std::string text =
      "The recorded series of pixels of one class, without their slow drift, one after another. All "
      "classes are transposed alike, so that the ratios of pitches are those of the machine: a second "
      "of sound is " +
      number(sounds.steps_per_second) + " steps, " + number(sounds.pitch.per_second) + " units of its time. ";
  text += std::isfinite(sounds.low)
              ? "Nine tenths of the energy lie from " + number(sounds.low, 3) + " to " +
                    number(sounds.high, 3) + " cycles per unit time; one hears them from " +
                    hertz(sounds.low) + " to " + hertz(sounds.high) + " Hz."
              : "Nothing swings: there is nothing to hear.";
  page.text(text);
  std::vector<Figure> players;
  for (std::size_t i = 0; i < sounds.clips.size(); ++i)
    players.push_back(heard(sounds.clips[i], std::isfinite(sounds.mean[i])
                                                 ? "On average " + hertz(sounds.mean[i]) + " Hz, from " +
                                                       number(sounds.mean[i], 3) + " cycles per unit time."
                                                 : "Silence."));
  page.row(players);
}

}  // namespace nwm::report

#include "nwm/pop_macros.inc"
