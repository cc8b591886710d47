// The checker itself: a right gradient passes whatever kinks lie near, a wrong one does not.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE gradient_check

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/check/check_gradient.hpp"

namespace {

using nwm::check_gradient;
using nwm::GradientPart;
using nwm::GradientReport;

/// f(x) = Σ_i w_i sin(x_i) + x_0 x_1² + relu(x_2) + 1e-4 cos(x_5), on which x_6 and x_7 have no influence.
struct Function {
  std::vector<double> x{0.3, -0.7, 1e-4, 1.1, -0.2, 0.4, 0.5, -0.9};
  double operator()() const {
    double sum = x[0] * x[1] * x[1] + (x[2] > 0 ? x[2] : 0.0) + 1e-4 * std::cos(x[5]);
    for (std::size_t i = 0; i < 5; ++i) sum += static_cast<double>(i + 1) * std::sin(x[i]);
    return sum;
  }
  std::vector<double> gradient() const {
    std::vector<double> g(8);
    for (std::size_t i = 0; i < 5; ++i) g[i] = static_cast<double>(i + 1) * std::cos(x[i]);
    g[0] += x[1] * x[1];
    g[1] += 2 * x[0] * x[1];
    if (x[2] > 0) g[2] += 1;
    g[5] = -1e-4 * std::sin(x[5]);
    return g;
  }
};

const std::vector<GradientPart> parts{{.name = "large", .offset = 0, .size = 5},
                                      {.name = "small", .offset = 5, .size = 1},
                                      {.name = "none", .offset = 6, .size = 2, .zero = true}};

GradientReport check(Function& f, const std::vector<double>& claimed, std::size_t coordinates = 0) {
  return check_gradient(f.x, claimed, [&] { return f(); }, parts,
                        {.tolerance = 1e-8, .coordinates = coordinates});
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_right_gradient_passes_and_x_is_as_before) {
  Function f;
  const std::vector<double> before = f.x;
  const GradientReport report = check(f, f.gradient());
  BOOST_TEST(report.ok());
  BOOST_TEST(report.faults.empty());
  BOOST_TEST(report.worst.error < 1e-8);
  BOOST_TEST(report.worst.compared == 5 + 1 + 1 + 1);  // coordinates and a direction of two parts
  BOOST_TEST(f.x == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_kink_within_the_first_step_does_not_count_as_wrong) {
  Function f;
  for (const double distance : {1e-3, -1e-3, 3e-5, -3e-5, 2e-5}) {
    f.x[2] = distance;
    BOOST_TEST(check(f, f.gradient()).ok(), "distance " << distance);
  }
}

BOOST_AUTO_TEST_CASE(one_wrong_coordinate_is_found_and_named) {
  Function f;
  for (std::size_t i = 0; i < 6; ++i) {
    std::vector<double> claimed = f.gradient();
    claimed[i] *= 1 + 1e-5;
    const GradientReport report = check(f, claimed);
    BOOST_TEST(!report.ok());
    BOOST_TEST_REQUIRE(report.faults.size() == 1u);
    const std::string name = i < 5 ? "large[" + std::to_string(i) + "]" : "small";
    BOOST_TEST(report.faults[0].find(name) != std::string::npos, report.faults[0]);
  }
}

BOOST_AUTO_TEST_CASE(a_direction_sees_the_coordinates_that_are_not_drawn) {
  Function f;
  for (std::size_t i = 0; i < 5; ++i) {
    std::vector<double> claimed = f.gradient();
    claimed[i] *= 1 + 1e-5;
    BOOST_TEST(!check(f, claimed, 1).ok(), "coordinate " << i);
  }
  BOOST_TEST(check(f, f.gradient(), 1).ok());
}

BOOST_AUTO_TEST_CASE(planted_errors_are_caught) {
  Function f;
  const std::vector<double> right = f.gradient();
  const auto refused = [&](std::vector<double> claimed, const std::string& why) {
    const GradientReport report = check(f, claimed);
    BOOST_TEST(!report.ok());
    bool said = false;
    for (const std::string& fault : report.faults) said = said || fault.find(why) != std::string::npos;
    BOOST_TEST(said, why);
  };
  auto wrong = right;
  for (double& v : wrong) v = -v;
  refused(wrong, "relative error");
  wrong = right;
  std::swap(wrong[0], wrong[3]);
  refused(wrong, "relative error");
  wrong = right;
  for (std::size_t i = 0; i < 5; ++i) wrong[i] = 0;
  refused(wrong, "large: the gradient is zero, the differences are not");
  wrong = right;
  wrong[5] = 0;
  refused(wrong, "small: the gradient is zero, the differences are not");
  wrong = right;
  wrong[7] = 1e-9;
  refused(wrong, "none: a gradient is claimed where there must be none");
  wrong = right;
  wrong[4] = std::numeric_limits<double>::quiet_NaN();
  refused(wrong, "relative error");
  wrong = right;
  wrong[4] = std::numeric_limits<double>::infinity();
  refused(wrong, "relative error");
}

BOOST_AUTO_TEST_CASE(zero_against_zero_is_no_comparison) {
  std::vector<double> x{1, 2}, claimed{0, 0};
  const auto constant = [] { return 3.0; };
  const GradientReport nothing = check_gradient(std::span(x), claimed, constant);
  BOOST_TEST(!nothing.ok());
  BOOST_TEST_REQUIRE(nothing.faults.size() == 1u);
  BOOST_TEST(nothing.faults[0].find("nothing to compare") != std::string::npos, nothing.faults[0]);

  claimed = {1e-3, 0};
  const GradientReport invented = check_gradient(std::span(x), claimed, constant);
  BOOST_TEST_REQUIRE(!invented.faults.empty());
  BOOST_TEST(invented.faults[0].find("but the differences are zero") != std::string::npos,
             invented.faults[0]);

  const std::vector<GradientPart> dependent{{.name = "x", .offset = 0, .size = 2, .zero = true}};
  claimed = {0, 0};
  const GradientReport moves = check_gradient(std::span(x), claimed, [&] { return x[0]; }, dependent);
  BOOST_TEST_REQUIRE(!moves.faults.empty());
  BOOST_TEST(moves.faults[0].find("must not") != std::string::npos, moves.faults[0]);

  BOOST_TEST(!check_gradient(std::span(x), claimed, constant, std::span<const GradientPart>()).ok());
}

BOOST_AUTO_TEST_CASE(a_value_that_is_not_finite_is_no_agreement) {
  std::vector<double> x{1}, claimed{1};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  BOOST_TEST(!check_gradient(std::span(x), claimed, [&] { return nan * x[0]; }).ok());
}

BOOST_AUTO_TEST_CASE(a_part_that_is_not_there) {
  Function f;
  const auto refused = [&](std::span<const double> claimed, GradientPart part, const std::string& expected,
                           const std::string& found) {
    const std::vector<GradientPart> one{std::move(part)};
    const auto told = [&](const nwm::Error& error) {
      BOOST_TEST(error.where() == "check_gradient");
      BOOST_TEST(error.field() == one.front().name);
      BOOST_TEST(error.expected() == expected);
      BOOST_TEST(error.found() == found);
      return true;
    };
    BOOST_CHECK_EXCEPTION(check_gradient(f.x, claimed, f, one), nwm::Error, told);
  };
  const std::vector<double> claimed = f.gradient();
  refused(claimed, {.name = "long", .offset = 6, .size = 3}, "a part of the 8 numbers of x",
          "3 from number 6 on");
  refused(claimed, {.name = "beyond", .offset = 9, .size = 0}, "a part of the 8 numbers of x",
          "0 from number 9 on");
  refused(claimed, {.name = "endless", .offset = 1, .size = std::numeric_limits<std::size_t>::max()},
          "a part of the 8 numbers of x", "18446744073709551615 from number 1 on");
  refused(std::span(claimed).first(5), {.name = "unclaimed", .offset = 5, .size = 1},
          "a part of the 5 numbers of the gradient claimed", "1 from number 5 on");
  BOOST_CHECK_EXCEPTION(check_gradient(f.x, std::span(claimed).first(7), f), nwm::Error,
                        [](const nwm::Error& error) { return error.field() == "x"; });
}
