// The linear readout and the head's first layer as one product: against both one after the other, and every
// parameter against central differences.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE gradient_folded_readout

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "machine.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/loss/image_cross_entropy.hpp"
#include "nwm/loss/sampled_cross_entropy.hpp"
#include "nwm/readout/fft.hpp"

namespace {

using nwm::cpu::Scalar, nwm::cpu::Simd;
using nwm::readout::Fold, nwm::readout::Linear, nwm::readout::LinearMap, nwm::readout::Fft;
using namespace nwm::checkpointing;
using nwm::head::Hidden;

constexpr nwm::Shape shape(std::size_t height, std::size_t width, std::size_t oscillators) {
  return {.height = height,
          .width = width,
          .image_channels = 2,
          .oscillators = oscillators,
          .steps = 6,
          .classes = 3,
          .encoder_width = 3};
}
template <class Readout, class Head = Hidden<3, 4>, class Checkpointing = StoreAll, class B = Scalar,
          class Real = double>
using Small = nwm::WaveMachine<shape(7, 9, 3), Readout, Head, nwm::cell::Wave, B, Real, Checkpointing>;
// More pixels than three tiles of the head, and no whole number of them.
template <class Readout, class B, class Real = double, class Checkpointing = StoreAll>
using Large =
    nwm::WaveMachine<shape(35, 23, 2), Readout, Hidden<3, 4>, nwm::cell::Wave, B, Real, Checkpointing>;

template <std::size_t width = 0>
using Never = LinearMap<width, Fold::never>;
template <std::size_t width = 0>
using Always = LinearMap<width, Fold::always>;

// The study's machines: Multi-MNIST's head is narrow enough.
constexpr nwm::Shape multi_mnist{
    .height = 128, .width = 128, .image_channels = 1, .oscillators = 16, .classes = 11};
constexpr nwm::Shape tetrominoes{
    .height = 64, .width = 64, .image_channels = 3, .oscillators = 2, .classes = 6};
static_assert(nwm::WaveMachine<multi_mnist, Linear, nwm::head::Narrow>::folds_readout);
static_assert(!nwm::WaveMachine<multi_mnist, Fft, nwm::head::Narrow>::folds_readout);
static_assert(!nwm::WaveMachine<tetrominoes, Linear, nwm::head::Wide>::folds_readout);
// One that derives from it may form features of its own.
struct Derived : Linear {};
static_assert(Small<Linear>::folds_readout && !Small<Never<>>::folds_readout);
static_assert(!Small<Derived>::folds_readout && !Small<Linear, Hidden<40>>::folds_readout);
static_assert(Small<Always<>, Hidden<40>>::folds_readout);
static_assert(nwm::layer::HeadLayer<nwm::layer::AfterFirst<nwm::layer::Head<4, 3, Hidden<2>>>>);
// Less memory: sums in place of features.
static_assert(Large<Linear, Scalar>::Workspace::bytes() < Large<Never<>, Scalar>::Workspace::bytes());

double difference(const std::vector<double>& a, const std::vector<double>& b) {
  BOOST_TEST_REQUIRE(a.size() == b.size());
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    worst = std::max(worst, std::abs(a[i] - b[i]));
    largest = std::max(largest, std::abs(b[i]));
  }
  BOOST_TEST(largest > 1e-6);
  return worst / largest;
}

template <class Real>
std::vector<double> part(const std::vector<Real>& all, const nwm::Slice& slice) {
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(slice.offset);
  return std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(slice.size));
}

/// Scores and every trained slice of the gradient of two machines of the same parameters.
template <class One, class Other>
void agree(double tolerance = 1e-12) {
  static_assert(One::folds_readout && !Other::folds_readout);
  tools::Problem<One> one;
  tools::Problem<Other> other;
  const auto scores = one.scores();
  const auto others = other.scores();
  BOOST_TEST(difference({scores.begin(), scores.end()}, {others.begin(), others.end()}) < tolerance);
  BOOST_TEST(std::abs(one.loss() - other.loss()) < tolerance);
  const auto mine = one.gradient();
  const auto theirs = other.gradient();
  for (const nwm::Slice& slice : One::layout.slices)
    if (slice.trained)
      BOOST_TEST(difference(part(mine, slice), part(theirs, slice)) < tolerance, slice.name.view());
}

