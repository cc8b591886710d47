// What is measured, drawn, heard and reported, asked with series that are empty, sizes that do not fit,
// numbers that are none: an nwm::Error with its field, or a result, and never a crash.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE misuse_measures

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/analysis/draw.hpp"
#include "nwm/analysis/one_way_flow.hpp"
#include "nwm/analysis/oscillation.hpp"
#include "nwm/analysis/travelling_waves.hpp"
#include "nwm/analysis/wave_figures.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/drum/drum.hpp"
#include "nwm/drum/hear.hpp"
#include "nwm/drum/modes.hpp"
#include "nwm/drum/outline.hpp"
#include "nwm/drum/picture.hpp"
#include "nwm/drum/weyl.hpp"
#include "nwm/plot/chart.hpp"
#include "nwm/plot/film.hpp"
#include "nwm/plot/gallery.hpp"
#include "nwm/plot/png.hpp"
#include "nwm/report/comparison.hpp"
#include "nwm/report/drum_sound.hpp"
#include "nwm/report/nearest_spectrum.hpp"
#include "nwm/report/network_waves.hpp"
#include "nwm/report/training.hpp"
#include "nwm/sound/pitch.hpp"
#include "nwm/sound/tone.hpp"
#include "nwm/sound/wav.hpp"
#include "tools.hpp"

namespace {

namespace analysis = nwm::analysis;
namespace drum = nwm::drum;
namespace mask = nwm::mask;
namespace plot = nwm::plot;
namespace report = nwm::report;
namespace sound = nwm::sound;

constexpr double no_number = std::numeric_limits<double>::quiet_NaN(),
                 endless = std::numeric_limits<double>::infinity();
constexpr float no_float = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t huge = std::numeric_limits<std::size_t>::max(), half = std::size_t{1} << 32;

/// What is asked, and the field of the error that answers; empty: a result.
struct Case {
  std::string name, field;
  std::function<void()> ask;
};

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    std::string field, text;
    try {
      c.ask();
    } catch (const nwm::Error& error) {
      field = error.field(), text = error.what();
      BOOST_TEST(!error.where().empty(), c.name);
      BOOST_TEST(!error.expected().empty(), c.name);
      BOOST_TEST(!error.found().empty(), c.name);
    } catch (const std::exception& error) {
      field = text = std::string("another exception: ") + error.what();
    }
    BOOST_TEST(field == c.field, c.name << ": '" << field << "' and not '" << c.field << "': " << text);
  }
}

const std::vector<float> numbers(8 * 1 * 3 * 3, 0.5f);
analysis::SeriesView view(std::size_t steps, std::size_t channels, std::size_t height, std::size_t width,
                          std::span<const float> values = numbers) {
  return {values, steps, channels, height, width};
}
const auto good = view(8, 1, 3, 3);

std::vector<float> with(float number) {
  std::vector<float> values = numbers;
  values[13] = number;
  return values;
}

/// A tone, a number a unit of time.
std::vector<double> tone(std::size_t steps = 64) {
  std::vector<double> series;
  for (std::size_t t = 0; t < steps; ++t) series.push_back(std::sin(0.7 * static_cast<double>(t)));
  return series;
}

using Drum = nwm::Drum<nwm::Grid<12, 12>, nwm::cpu::Scalar>;
nwm::Recording<float> struck(std::size_t steps = 64) {
  Drum d(mask::square(6));
  return d.strike({5, 5}).run(steps);
}

}  // namespace

