// Films, strips, spectra and charts show their data and report input that does not fit.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE plot

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <sstream>
#include <utility>
#include <vector>

#include "nwm/plot/chart.hpp"
#include "nwm/plot/film.hpp"
#include "nwm/plot/spectrum.hpp"
#include "nwm/plot/strip.hpp"
#include "read_gif.hpp"
#include "tools.hpp"

using namespace plot_test;

BOOST_AUTO_TEST_SUITE(films)

BOOST_AUTO_TEST_CASE(a_film_shows_every_step_and_channel_in_one_scale) {
  // Channel c at step t is (t + 1) / 4 with the sign of (-1)^c everywhere: its frames get ever darker.
  const plot::SeriesShape shape{4, 3, 5, 6};
  std::vector<float> series(shape.size());
  for (std::size_t i = 0; i < series.size(); ++i) {
    const std::size_t t = i / shape.state(), c = i % shape.state() / shape.plane();
    series[i] = (c % 2 ? -1.0f : 1.0f) * static_cast<float>(t + 1) / 4;
  }
  series[2 * shape.state()] = nan_value;
  const Folder folder;
  plot::write_film(folder.path / "a.gif", series, shape,
                   {.title = "waves", .delay = 9, .minimum_width = 256});
  const ReadGif gif = read_gif(folder.path / "a.gif");
  BOOST_REQUIRE_EQUAL(gif.frames.size(), 4u);
  BOOST_CHECK_GE(gif.width, 256);
  BOOST_CHECK_LT(gif.width, 400);
  BOOST_CHECK_EQUAL(gif.repeats, 0);
  const std::size_t factor = (256 + 17) / 18, field = shape.plane() * factor * factor;
  for (std::size_t t = 0; t < 4; ++t) {
    BOOST_CHECK_EQUAL(gif.frames[t].delay, 9);
    BOOST_CHECK_EQUAL(gif.frames[t].width, gif.width);
    BOOST_CHECK_EQUAL(gif.frames[t].height, gif.height);
    std::size_t positive = 0, negative = 0, bad = 0;
    for (const std::uint8_t index : gif.frames[t].pixels) {
      positive += index == plot::film_palette::index(0.25 * static_cast<double>(t + 1), 1);
      negative += index == plot::film_palette::index(-0.25 * static_cast<double>(t + 1), 1);
      bad += index == plot::film_palette::not_finite;
    }
    BOOST_CHECK_EQUAL(bad, t == 2 ? factor * factor : 0u);
    BOOST_CHECK_GE(positive + bad, 2 * field);  // the colour bar has a few of these, too
    BOOST_CHECK_LT(positive, 2 * field + 100);
    BOOST_CHECK_GE(negative, field);
    BOOST_CHECK_LT(negative, field + 100);
  }
}

BOOST_AUTO_TEST_CASE(the_palette_is_symmetric_about_white) {
  const auto colours = plot::film_palette::colours();
  BOOST_CHECK_EQUAL(colours.size(), 256u);
  BOOST_CHECK_EQUAL(colours[plot::film_palette::index(0, 3)], plot::white);
  BOOST_CHECK_EQUAL(colours[plot::film_palette::index(3, 3)], plot::diverging(1, 1));
  BOOST_CHECK_EQUAL(colours[plot::film_palette::index(-5, 3)], plot::diverging(-1, 1));
  BOOST_CHECK_EQUAL(colours[plot::film_palette::index(std::nan(""), 3)], plot::not_finite_colour);
  for (double v = 0; v <= 1; v += 0.01)
    BOOST_CHECK_EQUAL(plot::film_palette::index(v, 1) + plot::film_palette::index(-v, 1),
                      2 * plot::film_palette::zero);
}

