// The eigen-solver against analysis, and Weyl's law on the eigenvalues found.
#define BOOST_TEST_MODULE modes
#define BOOST_TEST_DYN_LINK
#include "nwm/drum/modes.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "nwm/drum/outline.hpp"
#include "nwm/drum/weyl.hpp"

using nwm::Mask;
namespace mask = nwm::mask;
using boost::test_tools::tolerance;

namespace {
auto about(std::string field) {
  return [field](const nwm::Error& e) { return e.field() == field; };
}
double sine2(double k, double n) { return std::pow(std::sin(k * std::numbers::pi / n / 2), 2); }
}  // namespace

BOOST_AUTO_TEST_CASE(a_rectangle_has_the_eigenvalues_of_the_exact_relation) {
  const double h = 0.5;
  const auto found = nwm::modes(Mask(mask::rectangle(17, 25), 40, 40), {.spacing = h}, {.count = 40});
  std::vector<double> expected;
  for (int m = 1; m < 17; ++m)
    for (int n = 1; n < 25; ++n) expected.push_back(4 / (h * h) * (sine2(m, 17) + sine2(n, 25)));
  std::sort(expected.begin(), expected.end());
  for (std::size_t k = 0; k < 40; ++k) BOOST_TEST(found.eigenvalues[k] == expected[k], tolerance(1e-10));
}

BOOST_AUTO_TEST_CASE(free_and_periodic_membranes_have_theirs) {
  const auto free = nwm::modes(Mask(mask::rectangle(13, 19), 24, 24),
                               {.edge = nwm::drum::Boundary::reflecting}, {.count = 20});
  const auto torus =
      nwm::modes(Mask(mask::whole(), 12, 18), {.edge = nwm::drum::Boundary::periodic}, {.count = 20});
  std::vector<double> a, b;
  for (int m = 0; m < 12; ++m)
    for (int n = 0; n < 18; ++n) {
      a.push_back(4 * (sine2(m, 12) + sine2(n, 18)));
      b.push_back(4 * (sine2(2 * m, 12) + sine2(2 * n, 18)));
    }
  std::sort(a.begin(), a.end()), std::sort(b.begin(), b.end());
  for (std::size_t k = 0; k < 20; ++k) {
    BOOST_TEST(std::abs(free.eigenvalues[k] - a[k]) < 1e-10);
    BOOST_TEST(std::abs(torus.eigenvalues[k] - b[k]) < 1e-10);
  }
}

BOOST_AUTO_TEST_CASE(shapes_solve_the_equation_and_are_orthonormal) {
  const Mask m(mask::isospectral(1, 8), 32, 32);
  const auto found = nwm::modes(m, {}, {.count = 8, .shapes = true});
  BOOST_REQUIRE(found.shapes.size() == 8u);
  for (std::size_t k = 0; k < 8; ++k) {
    const auto& u = found.shapes[k];
    double worst = 0, largest = 0;
    for (const std::size_t i : m.sites()) {
      double force = 4 * static_cast<double>(u[i]);
      m.for_neighbours(i, false, [&](std::size_t j) { force -= static_cast<double>(u[j]); });
      worst = std::max(worst, std::abs(force - found.eigenvalues[k] * static_cast<double>(u[i])));
      if (std::abs(static_cast<double>(u[i])) > std::abs(largest)) largest = static_cast<double>(u[i]);
    }
    BOOST_TEST(worst < 1e-6);
    BOOST_TEST(largest > 0);
    for (std::size_t l = 0; l <= k; ++l) {
      double product = 0;
      for (std::size_t i = 0; i < u.size(); ++i)
        product += static_cast<double>(u[i]) * static_cast<double>(found.shapes[l][i]);
      BOOST_TEST(std::abs(product - (k == l ? 1 : 0)) < 1e-5);
    }
  }
}