BOOST_AUTO_TEST_CASE(analysis_of_series) {
  static const std::vector<float> not_a_number = with(no_float), infinite = with(HUGE_VALF);
  const std::vector<std::pair<std::string, analysis::SeriesView>> bad{
      {"none", {}},
      {"one step", view(1, 8, 3, 3)},
      {"no channel", view(8, 0, 3, 3)},
      {"no row", view(8, 1, 0, 9)},
      {"one site", view(72, 1, 1, 1)},
      {"a row too many", view(8, 1, 4, 3)},
      {"sizes that wrap around to none", view(half, half, 3, 3, {})},
      {"NaN", view(8, 1, 3, 3, not_a_number)},
      {"infinity", view(8, 1, 3, 3, infinite)}};
  std::vector<Case> cases;
  for (const auto& [name, s] : bad) {
    cases.push_back({"phase_waves, " + name, "series", [s = s] { analysis::phase_waves(s); }});
    cases.push_back({"spectrum, " + name, "series", [s = s] { analysis::space_time_spectrum(s); }});
    cases.push_back({"travelling_waves, " + name, "series", [s = s] { analysis::travelling_waves(s); }});
    cases.push_back({"flow, " + name, "series", [s = s] { analysis::FlowMeter().add(s); }});
    cases.push_back(
        {"waviest_channel, " + name, "series", [s = s] { analysis::waviest_channel(std::array{s}); }});
    cases.push_back({"oscillation, " + name, "series", [s = s] {
                       analysis::OscillationCounter().add(s, std::vector<std::uint8_t>(s.plane()));
                     }});
  }
  check(cases);
  check({{"shuffled, another number of values", "series", [] { analysis::shuffled(view(9, 1, 3, 3), 1); }},
         {"shuffled, sizes that wrap around", "series",
          [] { analysis::shuffled(view(half, half, 3, 3, {}), 1); }},
         {"shuffled, nothing", "", [] { analysis::shuffled({}, 1); }},
         {"shuffled, NaN", "", [] { analysis::shuffled(view(8, 1, 3, 3, not_a_number), 1); }},
         {"centred, another number of values", "series", [] { analysis::centred(view(8, 2, 3, 3), 0, 0); }},
         {"centred, no such channel", "channel", [] { analysis::centred(good, 1, 0); }},
         {"centred, a trend too high", "trend", [] { analysis::centred(good, 0, 3); }},
         {"centred, one step", "", [] { analysis::centred(view(1, 1, 8, 9), 0, 0); }},
         {"trend", "trend", [] { analysis::phase_waves(good, {.trend = 3}); }},
         {"neighbourhood 0", "neighbourhood", [] { analysis::phase_waves(good, {.neighbourhood = 0}); }},
         {"neighbourhood", "", [] { analysis::phase_waves(good, {.neighbourhood = huge}); }},
         {"trim", "trim", [] { analysis::phase_waves(good, {.trim = no_number}); }},
         {"surrogates", "surrogates", [] { analysis::FlowMeter({.surrogates = huge}); }},
         {"surrogates", "surrogates", [] { analysis::FlowMeter({.surrogates = huge - 1}); }},
         {"flow of a channel", "channel", [] { analysis::FlowMeter().add(good, 1); }},
         {"no recordings", "recordings", [] { analysis::waviest_channel({}); }},
         {"flow of nothing", "", [] { analysis::FlowMeter().result().chance(); }},
         {"counted", "counted", [] { analysis::OscillationCounter().add(good, {}); }},
         {"oscillation of nothing", "", [] { analysis::OscillationCounter().result(); }},
         {"peak of nothing", "", [] { analysis::peak_bin({}); }},
         {"distance", "bins", [] { analysis::spectral_distance(tone(), tone(3)); }},
         {"distance of nothing", "", [] { analysis::spectral_distance({}, {}); }},
         {"average of nothing", "", [] { analysis::average({}); }}});
}

BOOST_AUTO_TEST_CASE(pictures_of_analyses) {
  const auto spectrum = [](std::size_t bins, std::size_t height, std::size_t width, std::size_t power) {
    return analysis::SpaceTimeSpectrum{
        .steps = 8, .bins = bins, .height = height, .width = width, .power = std::vector<double>(power, 1.0)};
  };
  const auto waves = [](std::size_t height, std::size_t width, std::size_t strength, std::size_t down,
                        double value = 0.5) {
    return analysis::PhaseWaves{.height = height,
                                .width = width,
                                .strength = std::vector<double>(strength, value),
                                .down = std::vector<double>(down, value),
                                .right = std::vector<double>(strength, value)};
  };
  const analysis::ReceptiveField field{
      .height = 2, .width = 3, .influence = {0, 1, no_number, endless, 0, -1}};
  check({{"spectrum", "", [&] { analysis::picture(spectrum(3, 4, 5, 60)); }},
         {"no spectrum", "power", [] { analysis::picture(analysis::SpaceTimeSpectrum{}); }},
         {"a spectrum without bins", "power", [&] { analysis::picture(spectrum(0, 4, 5, 0)); }},
         {"a spectrum of other sizes", "power", [&] { analysis::picture(spectrum(3, 4, 5, 61)); }},
         {"sizes that wrap around", "power", [&] { analysis::picture(spectrum(half, half, 5, 0)); }},
         {"decades", "decades", [&] { analysis::picture(spectrum(3, 4, 5, 60), {.decades = no_number}); }},
         {"a width", "factor", [&] { analysis::picture(spectrum(3, 4, 5, 60), {.minimum_width = huge}); }},
         {"waves", "", [&] { analysis::picture(waves(4, 5, 20, 20)); }},
         {"waves that are no numbers", "", [&] { analysis::picture(waves(4, 5, 20, 20, no_number)); }},
         {"no waves", "strength", [] { analysis::picture(analysis::PhaseWaves{}); }},
         {"waves of other sizes", "strength", [&] { analysis::picture(waves(4, 5, 19, 20)); }},
         {"waves without directions", "down", [&] { analysis::picture(waves(4, 5, 20, 3)); }},
         {"a field that is no number", "", [&] { analysis::picture(field); }},
         {"a field that is no number", "", [&] { field.reach(), field.rms_radius(), field.mean_radius(); }},
         {"no field", "influence", [] { analysis::picture(analysis::ReceptiveField{}); }},
         {"no field", "", [] { analysis::ReceptiveField{}.radius(), analysis::ReceptiveField{}.reach(); }},
         {"a field of other sizes", "influence",
          [] { analysis::picture(analysis::ReceptiveField{.height = 2, .width = 0, .influence = {1.0}}); }},
         {"share", "share", [&] { analysis::picture(field, no_number); }}});
}