BOOST_AUTO_TEST_CASE(scale_title_and_labels) {
  const plot::SeriesShape shape{2, 1, 4, 4};
  std::vector<float> series(shape.size(), 0.5f);
  series[3] = -2;
  BOOST_CHECK_EQUAL(plot::film(series, shape, {.quantile = 1}).scale, 2);
  BOOST_CHECK_EQUAL(plot::film(series, shape, {.scale = 8}).scale, 8);
  const plot::Film plain = plot::film(series, shape),
                   titled = plot::film(series, shape, {.title = "A title"});
  BOOST_CHECK_GT(titled.frames[0].height, plain.frames[0].height);
  const auto written = [](const plot::IndexedImage& frame) {
    return std::count(frame.pixels.begin(), frame.pixels.end(), plot::film_palette::writing);
  };
  BOOST_CHECK_GT(written(titled.frames[0]), written(plain.frames[0]));
  BOOST_CHECK(plain.frames[0].pixels != plain.frames[1].pixels);
  const plot::Film zero =
      plot::film(std::vector<float>(shape.size()), shape);  // a silent film is white, no error
  BOOST_CHECK_GT(
      std::count(zero.frames[0].pixels.begin(), zero.frames[0].pixels.end(), plot::film_palette::zero),
      250 * 250);
  const std::string long_title(200, 'x');  // the frame grows with it
  BOOST_CHECK_GE(plot::film(series, shape, {.title = long_title}).frames[0].width,
                 plot::text_width(long_title));
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_told) {
  const std::vector<float> series(24);
  BOOST_CHECK_EXCEPTION(plot::film(series, {2, 1, 4, 4}), Error, about("series"));
  BOOST_CHECK_EXCEPTION(plot::film(series, {0, 1, 4, 4}), Error, about("shape"));
  BOOST_CHECK_EXCEPTION(plot::film(series, {2, 1, 3, 4}, {.scale = -1}), Error, about("scale"));
  BOOST_CHECK_EXCEPTION(plot::film(series, {2, 1, 3, 4}, {.quantile = 2}), Error, about("quantile"));
  const Folder folder;
  BOOST_CHECK_THROW(plot::write_film(folder.path / "no" / "a.gif", series, {2, 1, 3, 4}), Error);
  BOOST_CHECK_THROW(plot::write_film(folder.path / "a.gif", series, {2, 1, 3, 4}, {.delay = -1}), Error);
  BOOST_CHECK_EQUAL(folder.entries(), 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(strips)

BOOST_AUTO_TEST_CASE(moments_are_evenly_spaced) {
  const auto check = [](std::size_t steps, std::size_t number, std::vector<std::size_t> expected) {
    const auto found = plot::evenly_spaced(steps, number);
    BOOST_CHECK_EQUAL_COLLECTIONS(found.begin(), found.end(), expected.begin(), expected.end());
  };
  check(41, 5, {1, 11, 21, 31, 41});
  check(100, 5, {1, 26, 51, 75, 100});
  check(3, 5, {1, 2, 3});
  check(5, 5, {1, 2, 3, 4, 5});
  check(1, 5, {1});
  check(20, 1, {20});
  check(0, 5, {});
}

struct Sample {
  plot::SeriesShape shape{10, 2, 3, 4};
  std::vector<float> input, series;
  std::vector<std::uint8_t> prediction, target;
  Sample() : input(12, 0.5f), series(shape.size()), prediction(12, 3), target(12, 5) {
    for (std::size_t t = 0; t < 10; ++t)
      for (std::size_t i = 0; i < 12; ++i) series[t * 24 + 12 + i] = static_cast<float>(t + 1) / 10;
  }
  plot::StripRow row() const { return {input, series, prediction, target}; }
};

BOOST_AUTO_TEST_CASE(a_strip_shows_input_waves_prediction_and_target) {
  const Sample sample;
  const plot::StripRow rows[] = {sample.row(), sample.row()};
  const Image strip =
      plot::strip(rows, sample.shape, {.channel = 1, .moments = {2, 10}, .minimum_tile = 40, .scale = 1});
  const std::size_t field = 2 * 12 * 10 * 10;  // two rows of 3 x 4 pixels enlarged tenfold
  BOOST_CHECK_EQUAL(count(strip, {128, 128, 128}), field);
  BOOST_CHECK_EQUAL(count(strip, plot::diverging(static_cast<double>(0.2f), 1)), field);
  BOOST_CHECK_EQUAL(count(strip, plot::diverging(1, 1)), field);
  BOOST_CHECK_EQUAL(count(strip, plot::class_colour(3)), field);
  BOOST_CHECK_EQUAL(count(strip, plot::class_colour(5)), field);
  // From left to right in the order of the labels.
  const std::size_t y = strip.height() / 4 + 20;
  std::vector<Rgb> order;
  for (std::size_t x = 0; x < strip.width(); ++x) {
    const Rgb c = strip.at(x, y);
    if ((order.empty() || order.back() != c) && count(strip, c) == field) order.push_back(c);
  }
  const std::vector<Rgb> expected{{128, 128, 128},
                                  plot::diverging(static_cast<double>(0.2f), 1),
                                  plot::diverging(1, 1),
                                  plot::class_colour(3),
                                  plot::class_colour(5)};
  BOOST_CHECK_EQUAL_COLLECTIONS(order.begin(), order.end(), expected.begin(), expected.end());
  // Labels: the ink of "input", "t=2", "t=10", "prediction", "target", no less and no more.
  std::size_t dots = 0;
  for (const char* label : {"input", "t=2", "t=10", "prediction", "target"})
    plot::for_each_text_pixel(label, 1, [&](std::size_t, std::size_t) { ++dots; });
  BOOST_CHECK_EQUAL(count(strip, plot::ink), dots);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_told) {
  const Sample sample;
  const plot::StripRow row = sample.row();
  const auto one = [](const plot::StripRow& r) { return std::span(&r, 1); };
  BOOST_CHECK_NO_THROW(plot::strip(one(row), sample.shape));
  BOOST_CHECK_EXCEPTION(plot::strip({}, sample.shape), Error, about("rows"));
  BOOST_CHECK_EXCEPTION(plot::strip(one(row), sample.shape, {.channel = 2}), Error, about("channel"));
  BOOST_CHECK_EXCEPTION(plot::strip(one(row), sample.shape, {.moments = {0}}), Error, about("moment"));
  BOOST_CHECK_EXCEPTION(plot::strip(one(row), sample.shape, {.moments = {11}}), Error, about("moment"));
  BOOST_CHECK_EXCEPTION(plot::strip(one(row), sample.shape, {.image_channels = 3}), Error, about("input"));
  plot::StripRow bad = row;
  bad.prediction = bad.prediction.first(11);
  BOOST_CHECK_EXCEPTION(plot::strip(one(bad), sample.shape), Error, about("prediction"));
  bad = row;
  bad.target = {};
  BOOST_CHECK_EXCEPTION(plot::strip(one(bad), sample.shape), Error, about("target"));
  bad = row;
  bad.series = bad.series.first(24);
  BOOST_CHECK_EXCEPTION(plot::strip(one(bad), sample.shape), Error, about("series"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(spectra)

/// Pixel i of either channel oscillates with amplitude 2 at bin 3 where its label is 1, at bin 5 where it
/// is 2.
struct Tones {
  plot::SeriesShape shape{16, 2, 10, 20};  // more pixels than one block
  std::vector<float> series;
  std::vector<std::uint8_t> labels;
  Tones() : series(shape.size()), labels(shape.plane()) {
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::uint8_t>(1 + i % 2);
    for (std::size_t t = 0; t < shape.steps; ++t)
      for (std::size_t i = 0; i < shape.state(); ++i) {
        const double bin = labels[i % shape.plane()] == 1 ? 3 : 5, phase = static_cast<double>(i);
        series[t * shape.state() + i] = static_cast<float>(
            2 * std::cos(2 * std::numbers::pi * bin * static_cast<double>(t) / 16 + phase));
      }
  }
};

BOOST_AUTO_TEST_CASE(each_class_has_its_own_line) {
  const Tones tones;
  plot::ClassSpectra spectra(tones.shape, 4);
  spectra.add(tones.series, tones.labels);
  spectra.add(tones.series, tones.labels);
  BOOST_CHECK_EQUAL(spectra.bins(), 9u);
  BOOST_CHECK_EQUAL(spectra.pixels(0), 0u);
  BOOST_CHECK_EQUAL(spectra.pixels(1), 200u);
  for (const auto& [label, bin] : {std::pair<std::size_t, std::size_t>{1, 3}, {2, 5}})
    for (std::size_t k = 0; k < 9; ++k)  // |DFT| of A cos at its bin is A T / 2
      BOOST_CHECK_SMALL(spectra.mean(label)[k] - (k == bin ? 16 : 0), 1e-4);
  BOOST_CHECK(std::isnan(spectra.mean(0)[0]));
  BOOST_CHECK_EXCEPTION(spectra.mean(4), Error, about("label"));
}

BOOST_AUTO_TEST_CASE(an_odd_number_of_steps_equals_the_definition) {
  const plot::SeriesShape shape{7, 1, 1, 3};
  nwm::Random random(11);
  std::vector<float> series(shape.size());
  for (float& value : series) value = static_cast<float>(random.uniform(-1, 1));
  plot::ClassSpectra spectra(shape, 1);
  spectra.add(series, std::vector<std::uint8_t>(3));
  BOOST_REQUIRE_EQUAL(spectra.bins(), 4u);
  for (std::size_t k = 0; k < 4; ++k) {
    double mean = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      double re = 0, im = 0;
      for (std::size_t t = 0; t < 7; ++t) {
        const double angle = 2 * std::numbers::pi * static_cast<double>(k * t) / 7;
        re += static_cast<double>(series[t * 3 + i]) * std::cos(angle);
        im -= static_cast<double>(series[t * 3 + i]) * std::sin(angle);
      }
      mean += std::hypot(re, im) / 3;
    }
    BOOST_CHECK_CLOSE(spectra.mean(0)[k], mean, 1e-3);
  }
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_told_and_not_added) {
  const Tones tones;
  plot::ClassSpectra spectra(tones.shape, 2);
  BOOST_CHECK_EXCEPTION(spectra.add(tones.series, tones.labels), Error, about("label"));  // a 2 among them
  BOOST_CHECK_EXCEPTION(spectra.add(tones.series, std::span(tones.labels).first(5)), Error, about("labels"));
  BOOST_CHECK_EXCEPTION(spectra.add(std::span(tones.series).first(5), tones.labels), Error, about("series"));
  BOOST_CHECK_EQUAL(spectra.pixels(1), 0u);
  BOOST_CHECK_EXCEPTION(plot::ClassSpectra(tones.shape, 0), Error, about("classes"));
  BOOST_CHECK_EXCEPTION(plot::ClassSpectra({0, 1, 1, 1}, 2), Error, about("shape"));
  BOOST_CHECK_EXCEPTION(plot::spectrum_chart(spectra), Error, about("curves"));
}

BOOST_AUTO_TEST_CASE(the_table_holds_the_numbers) {
  const Tones tones;
  plot::ClassSpectra spectra(tones.shape, 3);
  spectra.add(tones.series, tones.labels);
  const Folder folder;
  plot::write_spectrum_csv(folder.path / "a.csv", spectra, {.dt = 0.5, .names = {"ground", "a \"b\""}});
  std::istringstream lines(read_text(folder.path / "a.csv"));
  std::string line;
  std::getline(lines, line);
  BOOST_CHECK_EQUAL(line, "bin,frequency,\"ground\",\"a \"\"b\"\"\",\"class 2\"");
  for (std::size_t k = 0; k < 9; ++k) {
    BOOST_REQUIRE(std::getline(lines, line));
    std::istringstream cells(line);
    std::vector<std::string> cell(5);
    for (std::string& text : cell) std::getline(cells, text, ',');
    BOOST_CHECK_EQUAL(cell[0], std::to_string(k));
    BOOST_CHECK_SMALL(std::stod(cell[1]) - static_cast<double>(k) / 8, 1e-9);
    BOOST_CHECK_EQUAL(cell[2], "");
    BOOST_CHECK_SMALL(std::stod(cell[3]) - spectra.mean(1)[k], 1e-6);
    BOOST_CHECK_SMALL(std::stod(cell[4]) - spectra.mean(2)[k], 1e-6);
  }
  BOOST_CHECK(!std::getline(lines, line));
  BOOST_CHECK_THROW(plot::write_spectrum_csv(folder.path / "no" / "a.csv", spectra), Error);
  BOOST_CHECK_EQUAL(folder.entries(), 1u);
}

BOOST_AUTO_TEST_CASE(the_chart_draws_the_classes_that_were_seen) {
  const Tones tones;
  plot::ClassSpectra spectra(tones.shape, 4);
  spectra.add(tones.series, tones.labels);
  const Image picture = plot::spectrum_chart(spectra, {.logarithmic = false});
  BOOST_CHECK_EQUAL(picture.width(), 960u);
  BOOST_CHECK_EQUAL(picture.height(), 540u);
  BOOST_CHECK_GT(count(picture, plot::class_colour(1)), 500u);
  BOOST_CHECK_GT(count(picture, plot::class_colour(2)), 500u);
  BOOST_CHECK_EQUAL(count(picture, plot::class_colour(3)), 0u);
  // Each line's highest point within the axes lies above its own bin: at 3/8 and at 5/8 of the width.
  const auto peak = [&](Rgb colour) {
    for (std::size_t y = 0; y < picture.height(); ++y)
      for (std::size_t x = 0; x < 760; ++x)
        if (picture.at(x, y) == colour) return static_cast<double>(x);
    return 0.0;
  };
  const double first = peak(plot::class_colour(1)), second = peak(plot::class_colour(2));
  BOOST_CHECK_GT(first, 200);
  BOOST_CHECK_GT(second - first, 100);
  BOOST_CHECK_LT(second - first, 250);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(charts)

BOOST_AUTO_TEST_CASE(ticks_are_round_numbers) {
  plot::detail::Axis axis{-0.3, 1.7, 0, 100, false, {}};
  plot::detail::set_linear_ticks(axis, 5);
  const std::vector<double> expected{0, 0.5, 1, 1.5};
  BOOST_REQUIRE_EQUAL(axis.ticks.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) BOOST_CHECK_SMALL(axis.ticks[i] - expected[i], 1e-12);
  plot::detail::Axis decades{0.008, 2e6, 0, 100, true, {}};
  plot::detail::set_decade_ticks(decades, 10);
  BOOST_REQUIRE_EQUAL(decades.ticks.size(), 9u);
  for (std::size_t i = 0; i < 9; ++i)
    BOOST_CHECK_CLOSE(decades.ticks[i], std::pow(10.0, static_cast<double>(i) - 2), 1e-9);
  BOOST_CHECK_CLOSE(decades.place(std::sqrt(0.008 * 2e6)), 50, 1e-9);
  BOOST_CHECK_CLOSE(axis.place(0.7), 50, 1e-9);
}

BOOST_AUTO_TEST_CASE(awkward_data_still_gives_a_picture) {
  const Rgb red{200, 0, 0};
  const auto inked = [&](std::vector<double> x, std::vector<double> y, bool logarithmic) {
    const plot::Curve curve{"a", red, std::move(x), std::move(y)};
    return count(plot::chart(std::span(&curve, 1), {.logarithmic = logarithmic}), red);
  };
  const double bad = std::nan("");
  BOOST_CHECK_GT(inked({1}, {5}, false), 20u);                       // one point
  BOOST_CHECK_GT(inked({0, 1}, {0, 0}, false), 100u);                // all zero
  BOOST_CHECK_GT(inked({0, 1}, {-3, -3}, false), 100u);              // all equal and negative
  BOOST_CHECK_GT(inked({0, 1, 2, 3}, {1, bad, 0, 2}, true), 20u);    // gaps on a logarithmic axis
  BOOST_CHECK_GT(inked({1e9, 1e9 + 1e-7}, {1e9, 1e9}, false), 20u);  // a length that doubles cannot resolve
  BOOST_CHECK_GT(inked({0, 1}, {1e-300, 1e300}, true), 100u);        // 600 decades
  BOOST_CHECK_GT(inked({-1e299, 1e299}, {-1e299, 1e299}, false), 100u);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_drawn_is_told) {
  const auto drawn = [](const plot::Curve& curve, plot::ChartOptions options) {
    return plot::chart(std::span(&curve, 1), options);
  };
  BOOST_CHECK_EXCEPTION(drawn({"a", {}, {1, 2}, {1}}, {}), Error, about("curve a"));
  BOOST_CHECK_EXCEPTION(plot::chart({}), Error, about("curves"));
  BOOST_CHECK_EXCEPTION(drawn({"a", {}, {1}, {-1}}, {.logarithmic = true}), Error, about("curves"));
  BOOST_CHECK_EXCEPTION(drawn({"a", {}, {1}, {1}}, {.width = 10}), Error, about("size"));
  BOOST_CHECK_EXCEPTION(drawn({std::string(300, 'a'), {}, {1}, {1}}, {}), Error, about("size"));
}

BOOST_AUTO_TEST_SUITE_END()
