// Outlines, and the sites they cover.
#define BOOST_TEST_MODULE mask
#define BOOST_TEST_DYN_LINK
#include "nwm/drum/mask.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "nwm/drum/outline.hpp"

using nwm::Mask;
namespace mask = nwm::mask;

namespace {
auto about(std::string field) {
  return [field](const nwm::Error& e) { return e.field() == field; };
}
std::string drawn(const Mask& m) {
  std::string text;
  for (std::size_t i = 0; i < m.values().size(); ++i) {
    if (i > 0 && i % m.width() == 0) text += '\n';
    text += m.values()[i] ? '#' : '.';
  }
  return text;
}
}  // namespace

BOOST_AUTO_TEST_CASE(small_shapes_site_by_site) {
  BOOST_TEST(drawn(Mask(mask::square(3), 6, 6)) == "......\n......\n..##..\n..##..\n......\n......");
  BOOST_TEST(drawn(Mask(mask::rectangle(2, 4), 5, 7)) == ".......\n.......\n..###..\n.......\n.......");
  BOOST_TEST(drawn(Mask(mask::ell(4), 6, 6)) == "......\n.#....\n.#....\n.###..\n......\n......");
  BOOST_TEST(drawn(Mask(mask::disc(2), 5, 5)) == ".....\n.###.\n.###.\n.###.\n.....");
  BOOST_TEST(drawn(Mask(mask::annulus(3, 1), 7, 7)) ==
             ".......\n.#####.\n.##.##.\n.#...#.\n.##.##.\n.#####.\n.......");
  BOOST_TEST(drawn(Mask(mask::regular_polygon(4, 2), 5, 5)) == ".....\n..#..\n.###.\n..#..\n.....");
}

BOOST_AUTO_TEST_CASE(squares_have_the_sites_of_their_side_and_lie_in_the_middle) {
  for (std::size_t side = 2; side <= 63; ++side) {
    const Mask m(mask::square(static_cast<double>(side)), 64, 64);
    BOOST_TEST(m.sites().size() == (side - 1) * (side - 1));
    const std::size_t first = m.sites().front() / 64, last = m.sites().back() / 64;
    BOOST_TEST(first + last >= 62u);
    BOOST_TEST(first + last <= 64u);
  }
}

BOOST_AUTO_TEST_CASE(areas_and_perimeters) {
  constexpr double pi = std::numbers::pi;
  const auto check = [](const mask::Outline& o, double area, double perimeter) {
    BOOST_TEST_CONTEXT(o.name) {
      BOOST_TEST(o.area == area, boost::test_tools::tolerance(1e-12));
      BOOST_TEST(o.perimeter == perimeter, boost::test_tools::tolerance(1e-12));
      // Sites strictly inside cover the area but for a strip along the rim.
      const Mask m(o, 128, 128);
      BOOST_TEST(std::abs(static_cast<double>(m.sites().size()) - area) < perimeter);
    }
  };
  check(mask::square(30), 900, 120);
  check(mask::rectangle(20, 31), 620, 102);
  check(mask::ell(30), 675, 120);
  check(mask::disc(20), 400 * pi, 40 * pi);
  check(mask::annulus(20, 12), 256 * pi, 64 * pi);
  check(mask::regular_polygon(6, 20), 600 * std::sqrt(3), 120);
  check(mask::isospectral(0, 12), 3.5 * 144, 12 * (6 + 3 * std::numbers::sqrt2));
  check(mask::isospectral(1, 12), 3.5 * 144, 12 * (6 + 3 * std::numbers::sqrt2));
}

BOOST_AUTO_TEST_CASE(isospectral_drums_have_equally_many_sites_and_another_shape) {
  const Mask a(mask::isospectral(0, 10), 64, 64), b(mask::isospectral(1, 10), 64, 64);
  BOOST_TEST(a.sites().size() == b.sites().size());
  BOOST_TEST(drawn(a) != drawn(b));
}

BOOST_AUTO_TEST_CASE(a_silhouette_is_the_bright_or_the_dark_of_a_picture) {
  const std::vector<float> picture{0, 1, 0, 0, 1, 1, 0.4f, 0.6f, 0};
  BOOST_TEST(drawn(Mask(mask::silhouette(3, 3, picture), 5, 5)) == ".....\n..#..\n..##.\n..#..\n.....");
  BOOST_TEST(drawn(Mask(mask::silhouette(3, 3, picture, 0.5f, true), 5, 5)) ==
             ".....\n.#.#.\n.#...\n.#.#.\n.....");
  BOOST_TEST(mask::silhouette(3, 3, picture).area == 4.0);
  BOOST_TEST(std::isnan(mask::silhouette(3, 3, picture).perimeter));
  BOOST_TEST(Mask(mask::silhouette(3, 3, picture), 3, 3).touches_border());
  BOOST_CHECK_EXCEPTION(mask::silhouette(3, 4, picture), nwm::Error, about("brightness"));
  const std::vector<float> dark(9);
  BOOST_CHECK_EXCEPTION(Mask(mask::silhouette(3, 3, dark), 5, 5), nwm::Error, about("sites inside"));
}

BOOST_AUTO_TEST_CASE(neighbours_with_and_without_wrapping) {
  const Mask m(mask::whole(), 3, 4);
  BOOST_TEST(m.neighbours(0, false) == 2u);
  BOOST_TEST(m.neighbours(0, true) == 4u);
  BOOST_TEST(m.neighbours(5, false) == 4u);
  BOOST_TEST(m.area() == 12.0);
}

BOOST_AUTO_TEST_CASE(shapes_that_are_none_are_refused) {
  BOOST_CHECK_EXCEPTION(mask::square(0), nwm::Error, about("side"));
  BOOST_CHECK_EXCEPTION(mask::rectangle(3, -1), nwm::Error, about("width"));
  BOOST_CHECK_EXCEPTION(mask::disc(NAN), nwm::Error, about("radius"));
  BOOST_CHECK_EXCEPTION(mask::annulus(4, 4), nwm::Error, about("inner radius"));
  BOOST_CHECK_EXCEPTION(mask::regular_polygon(2, 4), nwm::Error, about("sides"));
  BOOST_CHECK_EXCEPTION(mask::polygon({{0, 0}, {1, 1}}), nwm::Error, about("corners"));
  BOOST_CHECK_EXCEPTION(mask::polygon({{0, 0}, {1, 1}, {2, 2}}), nwm::Error, about("corners"));
  BOOST_CHECK_EXCEPTION(mask::isospectral(2, 4), nwm::Error, about("which"));
  BOOST_CHECK_EXCEPTION(mask::isospectral(0, 0), nwm::Error, about("tile"));
  BOOST_CHECK_EXCEPTION(Mask("m", 2, 2, {0, 0, 0, 0}), nwm::Error, about("sites inside"));
  BOOST_CHECK_EXCEPTION(Mask("m", 2, 2, {0, 1, 0}), nwm::Error, about("inside"));
  BOOST_CHECK_EXCEPTION(Mask(mask::square(20), 10, 30), nwm::Error, about("size"));
}