BOOST_AUTO_TEST_CASE(sounds_and_spectra) {
  const auto render = [](std::span<const double> series, double interval, double per_second,
                         const sound::RenderOptions& options = {}) {
    sound::render(series, interval, {per_second}, "", options);
  };
  const auto texture = [](const std::vector<std::vector<double>>& series, double per_second, double seconds,
                          const sound::RenderOptions& options = {}) {
    sound::texture(series, 1, {per_second}, seconds, "", options);
  };
  const auto ear = [](std::size_t samples, double interval, const sound::SpectrumOptions& options = {}) {
    sound::Ear(samples, interval, options)(tone(samples));
  };
  const auto tones = [](double spacing, double lobe, double amplitude = 1) {
    const sound::Spectrum spectrum{{0, amplitude, 2, amplitude, 0, amplitude}, spacing, lobe, 0.01, 0.5};
    sound::tones(spectrum), sound::lowest_tone(spectrum);
  };
  check({{"nothing", "segment", [&] { ear(0, 1); }},
         {"one sample", "segment", [&] { ear(1, 1); }},
         {"interval", "interval", [&] { ear(64, -1); }},
         {"interval", "interval", [&] { ear(64, no_number); }},
         {"an interval whose inverse is no number", "", [&] { ear(64, 1e-320); }},
         {"segment", "segment", [&] { ear(64, 1, {.segment = 65}); }},
         {"padding 0", "padding", [&] { ear(64, 1, {.padding = 0}); }},
         {"padding that wraps around", "padding", [&] { ear(64, 1, {.padding = huge / 64 + 1}); }},
         {"padding", "padding", [&] { ear(64, 1, {.padding = huge}); }},
         {"overlap", "overlap", [&] { ear(64, 1, {.overlap = no_number}); }},
         {"overlap", "overlap", [&] { ear(64, 1, {.overlap = 1}); }},
         {"overlap", "", [&] { ear(64, 1, {.segment = 8, .overlap = 0.9999999}); }},
         {"another length", "series", [] { sound::Ear(64, 1)(tone(63)); }},
         {"NaN", "series", [] { sound::Ear(64, 1)(std::vector<double>(64, no_number)); }},
         {"power", "power",
          [] {
            std::vector<double> power(3);
            sound::Ear(64, 1).add_power(tone(), power);
          }},
         {"mean of nothing", "", [] { sound::Ear(64, 1).from_power({}, 0); }},
         {"tones", "", [&] { tones(0.1, 0.2); }},
         {"tones without spacing", "spacing and lobe", [&] { tones(0, 0.2); }},
         {"tones of negative spacing", "spacing and lobe", [&] { tones(-0.1, 0.2); }},
         {"tones without an end", "spacing and lobe", [&] { tones(0.1, endless); }},
         {"tones", "spacing and lobe", [&] { tones(no_number, no_number); }},
         {"tones that are no numbers", "", [&] { tones(0.1, 0.2, no_number); }},
         {"tones of infinity", "", [&] { tones(0.1, 0.2, endless); }},
         {"no spectrum", "", [] { sound::tones({}), sound::lowest_tone({}); }},
         {"a negative frequency", "frequency", [] { sound::Pitch::tuned(-1, 100); }},
         {"NaN", "frequency", [] { sound::Pitch::tuned(1, no_number); }},
         {"an infinite frequency", "frequency", [] { sound::Pitch::tuned(1e-300, 1e300); }},
         {"nothing to hear", "series", [&] { render({}, 1, 1000); }},
         {"one number", "", [&] { render(tone(1), 1, 1000); }},
         {"too short", "series", [&] { render(tone(1), 1e-9, 1000); }},
         {"too long", "pitch", [&] { render(tone(), 1, 1e-12); }},
         {"endless", "pitch", [&] { render(tone(), 1e300, 1e-300); }},
         {"interval", "interval", [&] { render(tone(), 0, 1000); }},
         {"pitch", "pitch", [&] { render(tone(), 1, -1); }},
         {"NaN", "series", [&] { render(std::vector<double>(64, no_number), 1, 1000); }},
         {"rate 0", "rate", [&] { render(tone(), 1, 1000, {.rate = 0}); }},
         {"rate", "rate", [&] { render(tone(), 1, 1000, {.rate = 4000000000u}); }},
         {"peak", "peak", [&] { render(tone(), 1, 1000, {.peak = no_number}); }},
         {"fade", "fade", [&] { render(tone(), 1, 1000, {.fade = no_number}); }},
         {"an endless fade", "", [&] { render(tone(), 1, 1000, {.fade = endless}); }},
         {"no grains", "series", [&] { texture({}, 1000, 1); }},
         {"an empty grain", "series", [&] { texture({{}}, 1000, 1); }},
         {"grains too long", "pitch", [&] { texture({tone()}, 1e-12, 1); }},
         {"grains of no rate", "rate", [&] { texture({tone()}, 1000, 1, {.rate = 0}); }},
         {"seconds", "seconds", [&] { texture({tone()}, 1000, no_number); }},
         {"seconds", "seconds", [&] { texture({tone()}, 1000, 1e9); }},
         {"hardly a second", "", [&] { texture({tone()}, 1000, 1e-9); }},
         {"no samples", "samples", [] { sound::encode_wav({}); }},
         {"loud samples", "samples", [] { sound::encode_wav({.samples = {2.0f}}); }},
         {"NaN", "samples", [] { sound::encode_wav({.samples = {no_float}}); }},
         {"rate", "rate", [] { sound::encode_wav({{0.0f}, 0}); }},
         {"one sample", "", [] { sound::encode_wav({.samples = {0.5f}}); }}});
}

