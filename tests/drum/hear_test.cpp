// Hearing against analysis and against the eigen-solver. Every size and every spacing: hear_sizes_test.cpp.
#define BOOST_TEST_MODULE hear
#define BOOST_TEST_DYN_LINK
#include "nwm/drum/hear.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "nwm/drum/drum.hpp"
#include "nwm/drum/modes.hpp"

namespace mask = nwm::mask;
namespace sound = nwm::sound;
using nwm::drum::Boundary;
using Drum = nwm::Drum<nwm::Grid<64, 64>>;
using boost::test_tools::tolerance;

namespace {

auto about(std::string field) {
  return [field](const nwm::Error& e) { return e.field() == field; };
}
double disc_tone(double radius) { return 2.404826 / (2 * std::numbers::pi * radius); }

/// The loudest tones of a drum struck everywhere at once, from the mean over its neurons.
std::vector<sound::Tone> struck_tones(const mask::Outline& outline, std::size_t steps) {
  Drum drum(outline);
  return sound::tones(nwm::mean_spectrum(drum.strike_at_random(5).run(steps)), {.threshold = 1e-3});
}

}  // namespace

BOOST_AUTO_TEST_CASE(units_do_not_matter) {
  Drum drum(mask::square(24), {.wave_speed = 340, .dt = 1e-5, .spacing = 0.01});
  const auto heard = nwm::hear_area(drum.strike({30, 31}).run(4096, {.every = 2}));
  BOOST_TEST(heard.median == 0.24 * 0.24, tolerance(0.001));
}

BOOST_AUTO_TEST_CASE(a_damped_drum_is_heard_by_the_exact_relation) {
  Drum drum(mask::square(16), {.damping = 0.004});
  const auto heard = nwm::hear_area(drum.strike({30, 31}, {.width = 1}).run(4096));
  BOOST_TEST(heard.heard == 225u);
  BOOST_TEST(heard.median == 256.0, tolerance(0.002));
}

BOOST_AUTO_TEST_CASE(the_disc_sounds_as_bessel_says) {
  Drum drum(mask::disc(25));
  const auto heard = nwm::hear_area(drum.strike({27, 29}, {.width = 1}).run(4096));
  for (const double f : heard.frequency) BOOST_TEST(f == disc_tone(25), tolerance(0.01));
  BOOST_TEST(nwm::disc_radius(heard.frequency[0], drum.physics()) == 25.0, tolerance(0.01));
}

BOOST_AUTO_TEST_CASE(both_sides_of_a_rectangle_are_heard) {
  for (const auto& outline : {mask::rectangle(40, 24), mask::rectangle(24, 40)}) {
    Drum drum(outline);
    const auto heard = nwm::hear_rectangle(drum.strike({27, 26}, {.width = 1}).run(4096));
    BOOST_TEST(heard.long_side == 40.0, tolerance(0.001));
    BOOST_TEST(heard.short_side == 24.0, tolerance(0.001));
    BOOST_TEST(heard.textbook_long_side == 40.0, tolerance(0.01));
    BOOST_TEST(heard.textbook_short_side == 24.0, tolerance(0.01));
    BOOST_TEST(heard.fitting >= 4u);
  }
  Drum square(mask::square(30));
  const auto heard = nwm::hear_rectangle(square.strike({27, 26}, {.width = 1}).run(4096));
  BOOST_TEST(heard.long_side == 30.0, tolerance(0.005));
  BOOST_TEST(heard.short_side == 30.0, tolerance(0.005));
}

BOOST_AUTO_TEST_CASE(tones_that_are_not_those_of_a_rectangle_give_no_sides) {
  // Struck on both axes of symmetry, f_21 is silent, and the next tone must not be taken for it.
  Drum drum(mask::rectangle(24, 40));
  BOOST_CHECK_EXCEPTION(nwm::hear_rectangle(drum.strike({31, 31}, {.width = 1}).run(4096)), nwm::Error,
                        about("tones"));
  Drum disc(mask::disc(20)), l(mask::ell(40));
  BOOST_CHECK_EXCEPTION(nwm::hear_rectangle(l.strike({40, 30}, {.width = 1}).run(4096)), nwm::Error,
                        about("tones"));
  BOOST_CHECK_EXCEPTION(nwm::hear_rectangle(disc.strike({30, 26}, {.width = 1}).run(4096)), nwm::Error,
                        about("tones"));
}

