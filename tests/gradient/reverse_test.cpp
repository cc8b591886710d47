// checkpointing::Reversible: the step run backwards against the step itself, the gradients against those of a
// full tape, its memory, and where it refuses.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE gradient_reverse

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "machine.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/cell/driven_wave.hpp"
#include "nwm/cell/lin_oss.hpp"
#include "nwm/model/sequence_machine.hpp"
#include "nwm/readout/last.hpp"
#include "nwm/readout/linear.hpp"

namespace {

using nwm::cell::Wave;

template <std::size_t steps, class Real, class Checkpointing, class Readout = nwm::readout::LinearMap<4>,
          class Cell = Wave>
using Machine = nwm::WaveMachine<nwm::Shape{.height = 7,
                                            .width = 9,
                                            .image_channels = 2,
                                            .oscillators = 3,
                                            .steps = steps,
                                            .classes = 3,
                                            .encoder_width = 3},
                                 Readout, nwm::head::Hidden<5>, Cell, nwm::cpu::Simd<>, Real, Checkpointing>;

template <class Real>
double difference(const std::vector<Real>& a, const std::vector<Real>& b) {
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    worst = std::max(worst, static_cast<double>(std::abs(a[i] - b[i])));
    largest = std::max(largest, static_cast<double>(std::abs(b[i])));
  }
  return worst / largest;
}

/// Relative difference of the gradients under Reversible and Everything.
template <std::size_t steps, class Real, class Checkpointing, class Cell = Wave>
double reversed(double dt) {
  using Readout = nwm::readout::LinearMap<4>;
  tools::Problem<Machine<steps, Real, nwm::checkpointing::StoreAll, Readout, Cell>> everything(
      5, {.cell = {.dt = dt}, .seed = 3});
  tools::Problem<Machine<steps, Real, Checkpointing, Readout, Cell>> reverse(5,
                                                                             {.cell = {.dt = dt}, .seed = 3});
  BOOST_TEST(difference(reverse.scores(), everything.scores()) < (sizeof(Real) == 8 ? 1e-12 : 1e-5));
  const double d = difference(reverse.gradient(), everything.gradient());
  BOOST_TEST_MESSAGE(steps << " steps, " << sizeof(Real) << " bytes: " << d);
  return d;
}

template <std::size_t steps, class Real, class Checkpointing, class Positions = nwm::readout::EveryStep,
          nwm::cell::Scheme scheme = nwm::cell::Scheme::implicit_explicit>
using Sequence = nwm::SequenceMachine<
    nwm::SequenceShape{.inputs = 2, .steps = steps, .oscillators = 5, .outputs = 3, .lanes = 4},
    nwm::cell::LinOss<scheme>, Positions, nwm::head::Hidden<4>, nwm::cpu::Simd<>, Real, Checkpointing>;

/// The gradient of a machine of sequences with random weights and inputs.
template <class M>
std::vector<typename M::Real> gradient_of_sequences(double square = 1) {
  using Real = typename M::Real;
  M machine({.seed = 3});
  nwm::Random random(4);
  for (const nwm::Slice& slice : M::layout.slices)
    for (Real& v : machine.parameters().subspan(slice.offset, slice.size))
      v = slice.name.view() == "cell.A_diag" ? static_cast<Real>(square * random.uniform(0.1, 1))
                                             : v + static_cast<Real>(random.uniform(-0.3, 0.3));
  std::vector<Real> inputs(M::images * M::image_size), gradient(M::parameter_count);
  for (Real& v : inputs) v = static_cast<Real>(random.uniform(-1, 1));
  std::vector<std::uint8_t> target(M::images * M::sites);
  for (std::uint8_t& c : target) c = static_cast<std::uint8_t>(random.below(3));
  const auto space = std::make_unique<typename M::Workspace>();
  machine.add_gradient(std::span<const Real, M::images * M::image_size>(inputs.data(), inputs.size()), target,
                       static_cast<Real>(1.0 / static_cast<double>(target.size())),
                       std::span<Real, M::parameter_count>(gradient.data(), gradient.size()), *space);
  return gradient;
}
template <std::size_t steps, class Real, class Checkpointing, class Positions,
          nwm::cell::Scheme scheme = nwm::cell::Scheme::implicit_explicit>
