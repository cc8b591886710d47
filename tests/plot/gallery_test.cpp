// The gallery shows the machine's output for the given images, and leaves nothing half-written.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE gallery

#include "nwm/plot/gallery.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <set>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/data/polygons.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/plot/png.hpp"
#include "nwm/train/trainer.hpp"
#include "read_gif.hpp"
#include "tools.hpp"

using namespace plot_test;

namespace {

constexpr nwm::Shape shape{.height = 12,
                           .width = 15,
                           .image_channels = 3,
                           .oscillators = 3,
                           .steps = 6,
                           .classes = 5,
                           .encoder_width = 2};
using Machine =
    nwm::WaveMachine<shape, nwm::readout::Linear, nwm::head::Hidden<6>, nwm::cell::Wave, nwm::cpu::Scalar>;
using InDouble = Machine::with<nwm::cpu::Scalar, double>;

const nwm::data::Dataset& images() {
  static const nwm::data::Dataset set =
      nwm::data::polygons<Machine>(
          {.images = 6, .seed = 3, .max_polygons = 1, .min_radius = 0.3, .max_radius = 0.45})
          .train;
  return set;
}

/// Weights far from their initial values, so that predictions contain more than one class.
template <class M>
M lively() {
  M machine({.cell = {.dt = 0.2}, .seed = 5});
  nwm::Random random(7);
  for (auto& p : machine.parameters()) p = static_cast<typename M::Real>(random.uniform(-1, 1));
  return machine;
}

std::vector<std::uint8_t> argmax(const Machine& machine, std::size_t index) {
  std::vector<float> image(Machine::image_size), scores(Machine::score_size);
  images().picture(index, std::span(image));
  Machine::Workspace space;
  machine.scores(std::span<const float, Machine::image_size>(image),
                 std::span<float, Machine::score_size>(scores), space);
  std::vector<std::uint8_t> labels;
  for (std::size_t p = 0; p < Machine::sites; ++p) {
    std::size_t best = 0;
    for (std::size_t k = 1; k < shape.classes; ++k)
      if (scores[k * Machine::sites + p] > scores[best * Machine::sites + p]) best = k;
    labels.push_back(static_cast<std::uint8_t>(best));
  }
  return labels;
}

}  // namespace

BOOST_AUTO_TEST_CASE(files_show_the_image_the_target_and_what_the_machine_made_of_it) {
  const Machine machine = lively<Machine>();
  const Folder folder;
  const std::array<std::size_t, 2> chosen{4, 1};
  plot::write_gallery(machine, images(), chosen, folder.path / "a" / "b", {.minimum_tile = 30});
  const fs::path own = folder.path / "a" / "b" / "image-4";

  std::vector<float> image(Machine::image_size);
  images().picture(4, std::span(image));
  BOOST_CHECK(plot::read_png(own / "input.png") ==
              plot::picture(image, 3, shape.height, shape.width).enlarged(2));
  BOOST_CHECK(plot::read_png(own / "target.png") ==
              plot::classes(images().mask(4), shape.height, shape.width).enlarged(2));
  const auto labels = argmax(machine, 4);
  BOOST_REQUIRE_GE(std::set(labels.begin(), labels.end()).size(), 2u);
  BOOST_CHECK(plot::read_png(own / "prediction.png") ==
              plot::classes(labels, shape.height, shape.width).enlarged(2));
  const ReadGif film = read_gif(own / "waves.gif");
  BOOST_CHECK_EQUAL(film.frames.size(), shape.steps);
  const Image states = plot::read_png(own / "states.png");
  BOOST_CHECK_GE(states.width(), 5 * 96u);
  BOOST_CHECK_GE(states.height(), 3 * 12 * 96u / 15);
  BOOST_CHECK(fs::exists(folder.path / "a" / "b" / "image-1" / "waves.gif"));
  BOOST_CHECK(!plot::read_png(folder.path / "a" / "b" / "strip.png").empty());
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path)) files += entry.is_regular_file();
  BOOST_CHECK_EQUAL(files, 2 * 5 + 1u);
}

// Pixels of class 255 count nothing in training: they are shown as such, and are in no spectrum.
BOOST_AUTO_TEST_CASE(pixels_that_are_left_out_are_drawn_grey) {
  const Machine machine = lively<Machine>();
  const auto made = [&](std::uint8_t label) {
    nwm::data::Extent extent = images().extent();
    extent.images = 1;
    std::vector<float> input(extent.values());
    images().picture(0, std::span(input));
    std::vector<std::uint8_t> mask(extent.pixels());
    mask[7] = label;
    return nwm::data::Dataset(extent, input, mask, "made");
  };
  const Folder folder;
  const std::array<std::size_t, 1> chosen{0};
  plot::write_gallery(machine, made(255), chosen, folder.path, {.minimum_tile = 15});
  const Image target = plot::read_png(folder.path / "image-0" / "target.png");
  BOOST_CHECK((target.at(7, 0) == plot::Rgb{128, 128, 128}));
  BOOST_CHECK((target.at(6, 0) == plot::class_colour(0)));
  BOOST_CHECK_EQUAL(plot::class_spectra(machine, made(255)).pixels(0), Machine::sites - 1);
  BOOST_CHECK_EQUAL(plot::class_spectra(machine, made(0)).pixels(0), Machine::sites);
  BOOST_CHECK_THROW(plot::scenes(machine, made(254), chosen), nwm::Error);
  BOOST_CHECK_THROW(plot::class_spectra(machine, made(254)), nwm::Error);
}