BOOST_AUTO_TEST_CASE(thirty_eigenvalues_of_the_isospectral_pair_agree) {
  for (const std::size_t tile : std::array<std::size_t, 3>{6, 12, 20}) {
    const auto a = nwm::modes(Mask(mask::isospectral(0, tile), 64, 64)),
               b = nwm::modes(Mask(mask::isospectral(1, tile), 64, 64));
    BOOST_REQUIRE(a.eigenvalues.size() == 30u);
    for (std::size_t k = 0; k < 30; ++k) BOOST_TEST(a.eigenvalues[k] == b.eigenvalues[k], tolerance(1e-9));
  }
  const auto a = nwm::modes(Mask(mask::isospectral(0, 12), 64, 64)),
             c = nwm::modes(Mask(mask::rectangle(21, 24), 64, 64));  // of equal area
  BOOST_TEST(std::abs(a.eigenvalues[0] / c.eigenvalues[0] - 1) > 0.1);
}

BOOST_AUTO_TEST_CASE(weyl_tells_area_and_perimeter_of_seven_masks) {
  for (const auto& outline : {mask::square(56), mask::rectangle(36, 60), mask::disc(30), mask::ell(60),
                              mask::isospectral(0, 20), mask::annulus(30, 12), mask::regular_polygon(6, 30)})
    BOOST_TEST_CONTEXT(outline.name) {
      const Mask m(outline, 64, 64);
      const auto found = nwm::weyl(nwm::modes(m, {}, {.count = 150}).eigenvalues, 1);
      BOOST_TEST(found.modes == 150u);
      BOOST_TEST(found.area == m.area(), tolerance(0.05));
      BOOST_TEST(found.perimeter == m.perimeter(), tolerance(0.15));
      // Within the stated error, apart from the lattice's rim; and the stated error is not arbitrarily large.
      BOOST_TEST(std::abs(found.area - m.area()) < found.area_error + m.perimeter() / 4);
      BOOST_TEST(std::abs(found.perimeter - m.perimeter()) < found.perimeter_error);
      BOOST_TEST(found.area_error < 0.05 * m.area());
      BOOST_TEST(found.perimeter_error < 0.2 * m.perimeter());
    }
}

BOOST_AUTO_TEST_CASE(weyl_in_the_continuum_and_in_other_units) {
  std::vector<double> exact;
  for (int m = 1; m < 60; ++m)
    for (int n = 1; n < 60; ++n)
      exact.push_back(std::numbers::pi * std::numbers::pi * (m * m / 4.0 + n * n / 9.0));
  std::sort(exact.begin(), exact.end());
  exact.resize(400);
  const auto found = nwm::weyl(exact, 0);
  BOOST_TEST(found.area == 6.0, tolerance(0.01));
  BOOST_TEST(found.perimeter == 10.0, tolerance(0.05));
  const auto metres = nwm::weyl(
      nwm::modes(Mask(mask::square(40), 64, 64), {.spacing = 0.01}, {.count = 100}).eigenvalues, 0.01);
  BOOST_TEST(metres.area == 0.16, tolerance(0.02));
  BOOST_TEST(metres.perimeter == 1.6, tolerance(0.1));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_computed_is_told) {
  const Mask m(mask::square(4), 8, 8);
  BOOST_CHECK_EXCEPTION(nwm::modes(m, {}, {.count = 9}), nwm::Error, about("count"));
  BOOST_CHECK_EXCEPTION(nwm::modes(m, {}, {.count = 0}), nwm::Error, about("count"));
  BOOST_TEST(nwm::modes(m, {}, {.count = 8}).eigenvalues.size() == 8u);
  const std::vector<double> few(5, 1.0), down{3, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, alike(12, 1.0);
  BOOST_CHECK_EXCEPTION(nwm::weyl(few, 1), nwm::Error, about("eigenvalues"));
  BOOST_CHECK_EXCEPTION(nwm::weyl(down, 0), nwm::Error, about("eigenvalues"));
  BOOST_CHECK_EXCEPTION(nwm::weyl(alike, 0), nwm::Error, about("eigenvalues"));
  BOOST_CHECK_EXCEPTION(nwm::weyl(alike, 2), nwm::Error, about("largest eigenvalue"));
}