double reversed_sequences() {
  const double d = difference(
      gradient_of_sequences<Sequence<steps, Real, Checkpointing, Positions, scheme>>(),
      gradient_of_sequences<Sequence<steps, Real, nwm::checkpointing::StoreAll, Positions, scheme>>());
  BOOST_TEST_MESSAGE("sequences, " << steps << " steps, " << sizeof(Real) << " bytes: " << d);
  return d;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_step_back_undoes_a_step) {
  nwm::Random random(4);
  const Wave cell{.dt = 0.5};
  using Stage = nwm::cell::Stage<Wave, 0>;
  using Back = nwm::model::detail::StepBack<Wave>;
  for (int trial = 0; trial < 200; ++trial) {
    const std::array<double, 1> coupled{random.uniform(-2, 2)};
    const std::array<double, 4> site{random.uniform(-1, 1), random.uniform(-1, 1), random.uniform(0, 1),
                                     random.uniform(0, 1)};
    const auto next = Stage::update(cell, coupled, site);
    const std::array<double, 4> after{next[0], next[1], site[2], site[3]};
    const auto back = Back::inverse(cell, coupled, after);
    BOOST_TEST(std::abs(Back::coupled_before(cell, after)[0] - site[0]) < 1e-14);
    BOOST_TEST(std::abs(back[0] - site[0]) < 1e-14);
    BOOST_TEST(std::abs(back[1] - site[1]) < 1e-14);
  }
}

BOOST_AUTO_TEST_CASE(gradients_are_those_of_a_full_tape) {
  using nwm::checkpointing::Reversible;
  BOOST_TEST((reversed<6, double, Reversible<1>>(0.5)) < 1e-9);
  BOOST_TEST((reversed<6, double, Reversible<2>>(0.5)) < 1e-9);
  BOOST_TEST((reversed<6, double, Reversible<>>(0.5)) < 1e-9);
  BOOST_TEST((reversed<40, double, Reversible<>>(0.1)) < 1e-9);
  BOOST_TEST((reversed<40, float, Reversible<>>(0.1)) < 5e-3);
}

BOOST_AUTO_TEST_CASE(gradients_with_a_drive_are_those_of_a_full_tape) {
  using nwm::checkpointing::Reversible, nwm::cell::DrivenWave;
  BOOST_TEST((reversed<6, double, Reversible<2>, DrivenWave>(0.5)) < 1e-9);
  BOOST_TEST((reversed<40, float, Reversible<>, DrivenWave>(0.1)) < 5e-3);
  using namespace nwm::readout;
  BOOST_TEST((reversed_sequences<12, double, Reversible<1>, EveryStep>()) < 1e-9);
  BOOST_TEST((reversed_sequences<12, double, Reversible<4>, AtEnd>()) < 1e-9);
  BOOST_TEST((reversed_sequences<12, double, Reversible<4>, MeanOfSteps>()) < 1e-9);
  BOOST_TEST((reversed_sequences<12, double, Reversible<4>, EveryStep, nwm::cell::Scheme::implicit>()) <
             1e-9);
  // A symplectic step loses nothing: a thousand of them back in single precision.
  BOOST_TEST((reversed_sequences<1000, float, Reversible<>, EveryStep>()) < 1e-4);
}

BOOST_AUTO_TEST_CASE(memory_of_sequences_grows_by_the_input_alone) {
  using nwm::checkpointing::Reversible;
  using Short = Sequence<400, float, Reversible<>, nwm::readout::AtEnd>;
  using Long = Sequence<1600, float, Reversible<>, nwm::readout::AtEnd>;
  BOOST_TEST(Long::Workspace::bytes() - Short::Workspace::bytes() ==
             Long::images * (Long::image_size - Short::image_size) * sizeof(float));
}

