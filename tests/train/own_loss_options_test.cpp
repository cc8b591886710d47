// The example of a loss with an option of its own: its slope, its metrics, and that the option is saved.
#define BOOST_TEST_MODULE own_loss_options
// Only a main may end without a return.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wreturn-type"
#define main own_loss_options_program
#include "../../examples/own_loss_options.cpp"
#undef main
#pragma GCC diagnostic pop

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "../misuse/tools.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/check/check_gradient.hpp"
#include "nwm/loss/apply.hpp"
#include "nwm/loss/encoded_target.hpp"

namespace {

PseudoHuber with(double delta) {
  PseudoHuber loss;
  loss.delta = delta;
  return loss;
}

}  // namespace

BOOST_AUTO_TEST_CASE(slope_against_differences) {
  constexpr std::size_t outputs = 3, sites = 7;
  using Target = nwm::loss::EncodedTarget<PseudoHuber, outputs, 1, sites>;
  const PseudoHuber loss = with(0.7);
  nwm::Random random(1);
  std::vector<double> scores(outputs * sites), target(Target::size);
  std::vector<float> numbers(outputs * sites);
  for (double& s : scores) s = random.uniform(-2, 2);
  for (float& n : numbers) n = static_cast<float>(random.uniform(-2, 2));
  Target::set_all(loss, std::span<const float>(numbers), std::span<double>(target));
  const auto apply = [&](std::vector<double>& s) {
    nwm::loss::PoolMemory<nwm::cpu::Scalar, double, outputs, 1> none;
    double value = 0;
    nwm::loss::apply<nwm::cpu::Scalar, outputs, 1, sites>(
        loss, s.data(), static_cast<const double*>(target.data()), 1, &value, none);
    return value;
  };
  const auto value = [&] {
    std::vector<double> copy = scores;
    return apply(copy);
  };
  std::vector<double> slope = scores;
  apply(slope);
  const auto report = nwm::check_gradient(std::span(scores), slope, value, {.tolerance = 1e-7});
  for (const auto& fault : report.faults) BOOST_TEST(false, fault);
  // Its metrics are the mean of what the kernel returns.
  const auto metrics =
      loss.measure(std::span<const double>(scores), std::span<const float>(numbers), outputs);
  BOOST_TEST(metrics.loss == value() / (outputs * sites), boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(its_option_is_saved_and_checked) {
  const tools::Folder folder("huber");
  nwm::Trainer<Machine, PseudoHuber> half({}, Machine(), with(0.5)),
      again({}, Machine({.seed = 3}), with(0.5)), whole({}, Machine(), with(1));
  nwm::save_training(half, folder / "x");
  nwm::load_training(again, folder / "x");
  const auto e = tools::error_of([&] { nwm::load_training(whole, folder / "x"); });
  BOOST_TEST(e.field() == "option delta");
  BOOST_TEST(e.expected() == "1");
  BOOST_TEST(e.found() == "0.5");
  for (const double delta : {0.0, std::numeric_limits<double>::quiet_NaN()})
    BOOST_TEST(tools::error_of([&] {
                 nwm::Trainer<Machine, PseudoHuber>({}, Machine(), with(delta));
               }).field() == "delta");
  // Too small for the machine's float.
  BOOST_TEST(tools::error_of([&] {
               nwm::Trainer<Machine, PseudoHuber>({}, Machine(), with(1e-60));
             }).where() == "pseudo_huber");
}