BOOST_AUTO_TEST_CASE(plots) {
  const std::vector<std::uint8_t> labels(6, 200);
  const auto chart = [](std::vector<double> x, std::vector<double> y,
                        const plot::ChartOptions& options = {}) {
    const plot::Curve curve{"a", {}, std::move(x), std::move(y)};
    plot::chart(std::array{curve}, options);
  };
  const auto film = [](const plot::SeriesShape& shape, const plot::FilmOptions& options = {}) {
    plot::film(numbers, shape, options);
  };
  const plot::SeriesShape fits{8, 1, 3, 3};
  const auto strip = [&](const plot::StripOptions& options, const plot::SeriesShape& shape) {
    const std::vector<float> input(9, no_float);
    const std::vector<std::uint8_t> nine(9, 250);
    const plot::StripRow row{input, numbers, nine, nine};
    plot::strip(std::array{row}, shape, options);
  };
  plot::ClassSpectra spectra(fits, 2);
  plot::Image image(4, 4);
  const std::vector<std::pair<std::string, plot::SeriesShape>> shapes{
      {"no step", {0, 1, 3, 3}},
      {"no channel", {8, 0, 3, 3}},
      {"no row", {8, 1, 0, 9}},
      {"sizes that wrap around", {half, half, 3, 3}}};
  std::vector<Case> cases;
  for (const auto& [name, shape] : shapes) {
    cases.push_back({"film, " + name, "shape", [film, s = shape] { film(s); }});
    cases.push_back({"spectra, " + name, "shape", [s = shape] { plot::ClassSpectra(s, 2); }});
    cases.push_back({"series spectra, " + name, "shape", [s = shape] { report::SeriesSpectra{s}; }});
    cases.push_back({"nearest, " + name, "shape", [s = shape] { report::NearestSpectrum(s, 2); }});
    cases.push_back({"liveliest, " + name, "shape", [s = shape] { plot::liveliest_channel({}, s); }});
    cases.push_back({"states, " + name, "shape", [s = shape] { plot::states(numbers, s); }});
  }
  check(cases);
  check({{"strip without steps", "shape", [&] { strip({}, {0, 1, 3, 3}); }},
         {"strip without rows", "rows", [&] { plot::strip({}, fits); }},
         {"strip", "", [&] { strip({}, fits); }},
         {"strip of a channel", "channel", [&] { strip({.channel = 1}, fits); }},
         {"strip of step 0", "moment", [&] { strip({.moments = {0}}, fits); }},
         {"strip of two colours", "input", [&] { strip({.image_channels = 2}, fits); }},
         {"strip's scale", "scale", [&] { strip({.scale = no_number}, fits); }},
         {"strip's quantile", "quantile", [&] { strip({.quantile = -1}, fits); }},
         {"film of one step", "", [&] { film({1, 8, 3, 3}); }},
         {"film of another size", "series", [&] { film({8, 2, 3, 3}); }},
         {"film's scale", "scale", [&] { film(fits, {.scale = -1}); }},
         {"film's quantile", "quantile", [&] { film(fits, {.quantile = no_number}); }},
         {"film's width", "minimum_width", [&] { film(fits, {.minimum_width = half}); }},
         {"film of NaN", "", [&] { plot::film(with(no_float), fits); }},
         {"states of step 9", "moment", [&] { plot::states(numbers, fits, {9}); }},
         {"channel", "channel", [&] { plot::channel_series({}, fits, 1); }},
         {"no scenes", "", [&] { plot::channel_series({}, fits, 0), plot::liveliest_channel({}, fits); }},
         {"no classes", "classes", [&] { plot::ClassSpectra(fits, 0); }},
         {"a class out of range", "label", [&] { spectra.add(numbers, std::vector<std::uint8_t>(9, 2)); }},
         {"labels", "labels", [&] { spectra.add(numbers, {}); }},
         {"mean of a class", "label", [&] { spectra.mean(2); }},
         {"a chart of no pixels", "curves", [&] { plot::spectrum_chart(spectra); }},
         {"a table in a folder", "file", [&] { plot::write_spectrum_csv(".", spectra); }},
         {"no curves", "curves", [] { plot::chart({}); }},
         {"a curve without points", "curves", [&] { chart({}, {}); }},
         {"lengths", "curve a", [&] { chart({1, 2}, {1}); }},
         {"one point", "", [&] { chart({1}, {1}); }},
         {"NaN", "curves", [&] { chart({1}, {no_number}); }},
         {"the smallest numbers", "", [&] { chart({0, 5e-324}, {0, 5e-324}); }},
         {"the smallest, in decades", "", [&] { chart({0, 5e-324}, {1, 5e-324}, {.logarithmic = true}); }},
         {"the largest", "curves", [&] { chart({1, 2}, {-1e308, 1e308}); }},
         {"nothing above 0", "curves", [&] { chart({1}, {-1}, {.logarithmic = true}); }},
         {"a small chart", "size", [&] { chart({1}, {1}, {.width = 0}); }},
         {"a large chart", "size", [&] { chart({1}, {1}, {.width = half * half / 2}); }},
         {"an empty picture", "size", [] { plot::encode_png({}); }},
         {"a picture without rows", "size", [] { plot::encode_png(plot::Image(5, 0)); }},
         {"a picture in a folder", "file", [&] { plot::write_png(".", image); }},
         {"a folder as a picture", "file", [] { plot::read_png("."); }},
         {"a picture too large", "size", [] { plot::Image(half, half); }},
         {"enlarged by 0", "factor", [&] { image.enlarged(0); }},
         {"enlarged beyond all", "factor", [&] { image.enlarged(huge / 2); }},
         {"nothing enlarged", "", [] { plot::Image().enlarged(huge); }},
         {"pasted", "picture", [&] { image.paste(image, 1, 0); }},
         {"a gap that wraps around", "picture", [&] { plot::beside({image, image, image}, huge / 2 + 1); }},
         {"nothing beside nothing", "", [] { plot::beside({}, huge), plot::stacked({}, huge); }},
         {"a line's width", "width",
          [&] { plot::draw_line(image, std::vector<plot::Point>{{}}, no_number, {}); }},
         {"a line too long", "",
          [&] {
            plot::draw_line(image, std::vector<plot::Point>{{-1e308, 0}, {1e308, no_number}, {1e308, 1}}, 1,
                            {});
          }},
         {"two colours", "channels", [] { plot::picture(numbers, 2, 6, 6); }},
         {"brightness that is none", "", [] { plot::picture(with(no_float), 1, 8, 9); }},
         {"a map of other sizes", "values", [&] { plot::classes(labels, 2, 4); }},
         {"classes beyond the palette", "", [&] { plot::classes(labels, 2, 3); }},
         {"tiles", "", [] { plot::diverging_tiles(with(no_float), 8, 3, 3, 1); }},
         {"tiles without sites", "", [] { plot::diverging_tiles({}, huge >> 14, 0, 3, 1); }},
         {"tiles of no scale", "scale", [] { plot::diverging_tiles(numbers, 8, 3, 3, no_number); }},
         {"tiles that wrap around", "values", [] { plot::diverging_tiles({}, half, half, 1, 1); }},
         {"frames too large", "size", [] { plot::IndexedImage(half, half); }},
         {"no frames", "frames", [] { plot::encode_gif({}, std::array{plot::black}, 1); }},
         {"an empty frame", "frame 0",
          [] { plot::encode_gif(std::array{plot::IndexedImage()}, std::array{plot::black}, 1); }},
         {"no palette", "palette", [] { plot::encode_gif(std::array{plot::IndexedImage(1, 1)}, {}, 1); }},
         {"a colour out of range", "frame 0",
          [] { plot::encode_gif(std::array{plot::IndexedImage(1, 1, 9)}, std::array{plot::black}, 1); }},
         {"a negative delay", "delay",
          [] { plot::encode_gif(std::array{plot::IndexedImage(1, 1)}, std::array{plot::black}, -1); }},
         {"a film in a folder", "file", [&] { plot::write_film(".", numbers, fits); }}});
}

