// A machine trained at the pixels that count alone: its gradient beside that of all pixels, the others
// weighing nothing, and beside central differences.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE gradient_counting

#include <boost/test/unit_test.hpp>
#include <tuple>

#include "machine.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/loss/sampled_cross_entropy.hpp"
#include "nwm/readout/fft.hpp"
#include "nwm/readout/last.hpp"
#include "nwm/readout/max_time.hpp"
#include "nwm/readout/mean_time.hpp"

namespace {

using namespace nwm::readout;
using nwm::loss::SampledCrossEntropy;

/// 35 × 23 pixels are more than three tiles of the head.
constexpr nwm::Shape shape{.height = 35,
                           .width = 23,
                           .image_channels = 2,
                           .oscillators = 2,
                           .steps = 6,
                           .classes = 3,
                           .encoder_width = 3};

template <class Readout, class B = nwm::cpu::Scalar, class Real = double>
using Machine = nwm::WaveMachine<shape, Readout, nwm::head::Hidden<5>, nwm::cell::Wave, B, Real>;

using Readouts = std::tuple<Last, MeanTime, MaxTime, Fft, Linear>;

/// The same loss, of which nobody knows that it leaves pixels out.
struct Everywhere : SampledCrossEntropy {
  static constexpr bool sparse = false;
  template <class F>
  void options(const F& f) const {
    SampledCrossEntropy::options(f);
  }
};
static_assert(nwm::loss::Sparse<SampledCrossEntropy> && !nwm::loss::Sparse<Everywhere> &&
              !nwm::loss::Sparse<nwm::loss::CrossEntropy>);

/// Mostly ground.
template <class M>
std::vector<std::uint8_t> mask() {
  std::vector<std::uint8_t> target(M::sites);
  nwm::Random random(8);
  for (auto& c : target) c = static_cast<std::uint8_t>(random.below(4) == 0 ? 1 + random.below(2) : 0);
  return target;
}

/// The loss of a problem's machine; `gradient` becomes its own.
template <class M, class L>
double run(tools::Problem<M>& problem, const std::vector<std::uint8_t>& target, const L& loss,
           std::vector<typename M::Real>& gradient) {
  using Real = typename M::Real;
  const auto space = std::make_unique<typename M::Workspace>(M::template target_numbers<L>);
  gradient.assign(M::parameter_count, Real(0));
  const double scale = 1 / loss.weight(std::span(target));
  return scale * problem.machine.add_gradient(
                     problem.image(), std::span(target), static_cast<Real>(scale),
                     std::span<Real, M::parameter_count>(gradient.data(), M::parameter_count), *space, loss);
}

template <class M>
void compare(double tolerance) {
  tools::Problem<M> problem;
  std::vector<typename M::Real> counting, everywhere;
  const auto target = mask<M>();
  Everywhere same;
  same.share = 0.2;
  const double loss = run(problem, target, SampledCrossEntropy{.share = 0.2}, counting);
  BOOST_TEST(loss == run(problem, target, same, everywhere), boost::test_tools::tolerance(tolerance));
  double largest = 0;
  for (const auto g : everywhere) largest = std::max(largest, std::abs(static_cast<double>(g)));
  BOOST_TEST(largest > 1e-3);
  for (std::size_t i = 0; i < counting.size(); ++i)
    BOOST_TEST(std::abs(static_cast<double>(counting[i] - everywhere[i])) <= tolerance * largest);
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(as_everywhere, Readout, Readouts) {
  compare<Machine<Readout>>(1e-13);
  compare<Machine<Readout, nwm::cpu::Simd<>, float>>(2e-5);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(against_differences, Readout, Readouts) {
  using M = Machine<Readout, nwm::cpu::Simd<>>;  // a value is a whole pass and its adjoint
  tools::Problem<M> problem;
  const auto target = mask<M>();
  const SampledCrossEntropy loss{.share = 0.2};
  std::vector<double> gradient, unused;
  run(problem, target, loss, gradient);
  const auto value = [&] { return run(problem, target, loss, unused); };
  const nwm::GradientCheckOptions options{.tolerance = 1e-6, .coordinates = 2, .directions = 1};
  const auto report =
      nwm::check_gradient(problem.machine.parameters(), gradient, value, tools::parts_of<M>(), options);
  for (const std::string& fault : report.faults) BOOST_TEST(false, fault);
  BOOST_TEST(report.worst.compared > 10u);
  // A gradient that is a hundredth too long must be found.
  for (double& g : gradient) g *= 1.01;
  BOOST_TEST(
      !nwm::check_gradient(problem.machine.parameters(), gradient, value, tools::parts_of<M>(), options)
           .ok());
}

// As with a mask in which a class is everywhere: no pixel is left out, or all are.
BOOST_AUTO_TEST_CASE(all_pixels_and_few) {
  using M = Machine<Linear>;
  tools::Problem<M> problem;
  std::vector<double> all, plain, few;
  const std::vector<std::uint8_t> shapes(M::sites, 2), ground(M::sites, 0);
  const double loss = run(problem, shapes, SampledCrossEntropy{}, all);
  BOOST_TEST(loss == run(problem, shapes, nwm::loss::CrossEntropy{}, plain),
             boost::test_tools::tolerance(1e-13));
  for (std::size_t i = 0; i < all.size(); ++i) BOOST_TEST(std::abs(all[i] - plain[i]) < 1e-13);
  BOOST_TEST(std::isfinite(run(problem, ground, SampledCrossEntropy{.share = 0.01}, few)));
}
