// The whole machine on the fast backend: every single parameter against differences, and the same gradient
// whatever the forward pass keeps.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE gradient_machine_simd

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

#include "machine.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/readout/linear.hpp"
#include "nwm/readout/max_time.hpp"

namespace {

template <class Readout, class Checkpointing = nwm::checkpointing::StoreAll>
using Machine =
    nwm::WaveMachine<nwm::Shape{.height = 7,
                                .width = 9,
                                .image_channels = 2,
                                .oscillators = 3,
                                .steps = 6,
                                .classes = 3,
                                .encoder_width = 3},
                     Readout, nwm::head::Hidden<5>, nwm::cell::Wave, nwm::cpu::Simd<>, double, Checkpointing>;

double difference(const std::vector<double>& a, const std::vector<double>& b) {
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    worst = std::max(worst, std::abs(a[i] - b[i]));
    largest = std::max(largest, std::abs(b[i]));
  }
  return worst / largest;
}

template <class Readout, std::size_t k>
void keeps_as_well() {
  tools::Problem<Machine<Readout>> everything;
  tools::Problem<Machine<Readout, nwm::checkpointing::Every<k>>> some;
  const double loss = everything.loss();
  BOOST_TEST(std::abs(some.loss() - loss) <= 1e-12 * loss);
  BOOST_TEST(difference(some.gradient(), everything.gradient()) < 1e-12);
  BOOST_TEST(difference(some.scores(), everything.scores()) < 1e-12);
  BOOST_TEST(difference(some.series(), everything.series()) < 1e-12);
  const auto kept = everything.space->series();
  BOOST_TEST(std::ranges::equal(kept, everything.series()));
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_parameter) { tools::check_every_slice<Machine<nwm::readout::Linear>>(0); }

BOOST_AUTO_TEST_CASE(one_wrong_number_in_any_slice_is_caught) {
  using M = Machine<nwm::readout::Linear>;
  tools::Problem<M> problem;
  const std::vector<double> right = problem.gradient();
  nwm::Random random(8);
  for (const nwm::GradientPart& part : tools::parts_of<M>()) {
    const auto inside = std::span(right).subspan(part.offset, part.size);
    const double largest = std::abs(std::ranges::max(inside, {}, [](double v) { return std::abs(v); }));
    std::vector<double> wrong = right;
    wrong[part.offset + random.below(part.size)] += 1e-3 * largest;
    const auto report = tools::check_slices(problem, wrong, 1, {part});
    BOOST_TEST(!report.ok(), part.name);
    BOOST_TEST(tools::check_slices(problem, right, 1, {part}).ok(), part.name);
  }
}

BOOST_AUTO_TEST_CASE(what_is_kept_does_not_change_the_gradient) {
  keeps_as_well<nwm::readout::Linear, 1>();
  keeps_as_well<nwm::readout::Linear, 2>();
  keeps_as_well<nwm::readout::Linear, 6>();
  keeps_as_well<nwm::readout::MaxTime, 3>();
}

BOOST_AUTO_TEST_CASE(gradients_are_added_and_scaled) {
  using M = Machine<nwm::readout::Linear>;
  tools::Problem<M> problem;
  const std::vector<double> once = problem.gradient();
  const std::vector<std::uint8_t> target(M::sites, 1);
  const std::span<double, M::parameter_count> all = problem.machine.parameters();
  const std::vector<double> before(all.begin(), all.end());
  std::vector<double> sum(M::parameter_count, 7.0), alone(M::parameter_count);
  const auto flat = [](std::vector<double>& v) {
    return std::span<double, M::parameter_count>(v.data(), M::parameter_count);
  };
  problem.machine.add_gradient(problem.image(), target, 2.0, flat(sum), *problem.space);
  problem.machine.add_gradient(problem.image(), target, 1.0, flat(alone), *problem.space);
  for (double& v : sum) v -= 7;
  for (double& v : alone) v *= 2;
  BOOST_TEST(difference(sum, alone) < 1e-12);
  BOOST_TEST(std::ranges::equal(all, before));
}