BOOST_AUTO_TEST_CASE(sequences_refuse_where_waves_grow) {
  // Far beyond delta² A = 4 a step multiplies its waves by more than a hundred, and so does a step back.
  using M = Sequence<12, float, nwm::checkpointing::Reversible<4>, nwm::readout::AtEnd>;
  BOOST_CHECK_EXCEPTION((gradient_of_sequences<M>(1e4)), nwm::Unstable, [](const nwm::Unstable& e) {
    const std::string text = e.what();
    BOOST_TEST_MESSAGE(text);
    return text.find("wave step backwards") != std::string::npos &&
           text.find("cell.A_diag up to") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(length_divides_the_steps) {
  BOOST_TEST(nwm::checkpointing::Reversible<>::length<100> == 10U);
  BOOST_TEST(nwm::checkpointing::Reversible<>::length<1600> == 16U);
  BOOST_TEST(nwm::checkpointing::Reversible<>::length<7> == 7U);
  BOOST_TEST(nwm::checkpointing::Reversible<>::length<17> == 1U);
}

BOOST_AUTO_TEST_CASE(memory_does_not_grow_with_the_steps) {
  const auto bytes = []<class M>(const M*) { return std::make_unique<typename M::Workspace>()->bytes(); };
  using nwm::readout::Last;
  constexpr auto reverse = []<std::size_t steps>(nwm::StepCount<steps>) {
    return static_cast<const Machine<steps, float, nwm::checkpointing::Reversible<>, Last>*>(nullptr);
  };
  constexpr auto everything = []<std::size_t steps>(nwm::StepCount<steps>) {
    return static_cast<const Machine<steps, float, nwm::checkpointing::StoreAll, Last>*>(nullptr);
  };
  const std::size_t short_run = bytes(reverse(nwm::StepCount<400>{})),
                    all = bytes(everything(nwm::StepCount<400>{}));
  BOOST_TEST(bytes(reverse(nwm::StepCount<1600>{})) == short_run);
  BOOST_TEST(bytes(reverse(nwm::StepCount<100>{})) <= short_run);
  // 1200 steps more: coupled value, y, z and the series' gradient of three channels on 7 x 9.
  BOOST_TEST(bytes(everything(nwm::StepCount<1600>{})) - all == 1200U * 4 * 3 * 7 * 9 * sizeof(float));
}

BOOST_AUTO_TEST_CASE(refuses_where_no_step_leads_back) {
  tools::Problem<Machine<6, double, nwm::checkpointing::Reversible<2>>> problem;
  using M = decltype(problem.machine);
  // alpha = 2 everywhere: 1 - dt alpha is 0, yet the step forward is stable.
  for (const nwm::Slice& slice : M::layout.slices)
    if (const std::string name(slice.name.view());
        name.find("alpha") != std::string::npos || name.find("omega") != std::string::npos) {
      const auto part = std::span<double>(problem.machine.parameters()).subspan(slice.offset, slice.size);
      const bool alpha = name.find("alpha") != std::string::npos;
      const bool last_bias = slice.size == M::channels && name.find("bias") != std::string::npos;
      std::ranges::fill(part, alpha && last_bias ? 2.0 : 0.0);
    }
  BOOST_CHECK_NO_THROW(problem.scores());
  std::vector<double> gradient(M::parameter_count, 7.0);
  const std::vector<std::uint8_t> target(M::sites, 1);
  const std::span<double, M::parameter_count> sum(gradient.data(), gradient.size());
  BOOST_CHECK_EXCEPTION(problem.machine.add_gradient(problem.image(), target, 1.0, sum, *problem.space),
                        nwm::Unstable, [](const nwm::Unstable& e) {
                          const std::string text = e.what();
                          BOOST_TEST_MESSAGE(text);
                          return text.find("dt = 0.5") != std::string::npos &&
                                 text.find("alpha up to 2") != std::string::npos &&
                                 text.find("1 - dt alpha > 0") != std::string::npos;
                        });
  BOOST_TEST(std::ranges::all_of(gradient, [](double g) { return g == 7.0; }));
}