BOOST_AUTO_TEST_CASE(a_scene_holds_the_recorded_series_in_either_precision) {
  const Machine machine = lively<Machine>();
  const std::array<std::size_t, 1> chosen{2};
  const plot::Scene scene = plot::scenes(machine, images(), chosen).at(0);
  std::vector<float> image(Machine::image_size), series(Machine::series_size);
  images().picture(2, std::span(image));
  Machine::Workspace space;
  machine.record(std::span<const float, Machine::image_size>(image),
                 std::span<float, Machine::series_size>(series), space);
  BOOST_TEST(scene.series == series, boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(scene.index, 2u);

  const plot::Scene wide = plot::scenes(lively<InDouble>(), images(), chosen).at(0);
  double largest = 0;
  for (std::size_t i = 0; i < series.size(); ++i) {
    BOOST_CHECK_SMALL(wide.series[i] - series[i], 1e-4f);
    largest = std::max(largest, std::abs(static_cast<double>(series[i])));
  }
  BOOST_CHECK_GT(largest, 0.01);
}

BOOST_AUTO_TEST_CASE(one_channel_of_several_scenes_becomes_one_series) {
  const std::array<std::size_t, 2> chosen{0, 3};
  const auto scenes = plot::scenes(lively<Machine>(), images(), chosen);
  constexpr plot::SeriesShape of = plot::series_shape<Machine>();
  const auto series = plot::channel_series(scenes, of, 2);
  BOOST_REQUIRE_EQUAL(series.size(), of.steps * 2 * of.plane());
  for (std::size_t t = 0; t < of.steps; ++t)
    for (std::size_t s = 0; s < 2; ++s)
      for (std::size_t p = 0; p < of.plane(); ++p)
        BOOST_REQUIRE_EQUAL(series[(t * 2 + s) * of.plane() + p],
                            scenes[s].series[t * of.state() + 2 * of.plane() + p]);
  BOOST_CHECK_EXCEPTION(plot::channel_series(scenes, of, 3), Error, about("channel"));
}

BOOST_AUTO_TEST_CASE(the_liveliest_channel_is_the_one_whose_pattern_moves) {
  // Channel 0 grows everywhere, channel 1 is an oscillating chessboard, channel 2 a small travelling wave.
  constexpr plot::SeriesShape of{16, 3, 8, 8};
  std::vector<plot::Scene> scenes(1);
  for (std::size_t i = 0; i < of.size(); ++i) {
    const std::size_t t = i / of.state(), c = i % of.state() / of.plane(), p = i % of.plane();
    const float sign = (p + p / 8) % 2 == 1 ? 1.0f : -1.0f, time = static_cast<float>(t);
    const float phase = static_cast<float>(std::numbers::pi) * (static_cast<float>(p % 8) / 4 - time / 8);
    scenes[0].series.push_back(c == 0   ? 9 * time
                               : c == 1 ? 5 * sign * std::cos(time)
                                        : 0.1f * std::sin(phase));
  }
  BOOST_CHECK_SMALL(plot::detail::share_in_motion(scenes, of, 0), 1e-6);
  BOOST_CHECK_SMALL(plot::detail::share_in_motion(scenes, of, 1), 1e-6);
  BOOST_CHECK_CLOSE(plot::detail::share_in_motion(scenes, of, 2), 0.5, 1e-3);
  BOOST_CHECK_EQUAL(plot::liveliest_channel(scenes, of), 2u);
  scenes[0].series.pop_back();
  BOOST_CHECK_EXCEPTION(plot::liveliest_channel(scenes, of), Error, about("series"));
}

BOOST_AUTO_TEST_CASE(spectra_are_gathered_over_all_images) {
  const plot::ClassSpectra spectra = plot::class_spectra(lively<Machine>(), images());
  std::size_t pixels = 0;
  for (std::size_t k = 0; k < shape.classes; ++k) pixels += spectra.pixels(k);
  BOOST_CHECK_EQUAL(pixels, images().size() * Machine::sites);
  BOOST_CHECK_GT(spectra.mean(0)[1], 0);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_shown_leaves_no_file) {
  const Machine machine = lively<Machine>();
  const Folder folder;
  const std::array<std::size_t, 2> beyond{0, images().size()};
  const std::array<std::size_t, 1> fine{0};
  const fs::path out = folder.path / "out";
  BOOST_CHECK_EXCEPTION(plot::write_gallery(machine, images(), beyond, out), Error, about("index"));
  BOOST_CHECK_EXCEPTION(plot::write_gallery(machine, images(), fine, out, {.channel = 3}), Error,
                        about("channel"));
  BOOST_CHECK_EXCEPTION(plot::write_gallery(machine, images(), fine, out, {.moments = {7}}), Error,
                        about("moment"));
  BOOST_CHECK_EXCEPTION(plot::write_gallery(machine, images(), {}, out), Error, about("rows"));
  BOOST_CHECK_EQUAL(folder.entries(), 0u);
  nwm::io::write_whole(out, std::string_view("a file where the folder should be"));
  BOOST_CHECK_THROW(plot::write_gallery(machine, images(), fine, out), Error);
}

BOOST_AUTO_TEST_CASE(a_trainer_can_be_watched_and_is_not_disturbed) {
  const Folder folder;
  const std::array<std::size_t, 1> chosen{0};
  nwm::Trainer<Machine> watched({.batch = 2, .epochs = 2, .threads = 1}), alone(watched.options());
  watched.fit(images(), images(), [&](const nwm::Progress& p) {
    if (p.epoch_end)
      plot::write_gallery(watched.current(), images(), chosen, folder.path / std::to_string(p.epoch));
  });
  alone.fit(images(), images());
  BOOST_CHECK(std::ranges::equal(watched.current().parameters(), alone.current().parameters()));
  BOOST_CHECK(fs::exists(folder.path / "1" / "strip.png") && fs::exists(folder.path / "2" / "strip.png"));
}
