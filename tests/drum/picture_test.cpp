// Pictures and films of drums: the right things at the right places, in files that standard programs read.
#define BOOST_TEST_MODULE drum_picture
#define BOOST_TEST_DYN_LINK
#include "nwm/drum/picture.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "../report/tools.hpp"
#include "nwm/drum/drum.hpp"
#include "nwm/plot/gif.hpp"
#include "nwm/plot/png.hpp"

namespace drum = nwm::drum;
namespace mask = nwm::mask;
namespace plot = nwm::plot;
using Small = nwm::Drum<nwm::Grid<24, 24>>;

namespace {
auto about(std::string field) {
  return [field](const nwm::Error& e) { return e.field() == field; };
}
bool same(plot::Rgb a, plot::Rgb b) { return a.r == b.r && a.g == b.g && a.b == b.b; }
}  // namespace

BOOST_AUTO_TEST_CASE(pictures_show_the_drum_and_a_margin) {
  const nwm::Mask m(mask::rectangle(6, 9), 24, 24);
  const drum::Frame f = drum::frame(m, 2);
  BOOST_TEST(f.height == 5u + 4);
  BOOST_TEST(f.width == 8u + 4);
  const plot::Image image = drum::silhouette(m);  // a margin of 3
  BOOST_TEST(image.height() == 11u);
  BOOST_TEST(image.width() == 14u);
  std::size_t inside = 0;
  for (std::size_t y = 0; y < image.height(); ++y)
    for (std::size_t x = 0; x < image.width(); ++x)
      inside += same(image.at(x, y), drum::outside_colour) ? 0 : 1;
  BOOST_TEST(inside == m.sites().size());
  BOOST_TEST(drum::frame(nwm::Mask(mask::whole(), 24, 24)).width == 24u);
}

BOOST_AUTO_TEST_CASE(maps_colour_sites_by_their_value) {
  Small d(mask::square(5));
  const auto recording = d.strike({11, 11}).run(4);
  std::vector<double> values(16, 1.0);
  values[0] = 0, values[5] = 2, values[6] = NAN;
  const plot::Image map = drum::value_map(recording, values, 0, 2);
  BOOST_TEST(same(map.at(3, 3), plot::sequential(0, 2)));
  BOOST_TEST(same(map.at(4, 4), plot::sequential(2, 2)));
  BOOST_TEST(same(map.at(5, 4), drum::silent_colour));
  BOOST_TEST(same(map.at(0, 0), drum::outside_colour));
  BOOST_CHECK_EXCEPTION(drum::value_map(recording, values, 2, 2), nwm::Error, about("low"));
  values.pop_back();
  BOOST_CHECK_EXCEPTION(drum::value_map(recording, values, 0, 2), nwm::Error, about("values"));
}

BOOST_AUTO_TEST_CASE(films_strips_and_modes_are_files_standard_programs_read) {
  const report_test::Folder folder;
  Small d(mask::disc(9));
  const auto recording = d.strike({9, 10}, {.width = 1}).run(30, {.every = 3});
  const auto film = drum::film(recording, {.title = "disc"});
  BOOST_TEST(film.frames.size() == 10u);
  BOOST_TEST(same(film.palette[plot::film_palette::not_finite], drum::outside_colour));
  const auto gif = folder.path / "wave.gif", png = folder.path / "strip.png",
             modes = folder.path / "modes.png";
  plot::write_gif(gif, film.frames, film.palette, 5);
  const std::vector<std::size_t> moments{0, 4, 9};
  plot::write_png(png, drum::strip(recording, moments));
  const std::vector<std::vector<float>> shapes{recording.plane(0), recording.plane(9)};
  const std::vector<std::string> labels{"a", "b"};
  plot::write_png(modes, drum::mode_tiles(d.mask(), shapes, labels));
  if (const auto ran = report_test::run("giftext", gif.string())) {
    BOOST_TEST(ran->status == 0, ran->output);
    BOOST_TEST(ran->output.find("Image #10") != std::string::npos);
    BOOST_TEST(ran->output.find("GIF file terminated normally") != std::string::npos);
  }
  for (const auto& path : {png, modes})
    if (const auto ran = report_test::run("pngcheck", "-q " + path.string()))
      BOOST_TEST(ran->status == 0, ran->output);
  const std::vector<std::size_t> late{10};
  BOOST_CHECK_EXCEPTION(drum::strip(recording, late), nwm::Error, about("sample"));
  BOOST_CHECK_EXCEPTION(drum::mode_tiles(d.mask(), shapes, std::vector<std::string>{"a"}), nwm::Error,
                        about("labels"));
  BOOST_CHECK_EXCEPTION(drum::signed_map(d.mask(), std::vector<float>(5), 1), nwm::Error, about("values"));
}