/// The gradient of a loss that is not that of `Problem`, of 1/100 of its sum.
template <class M, class L>
std::vector<double> gradient_of(tools::Problem<M>& problem, const std::vector<std::uint8_t>& target,
                                const L& loss, double* value = nullptr) {
  const auto space = std::make_unique<typename M::Workspace>(M::template target_numbers<L>);
  std::vector<double> gradient(M::parameter_count);
  const double sum = problem.machine.add_gradient(
      problem.image(), std::span(target), 0.01,
      std::span<double, M::parameter_count>(gradient.data(), M::parameter_count), *space, loss);
  if (value) *value = 0.01 * sum;
  return gradient;
}

template <class Readout, class B, class Checkpointing, class L>
std::vector<double> gradient_of(const std::vector<std::uint8_t>& target, const L& loss) {
  tools::Problem<Large<Readout, B, double, Checkpointing>> problem;
  return gradient_of(problem, target, loss);
}

/// Mostly ground.
std::vector<std::uint8_t> mask(std::size_t sites) {
  std::vector<std::uint8_t> target(sites);
  nwm::Random random(8);
  for (auto& c : target) c = static_cast<std::uint8_t>(random.below(4) == 0 ? 1 + random.below(2) : 0);
  return target;
}

using Backends = std::tuple<Scalar, Simd<>>;
using Policies = std::tuple<StoreAll, Every<1>, Every<3>, Reversible<2>>;

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(as_one_after_the_other, B, Backends) {
  agree<Small<Linear, Hidden<3, 4>, StoreAll, B>, Small<Never<>, Hidden<3, 4>, StoreAll, B>>();
  agree<Small<Linear, Hidden<3>, Every<2>, B>, Small<Never<>, Hidden<3>, Every<2>, B>>();
  agree<Small<Always<>, Hidden<>, StoreAll, B>, Small<Never<>, Hidden<>, StoreAll, B>>();
  agree<Small<Always<5>, Hidden<20>, Every<3>, B>, Small<Never<5>, Hidden<20>, Every<3>, B>>();
  agree<Large<Linear, B>, Large<Never<>, B>>();
  agree<Large<Linear, B, double, Every<2>>, Large<Never<>, B>>();
}