BOOST_AUTO_TEST_CASE(no_ear_tells_the_isospectral_pair_apart_but_a_third_drum_of_equal_area) {
  // 3.5 · 12² = 504 = 21 · 24.
  const auto a = struck_tones(mask::isospectral(0, 12), 8192),
             b = struck_tones(mask::isospectral(1, 12), 8192),
             c = struck_tones(mask::rectangle(21, 24), 8192);
  BOOST_REQUIRE(a.size() >= 12);
  BOOST_REQUIRE(b.size() >= 12);
  const double bin = 1 / (0.5 * 8192);
  for (std::size_t i = 0; i < 12; ++i) BOOST_TEST(std::abs(a[i].frequency - b[i].frequency) < 0.2 * bin);
  BOOST_TEST(std::abs(a[0].frequency - c[0].frequency) > 5 * bin);
  // The tones agree with the eigen-solver's.
  const auto modes = nwm::modes(nwm::Mask(mask::isospectral(0, 12), 64, 64), {}, {.count = 12});
  for (std::size_t i = 0; i < 12; ++i) BOOST_TEST(std::abs(a[i].frequency - modes.frequency(i)) < 0.2 * bin);
}

BOOST_AUTO_TEST_CASE(where_no_tone_is_there_is_no_area) {
  const auto silent = [](const auto& recording) {
    BOOST_CHECK_EXCEPTION(nwm::hear_area(recording), nwm::Error,
                          [](const nwm::Error& e) { return e.found() == "no tone heard"; });
  };
  Drum still(mask::square(20));
  silent(still.run(256));                                                  // never struck
  silent(still.strike({30, 30}).run(256, {.probes = {{2, 2}, {60, 3}}}));  // probes outside the drum
  Drum drum(mask::square(50));
  silent(drum.strike({30, 30}).run(64));  // half a period of the lowest tone
  Drum thick(mask::square(20), {.dt = 0.2, .damping = 4});
  silent(thick.strike({30, 30}).run(4096));  // overdamped parts creep back, the rest dies at once
  Drum open(mask::square(20), {.edge = Boundary::reflecting});
  BOOST_CHECK_EXCEPTION(nwm::hear_area(open.strike({30, 30}).run(256)), nwm::Error, about("edge"));
  BOOST_CHECK_EXCEPTION(nwm::hear_area(drum.run(4)), nwm::Error, about("segment"));
}

BOOST_AUTO_TEST_CASE(however_short_the_recording_no_area_is_made_up) {
  // From a fifth of a period of the lowest tone to 24 of them.
  std::size_t heard_at_all = 0, asked = 0;
  for (const double side : {20.0, 48.0})
    for (const std::size_t steps : std::array<std::size_t, 9>{32, 64, 100, 150, 200, 300, 400, 512, 1400})
      for (const bool random : {true, false}) {
        Drum drum(mask::square(side));
        const std::size_t corner = drum.mask().sites()[0];
        if (random) drum.strike_at_random(3);
        else drum.strike({corner / 64 + 6, corner % 64 + 5}, {.width = 1.5});
        const auto recording = drum.run(steps);
        asked += recording.sites().size();
        try {
          const auto heard = nwm::hear_area(recording);
          heard_at_all += heard.heard;
          for (const double area : heard.area)
            if (std::isfinite(area)) BOOST_TEST(area == side * side, tolerance(0.03));
        } catch (const nwm::Error& e) {
          BOOST_TEST(e.found() == "no tone heard");
        }
      }
  BOOST_TEST(heard_at_all > asked / 10);
  BOOST_TEST(heard_at_all < asked);
}

BOOST_AUTO_TEST_CASE(one_silent_probe_among_others_hears_nothing_and_spoils_nothing) {
  Drum drum(mask::square(20));
  const auto heard =
      nwm::hear_area(drum.strike({30, 29}).run(2048, {.probes = {{30, 33}, {2, 2}, {25, 25}}}));
  BOOST_TEST(heard.heard == 2u);
  BOOST_TEST(std::isnan(heard.area[1]));
  BOOST_TEST(std::isnan(heard.frequency[1]));
  BOOST_TEST(heard.median == 400.0, tolerance(0.01));
}
