// The slope that the example of a loss of one's own claims, against differences.
#define BOOST_TEST_MODULE own_loss
// Only a main may end without a return.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wreturn-type"
#define main own_loss_program
#include "../../examples/own_loss.cpp"
#undef main
#pragma GCC diagnostic pop

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>
#include <tuple>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/check/check_gradient.hpp"
#include "nwm/loss/apply.hpp"
#include "nwm/loss/encoded_target.hpp"

using Backends = std::tuple<nwm::cpu::Scalar, nwm::cpu::Simd<>>;

BOOST_AUTO_TEST_CASE_TEMPLATE(slope_against_differences, B, Backends) {
  constexpr std::size_t outputs = 5, sites = 11, left_out = 4;
  using Target = nwm::loss::EncodedTarget<Focal, outputs, 1, sites>;
  Focal focal;
  focal.ignore_index = 255;
  nwm::Random random(1);
  std::vector<double> scores(outputs * sites), target(Target::size);
  for (double& s : scores) s = random.uniform(-2, 2);
  std::vector<std::uint8_t> classes(sites);
  for (std::uint8_t& c : classes) c = static_cast<std::uint8_t>(random.below(outputs));
  classes[left_out] = 255;
  Target::set_all(focal, std::span<const std::uint8_t>(classes), std::span<double>(target));

  // The loss of scores, which become `factor` times its slope.
  const auto apply = [&](std::vector<double>& s, double factor) {
    nwm::loss::PoolMemory<B, double, outputs, 1> none;
    double value = 0;
    nwm::loss::apply<B, outputs, 1, sites>(focal, s.data(), static_cast<const double*>(target.data()), factor,
                                           &value, none);
    return value;
  };
  const auto value = [&] {
    std::vector<double> copy = scores;
    return apply(copy, 1);
  };
  std::vector<double> slope = scores, half = scores;
  apply(slope, 1), apply(half, 0.5);
  const auto report = nwm::check_gradient(std::span(scores), slope, value, {.tolerance = 1e-7});
  for (const auto& fault : report.faults) BOOST_TEST(false, fault);
  BOOST_TEST(report.worst.compared >= outputs * sites);
  for (std::size_t i = 0; i < slope.size(); ++i)
    BOOST_TEST(half[i] == 0.5 * slope[i], boost::test_tools::tolerance(1e-12));
  for (std::size_t k = 0; k < outputs; ++k) BOOST_TEST(slope[k * sites + left_out] == 0);

  // A slope that is wrong is found.
  slope[7] += 1e-3;
  BOOST_TEST(!nwm::check_gradient(std::span(scores), slope, value, {.tolerance = 1e-7}).ok());
}