BOOST_AUTO_TEST_CASE(as_one_after_the_other_in_float) {
  agree<Large<Linear, Simd<>, float>, Large<Never<>, Scalar>>(2e-5);
  agree<Large<Linear, Scalar, float>, Large<Never<>, Scalar>>(2e-5);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(every_parameter_against_differences, Policy, Policies) {
  static_assert(Small<Linear, Hidden<3, 4>, Policy, Simd<>>::folds_readout);
  tools::check_every_slice<Small<Linear, Hidden<3, 4>, Policy, Simd<>>>(8);
}

BOOST_AUTO_TEST_CASE(every_parameter_of_other_heads_against_differences) {
  tools::check_every_slice<Small<Always<>, Hidden<>>>(8);
  tools::check_every_slice<Small<Always<2>, Hidden<7>, Every<2>>>(8);
}

// A gradient that is a hundredth too long, in the readout's matrix or in the first layer, must be found.
BOOST_AUTO_TEST_CASE(planted_mistakes_are_found) {
  using M = Small<Linear>;
  for (const std::string name : {"fc_time.weight", "fc_readout.0.weight", "fc_readout.0.bias"}) {
    tools::Problem<M> problem;
    auto gradient = problem.gradient();
    std::size_t found = 0;
    for (const nwm::Slice& slice : M::layout.slices)
      if (slice.name.view().ends_with(name)) {
        ++found;
        for (std::size_t i = 0; i < slice.size; ++i) gradient[slice.offset + i] *= 1.01;
      }
    BOOST_TEST(found == 1u);
    BOOST_TEST(!tools::check_slices(problem, gradient, 8, tools::parts_of<M>()).ok(), name);
  }
}

// Where the head goes over the pixels that count alone, and where it needs all scores first.
BOOST_AUTO_TEST_CASE_TEMPLATE(other_losses, B, Backends) {
  const auto target = mask(35 * 23);
  const nwm::loss::SampledCrossEntropy sampled{.share = 0.2};
  BOOST_TEST(difference(gradient_of<Linear, B, StoreAll>(target, sampled),
                        gradient_of<Never<>, B, StoreAll>(target, sampled)) < 1e-12);
  BOOST_TEST(difference(gradient_of<Linear, B, Every<2>>(target, sampled),
                        gradient_of<Never<>, B, Every<2>>(target, sampled)) < 1e-12);
  const nwm::loss::ImageCrossEntropy image;
  BOOST_TEST(difference(gradient_of<Linear, B, Every<2>>({1}, image),
                        gradient_of<Never<>, B, Every<2>>({1}, image)) < 1e-12);
}

BOOST_AUTO_TEST_CASE(pixels_that_count_against_differences) {
  using M = Large<Linear, Simd<>, double, Every<3>>;
  tools::Problem<M> problem;
  const auto target = mask(M::sites);
  const nwm::loss::SampledCrossEntropy loss{.share = 0.2};
  const auto gradient = gradient_of(problem, target, loss);
  const auto value = [&] {
    double sum = 0;
    gradient_of(problem, target, loss, &sum);
    return sum;
  };
  const auto report = nwm::check_gradient(problem.machine.parameters(), gradient, value, tools::parts_of<M>(),
                                          {.tolerance = 1e-6, .coordinates = 4, .directions = 2});
  for (const std::string& fault : report.faults) BOOST_TEST(false, fault);
  BOOST_TEST(report.worst.compared > 20u);
}

// A work space serves one image after another, with other weights: nothing stays from the pass before.
BOOST_AUTO_TEST_CASE(a_work_space_is_used_again) {
  using M = Small<Linear, Hidden<3, 4>, Every<2>>;
  tools::Problem<M> problem, fresh;
  problem.gradient();
  for (auto* machine : {&problem.machine, &fresh.machine})
    for (double& v : machine->parameters()) v *= 0.9;
  problem.scores();
  BOOST_TEST((problem.gradient() == fresh.gradient()));
}

// What the head says of a series that was recorded, and of waves that go on from a state.
BOOST_AUTO_TEST_CASE_TEMPLATE(scores_of_a_series_and_of_waves_that_go_on, B, Backends) {
  using M = Small<Linear, Hidden<3, 4>, Every<2>, B>;
  using Plain = Small<Never<>, Hidden<3, 4>, Every<2>, B>;
  tools::Problem<M> problem;
  tools::Problem<Plain> plain;
  const auto series = problem.series();
  const auto scores = problem.scores();
  std::vector<double> read(M::score_size), end(M::carried * M::channels * M::sites), on(M::score_size),
      plain_on(M::score_size);
  const std::span<double, M::score_size> read_to(read.data(), read.size()), on_to(on.data(), on.size()),
      plain_to(plain_on.data(), plain_on.size());
  tools::Problem<M> reader;  // a work space in which no waves ran
  reader.machine.read(std::span<const double, M::series_size>(series.data(), series.size()), read_to,
                      *reader.space);
  BOOST_TEST((read == scores));
  problem.machine.scores(problem.image(), on_to, *problem.space,
                         typename M::Carry{.start = nullptr, .end = end.data()});
  BOOST_TEST((on == scores));
  problem.machine.scores(problem.image(), on_to, *problem.space,
                         typename M::Carry{.start = end.data(), .end = nullptr});
  plain.machine.scores(plain.image(), plain_to, *plain.space,
                       typename Plain::Carry{.start = end.data(), .end = nullptr});
  BOOST_TEST(difference(on, plain_on) < 1e-12);
  BOOST_TEST(on != scores);
}