BOOST_AUTO_TEST_CASE(reports) {
  const plot::SeriesShape fits{8, 1, 3, 3};
  report::Page page("A page", "of wrong things");
  report::Confusion confusion(2), small(1);
  const std::vector<std::uint8_t> zeros(9), twos(9, 2), ones(9, 1);
  const auto chart = [](std::vector<double> x, std::vector<double> y,
                        const report::ChartOptions& options = {}) {
    report::chart({{"a", std::move(x), std::move(y)}}, options);
  };
  const auto training = [&](const report::LearningCurve& curve) {
    report::add_training(page, {}, {.loss = no_number}, 0, curve);
  };
  const auto compared = [](double least, double most, std::vector<double> found = {no_number, endless}) {
    report::comparison({{"a", std::move(found), endless, no_number, ""}}, {.least = least, .most = most});
  };
  report::NearestSpectrum rule(fits, 2), learned(fits, 2);
  learned.learn(numbers, zeros);
  check({{"an empty picture", "size", [] { report::picture(plot::Image(), "none"); }},
         {"a picture without columns", "size", [] { report::picture(plot::Image(0, 3), "none"); }},
         {"an empty sound", "samples", [] { report::player({}); }},
         {"a page in a folder", "file", [&] { page.write("."); }},
         {"a page in no folder", "folder", [&] { page.write("nowhere/page.html"); }},
         {"a row too long", "row", [] { report::Table{{"a"}, {{"1", "2"}}}.html(); }},
         {"an empty table", "", [] { report::Table{}.html(); }},
         {"many digits", "", [] { BOOST_TEST(report::number(1.0 / 3, 1000).size() == 42u); }},
         {"many digits", "", [] { BOOST_TEST(report::number(-1e-300 / 3, 1000).size() < 64u); }},
         {"no digits", "",
          [] { report::number(1.0 / 3, -1), report::number(endless, 0), report::number(no_number); }},
         {"parts of nothing", "", [] { report::deviation(1, 0), report::percent(endless); }},
         {"no lines", "curves", [] { report::chart({}); }},
         {"a line without points", "curves", [&] { chart({}, {}); }},
         {"lengths", "line a", [&] { chart({1}, {}); }},
         {"one point", "", [&] { chart({1}, {1}); }},
         {"NaN", "curves", [&] { chart({no_number}, {1}); }},
         {"an axis without an end", "x axis", [&] { chart({1}, {1}, {.most = endless}); }},
         {"an axis that is no number", "x axis", [&] { chart({1}, {1}, {.least = no_number}); }},
         {"an axis too short", "x axis", [&] { chart({1e18}, {1}, {.least = 1e18, .most = 1e18 + 256}); }},
         {"an axis too long", "x axis", [&] { chart({1}, {1}, {.least = -1e308, .most = 1e308}); }},
         {"an axis beside the points", "curves", [&] { chart({1}, {1}, {.least = 2, .most = 3}); }},
         {"marks that are no numbers", "",
          [&] { chart({1, 2}, {1, 2}, {.marks = {{no_number, ""}, {endless, ""}}}); }},
         {"a small chart", "size", [&] { chart({1}, {1}, {.height = 0}); }},
         {"a large chart", "size", [&] { chart({1}, {1}, {.width = huge}); }},
         {"no models", "models", [] { report::comparison({}); }},
         {"models without numbers", "", [&] { compared(0, 1); }},
         {"models without seeds", "", [&] { compared(0, 1, {}); }},
         {"an axis without length", "axis", [&] { compared(1, 1); }},
         {"an axis without an end", "axis", [&] { compared(0, endless); }},
         {"an axis that is no number", "axis", [&] { compared(0, no_number); }},
         {"a training without a curve", "", [&] { training({}); }},
         {"a curve that is too short", "curve", [&] { training({{1, 2}, {1}, {1, 2}}); }},
         {"a curve without validation", "curve", [&] { training({{1, 2}, {1, 2}, {}}); }},
         {"a curve without epochs", "curve", [&] { training({{}, {1}, {1}}); }},
         {"a curve of no numbers", "curves", [&] { training({{1}, {no_number}, {endless}}); }},
         {"classes", "classes", [] { report::Confusion{half}; }},
         {"no classes", "", [] { report::Confusion(0).accuracy(), report::Confusion(0).balanced(); }},
         {"no such class", "class", [&] { confusion.add(0, 2); }},
         {"no such class", "class", [&] { confusion.recall(2); }},
         {"one class", "classes", [&] { report::NearestSpectrum(fits, 1); }},
         {"a class out of range", "label", [&] { rule.learn(numbers, twos); }},
         {"labels", "labels", [&] { rule.learn(numbers, {}); }},
         {"another series", "series", [&] { rule.learn(std::span(numbers).first(9), zeros); }},
         {"judged without learning", "images", [&] { rule.judge(numbers, zeros, confusion, confusion); }},
         {"judged into other counts", "class", [&] { learned.judge(numbers, ones, small, small); }},
         {"wave figures without peaks", "peak_bins",
          [&] { report::add_wave_figures(page, {.classes = {0, 1}}, {}); }},
         {"wave figures of nothing", "",
          [&] { report::add_wave_figures(page, analysis::WaveFigures{}, {}); }}});
}

BOOST_AUTO_TEST_CASE(drums) {
  const auto recorded = struck();
  const nwm::Mask square(mask::square(6), 12, 12);
  const std::vector<double> eigenvalues{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const auto put = [](const mask::Outline& outline) { nwm::Mask(outline, 12, 12); };
  const auto record = [&](std::vector<std::size_t> sites, std::size_t every = 1) {
    return nwm::Recording<float>(square, {}, every, std::move(sites), 8);
  };
  const auto physics = [](const Drum::Options& options) { Drum(mask::square(6), options); };
  const auto strike = [](nwm::Site at, const nwm::Strike& how) {
    Drum d(mask::square(6));
    d.strike(at, how).run(8);
  };
  check(
      {{"no side", "side", [] { mask::square(0); }},
       {"NaN", "height", [] { mask::rectangle(no_number, 1); }},
       {"two corners", "corners", [] { mask::polygon({{0, 0}, {1, 1}}); }},
       {"corners without an area", "corners", [] { mask::polygon({{0, 0}, {1, 1}, {2, 2}}); }},
       {"corners that are none", "corners", [] { mask::polygon({{0, 0}, {1, no_number}, {2, 2}}); }},
       {"corners too far away", "size", [&] { put(mask::polygon({{0, 0}, {1e300, 1e300}, {2, 2e300}})); }},
       {"sides", "sides", [] { mask::regular_polygon(huge, 3); }},
       {"a turn that is none", "corners", [] { mask::regular_polygon(5, 3, no_number); }},
       {"a ring inside out", "inner radius", [] { mask::annulus(1, 2); }},
       {"which", "which", [] { mask::isospectral(2, 1); }},
       {"brightness", "brightness", [] { mask::silhouette(2, 3, numbers); }},
       {"a picture without pixels", "sites inside", [&] { put(mask::silhouette(0, 0, {})); }},
       {"brightness that is none", "sites inside",
        [&] { put(mask::silhouette(1, 2, std::vector<float>(2, no_float))); }},
       {"an outline without an inside", "inside", [&] { put({"none", 2, 2, {}, 4, 8}); }},
       {"a size that is none", "size",
        [&] { put({"none", no_number, no_number, [](double, double) { return true; }, 0, 0}); }},
       {"no grid", "sites inside", [] { nwm::Mask(mask::whole(), 0, 0); }},
       {"values", "inside", [] { nwm::Mask("a", 2, 3, std::vector<std::uint8_t>(5, 1)); }},
       {"a time step", "dt", [&] { physics({.dt = no_number}); }},
       {"a damping", "damping", [&] { physics({.damping = -1}); }},
       {"a speed", "wave_speed", [&] { physics({.wave_speed = endless}); }},
       {"no spacing", "spacing", [&] { physics({.spacing = 0}); }},
       {"a strike outside", "place", [&] { strike({huge, 0}, {}); }},
       {"a strike of no number", "width and amplitude", [&] { strike({5, 5}, {.amplitude = no_number}); }},
       {"a strike of a negative width", "width and amplitude", [&] { strike({5, 5}, {.width = -1}); }},
       {"the narrowest strike", "", [&] { strike({5, 5}, {.width = 1e-300}); }},
       {"no steps", "", [] { struck(0); }},
       {"every 0th", "every", [] { Drum(mask::square(6)).run(8, {.every = 0}); }},
       {"a probe outside", "probe", [] { Drum(mask::square(6)).run(8, {.probes = {{12, 0}}}); }},
       {"more steps than memory", "samples", [] { Drum(mask::square(6)).run(huge); }},
       {"a recording of other sites", "site", [&] { record({144}); }},
       {"a recording without sites", "sample", [&] { record({}).plane(0); }},
       {"a site that was not recorded", "site", [&] { recorded.series(25); }},
       {"a site that was not recorded", "site", [&] { recorded.site(25); }},
       {"a site that was not recorded", "site", [&] { recorded.at({0, 0}); }},
       {"a sample that was not recorded", "sample", [&] { recorded.plane(64); }},
       {"heard in no time", "segment", [] { nwm::hear_area(struck(0)); }},
       {"heard at once", "segment", [] { nwm::hear_area(struck(1)); }},
       {"heard by nobody", "segment", [&] { nwm::hear_area(record({})); }},
       {"silence", "spectra", [] { nwm::hear_area(Drum(mask::square(6)).run(64)); }},
       {"the spectrum of nothing", "segment", [] { nwm::mean_spectrum(struck(0)); }},
       {"sides of nothing", "segment", [] { nwm::hear_rectangle(struck(7)); }},
       {"a negative frequency", "", [] { nwm::square_area(-1, {}), nwm::textbook_square_area(0, {}); }},
       {"a frequency that is none", "",
        [] { nwm::disc_radius(no_number, {}), drum::Physics{}.frequency(no_number); }},
       {"no eigenvalues", "eigenvalues", [] { nwm::weyl({}, 1); }},
       {"eigenvalues that are none", "eigenvalues", [] { nwm::weyl(std::vector<double>(12, no_number), 0); }},
       {"infinite eigenvalues", "eigenvalues", [] { nwm::weyl(std::vector<double>(12, endless), 0); }},
       {"a negative spacing", "spacing", [&] { nwm::weyl(eigenvalues, -0.1); }},
       {"a spacing that is none", "spacing", [&] { nwm::weyl(eigenvalues, no_number); }},
       {"no modes", "count", [&] { nwm::modes(square, {}, {.count = 0}); }},
       {"more modes than sites", "count", [&] { nwm::modes(square, {}, {.count = 25}); }},
       {"modes without spacing", "spacing", [&] { nwm::modes(square, {.spacing = 0}, {.count = 2}); }},
       {"modes of no spacing", "spacing", [&] { nwm::modes(square, {.spacing = no_number}, {.count = 2}); }},
       {"a mode there is not", "mode", [&] { nwm::modes(square, {}, {.count = 2}).frequency(2); }},
       {"a map of other sizes", "values", [&] { drum::signed_map(square, numbers, 1); }},
       {"a map without a scale", "scale", [&] { drum::signed_map(square, std::vector<float>(144), 0); }},
       {"values", "values", [&] { drum::value_map(recorded, std::vector<double>(3), 0, 1); }},
       {"a map from high to low", "low",
        [&] { drum::value_map(recorded, std::vector<double>(25), 1, no_number); }},
       {"a film of nothing", "shape", [] { drum::film(struck(0)); }},
       {"a strip of a sample", "sample", [&] { drum::strip(recorded, std::array<std::size_t, 1>{64}); }},
       {"a strip of nothing", "", [&] { drum::strip(recorded, {}); }},
       {"a strip without columns", "", [&] { drum::strip(recorded, std::array<std::size_t, 1>{1}, 140, 0); }},
       {"a strip without width", "factor", [&] { drum::strip(recorded, std::array<std::size_t, 1>{1}, 0); }},
       {"modes without labels", "labels",
        [&] { drum::mode_tiles(square, std::vector<std::vector<float>>(2), {}); }},
       {"modes of other sizes", "values",
        [&] { drum::mode_tiles(square, std::vector<std::vector<float>>(1), std::array<std::string, 1>{}); }},
       {"a sound of no time", "damping",
        [&] { report::drum_sound<Drum>(square, {}, {.at = {5, 5}, .ear = {5, 5}}, {1}, 0, ""); }},
       {"a sound back in time", "damping",
        [&] { report::drum_sound<Drum>(square, {}, {.at = {5, 5}, .ear = {5, 5}}, {1}, -1, ""); }},
       {"an ear outside", "probe",
        [&] { report::drum_sound<Drum>(square, {}, {.at = {5, 5}, .ear = {99, 0}}, {10}, 1, ""); }}});
}

// A strike that is refused moves nothing: before, the drum was left with what it had added, NaN among it.
BOOST_AUTO_TEST_CASE(a_refused_strike_leaves_the_drum_at_rest) {
  Drum d(mask::square(6));
  BOOST_CHECK_THROW(d.strike({0, 0}, {.amplitude = 1e30, .width = 0.5}), nwm::Error);
  for (const float v : d.waves().field(drum::Membrane::v)) BOOST_TEST_REQUIRE(v == 0.0f);
}
