// Sequences that stay on chip: all steps in one launch, forward and backward, against cpu::Scalar; with the
// weights in shared memory, read at every step, and step by step; no number read that nobody wrote, no race.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_sequences

#include "nwm/data/sequences.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstring>
#include <memory>
#include <numeric>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/device/host.hpp"
#include "nwm/cell/co_rnn.hpp"
#include "nwm/cell/horn.hpp"
#include "nwm/cell/lin_oss.hpp"
#include "nwm/cell/nwm23.hpp"
#include "nwm/cell/unicornn.hpp"
#include "nwm/cell/wave_rnn.hpp"
#include "nwm/loss/mean_squares.hpp"
#include "nwm/model/sequence_machine.hpp"
#include "nwm/random.hpp"
#include "nwm/train/executor.hpp"
#include "nwm/train/predict.hpp"
#include "training.hpp"

namespace {

using nwm::SequenceShape;
using namespace nwm::readout;
namespace cell = nwm::cell;
namespace device = nwm::device;
using device::SequenceRun;
using Hidden = nwm::head::Hidden<>;
using Spare = nwm::checkpointing::Every<3>;

/// The device backend with blocks and threads in order or `reversed`, so that a race gives other numbers;
/// shared memory is NaN at first, of `room` bytes; products of weights take few steps at a time, and weights
/// are read through memory wherever shared memory has no room for them.
struct Strict : device::Host<>, device::Sequences<Strict, 300, 0> {
  using Sequences = device::Sequences<Strict, 300, 0>;
  using Sequences::run_sequences;
  using Sequences::run_sequences_back;
  using Sequences::sequence_run;
  template <class S>
  static constexpr std::size_t sequences_scratch = Sequences::sequences_scratch<S>;

  static inline bool reversed = false;
  static inline std::size_t room = device::shared_limit, launches = 0;
  static std::size_t shared_memory() { return room; }

  template <class Body>
  struct Block {
    std::size_t index;
    typename Body::Shared& shared;
    std::array<typename Body::Local, Body::threads> locals{};
    template <class F>
    void each(const F& f) {
      for (std::size_t i = 0; i < Body::threads; ++i) {
        const std::size_t thread = reversed ? Body::threads - 1 - i : i;
        f(thread, locals[thread]);
      }
    }
  };
  template <class Body>
  static void run(const Body& body) {
    if constexpr (requires { typename Body::Plan; }) ++launches;
    for (std::size_t i = 0; i < Body::blocks; ++i) {
      const auto shared = std::make_unique<typename Body::Shared>();
      std::memset(static_cast<void*>(shared.get()), 0xff, sizeof *shared);
      Block<Body> block{reversed ? Body::blocks - 1 - i : i, *shared};
      body(block);
    }
  }
};

/// A user's cell: two coupled values a site under zeros beyond the edge, a state that starts at numbers of
/// the model and goes into another field as it is, the input read at the site, two states recorded.
struct Pulled {
  static constexpr std::string_view name = "pulled";
  using Boundary = nwm::Zero;
  enum Field : std::size_t { u, h, x, blurred, gain };
  static constexpr std::array fields{
      cell::driven(u, "u"), cell::resting_state(h, "h"), cell::random_state(x, "x", -1, 1, true),
      cell::intermediate(blurred, "blurred"), cell::trained_channels(gain, "gain", 0.5, 0.9)};
  static constexpr cell::FieldList recorded{h, x};
  struct Blur {
    static constexpr cell::Coupling coupling{.name = "blur", .from = {x}, .size = 1, .into = blurred};
  };
  struct Gather {
    static constexpr cell::Coupling coupling{
        .name = "gather", .from = {blurred, u, h}, .groups = 2, .size = 5, .bias = true};
    template <class Site>
    static constexpr void update(const Pulled&, const Site& now, Site& next) {
      using V = typename Site::Value;
      next[h] = V(0.7) * now[h] + nwm::math::tanh(now.coupled(0)) * now.coupled(1) + V(0.5) * now[u];
    }
  };
  struct Decay {
    template <class Site>
    static constexpr void update(const Pulled&, const Site& now, Site& next) {
      using V = typename Site::Value;
      next[x] = now[gain] * now[x] + V(0.3) * now[h];
    }
  };
  using Stages = std::tuple<Blur, Gather, Decay>;
};

template <class Real>
struct Outcome {
  std::vector<Real> series, scores, gradient;
  bool operator==(const Outcome&) const = default;
};

/// Of 2 more sequences than the machine has lanes.
template <class Machine>
auto outcome(double off = 0) {
  using Real = typename Machine::Real;
  constexpr std::size_t count = Machine::images + 2;
  nwm::Random random(7);
  std::vector<float> inputs(count * Machine::image_size), targets(count * Machine::outputs * Machine::sites);
  for (auto* all : {&inputs, &targets})
    for (float& v : *all) v = static_cast<float>(random.uniform(-1, 1));
  const auto extent = nwm::input_extent<Machine>(count);
  const auto set = [&] {
    if constexpr (Machine::sites == 1)
      return nwm::data::numbers_each(extent, inputs, Machine::outputs, targets);
    else return nwm::data::numbers_steps(extent, inputs, Machine::outputs, targets);
  }();
  Machine machine({.seed = 3});
  for (auto& v : machine.parameters()) v += static_cast<Real>(random.uniform(-0.2, 0.2));
  machine.parameters()[1] += static_cast<Real>(off);
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), std::size_t{0});
  Outcome<Real> o{nwm::record(machine, set).values, nwm::predict(machine, set).scores.values,
                  std::vector<Real>(Machine::parameter_count)};
  typename Machine::Backend::template Managed<Real> gradient(Machine::parameter_count);
  nwm::ExecutorOf<Machine, nwm::loss::MeanSquares>(1, 1, {}).gradient(
      machine, set, all, std::span<Real, Machine::parameter_count>(gradient.data(), gradient.size()));
  std::copy_n(gradient.data(), gradient.size(), o.gradient.begin());
  return o;
}
template <class Real>
double apart(const Outcome<Real>& a, const Outcome<Real>& b) {
  return std::max({tools::relative(a.series, b.series), tools::relative(a.scores, b.scores),
                   tools::relative(a.gradient, b.gradient)});
}

template <class Machine>
using SegmentOf =
    typename nwm::model::SequenceParts<Machine::shape, typename Machine::Cell, typename Machine::Positions,
                                       typename Machine::Head, Strict, typename Machine::Real,
                                       typename Machine::Checkpointing>::Waves::Segment;

template <class Machine>
constexpr double bound = sizeof(typename Machine::Real) == 4 ? 5e-6 : 1e-13;

/// The outcome with so much shared memory beside the specification's, and its bits in another order.
template <class Machine>
void agree(const Outcome<typename Machine::Real>& wanted, std::size_t room) {
  Strict::room = room;
  Strict::reversed = false;
  Strict::launches = 0;
  const auto found = outcome<typename Machine::template with<Strict>>();
  using S = SegmentOf<Machine>;
  constexpr auto steps = SequenceRun::by_steps;
  BOOST_TEST((Strict::launches > 0) ==
             (Strict::sequence_run<S, false>() != steps || Strict::sequence_run<S, true>() != steps));
  BOOST_TEST(apart(found, wanted) < bound<Machine>);
  Strict::reversed = true;
  BOOST_TEST((found == outcome<typename Machine::template with<Strict>>()));
}
/// A machine in all ways, which the room in shared memory decides.
template <class Machine>
void agree_in_all_ways() {
  using S = SegmentOf<Machine>;
  using device::WeightsIn;
  const auto wanted = outcome<typename Machine::template with<nwm::cpu::Scalar>>();
  agree<Machine>(wanted, device::shared_limit);
  BOOST_TEST((Strict::sequence_run<S, false>() == SequenceRun::weights_in_shared));
  BOOST_TEST((Strict::sequence_run<S, true>() == SequenceRun::weights_in_shared));
  agree<Machine>(wanted, sizeof(typename device::SequenceForward<S, WeightsIn::memory>::Shared));
  BOOST_TEST((Strict::sequence_run<S, false>() == SequenceRun::weights_in_memory));
  agree<Machine>(wanted, sizeof(typename device::SequenceBackward<S, WeightsIn::memory>::Shared));
  BOOST_TEST((Strict::sequence_run<S, true>() == SequenceRun::weights_in_memory));
  agree<Machine>(wanted, 0);
  BOOST_TEST((Strict::sequence_run<S, false>() == SequenceRun::by_steps));
}

constexpr SequenceShape units{.inputs = 3, .steps = 7, .oscillators = 13, .outputs = 2, .lanes = 5};
constexpr SequenceShape ring{.inputs = 3, .steps = 6, .width = 7, .oscillators = 3, .outputs = 2, .lanes = 5};
constexpr SequenceShape frames{.inputs = 2,
                               .steps = 6,
                               .height = 3,
                               .width = 5,
                               .oscillators = 2,
                               .outputs = 2,
                               .lanes = 5,
                               .frames = true};
template <SequenceShape shape, class Cell, class Real, class Positions = AtEnd,
          class Checkpointing = nwm::checkpointing::StoreAll>
using Machine = nwm::SequenceMachine<shape, Cell, Positions, Hidden, nwm::cpu::Scalar, Real, Checkpointing>;

}  // namespace

BOOST_AUTO_TEST_CASE(dense) {
  agree_in_all_ways<Machine<units, cell::CoRnn, double>>();
  agree_in_all_ways<Machine<units, cell::Horn<13>, float, MeanOfSteps>>();
  agree_in_all_ways<Machine<units, cell::Unicornn, double, EveryStep>>();
}
BOOST_AUTO_TEST_CASE(stencils) {
  agree_in_all_ways<Machine<ring, cell::WaveRnn<nwm::Activation::tanh, 5>, double>>();
  agree_in_all_ways<Machine<frames, cell::Nwm23, float, EveryStep>>();
  agree_in_all_ways<Machine<frames, Pulled, double, EveryStep>>();
}
// Several sequences a block, the last one short of some; long sums cut in ways; checkpoints.
BOOST_AUTO_TEST_CASE(groups_and_ways) {
  constexpr SequenceShape many{.inputs = 2, .steps = 3, .oscillators = 40, .outputs = 1, .lanes = 37};
  agree_in_all_ways<Machine<many, cell::CoRnn, double, AtEnd, nwm::checkpointing::Every<1>>>();
  constexpr SequenceShape more{.inputs = 70, .steps = 2, .oscillators = 64, .outputs = 1, .lanes = 259};
  agree_in_all_ways<Machine<more, cell::Horn<64>, double>>();
}
// One weight that is off by a thousandth is seen.
BOOST_AUTO_TEST_CASE(a_planted_error_is_seen) {
  using M = Machine<units, cell::CoRnn, double>;
  Strict::room = device::shared_limit;
  BOOST_TEST(apart(outcome<typename M::with<Strict>>(1e-3), outcome<M>()) > 1e3 * bound<M>);
}

// LinOSS has complex weights: its steps run one by one.
static_assert(!device::sequences_possible<SegmentOf<Machine<units, cell::LinOss<>, float>>>);
// What the study runs is resident: UnICORNN and the wave RNN with their weights on chip, 256 units of a coRNN
// with weights from L2.
template <class Cell, std::size_t width, std::size_t oscillators>
using Pixels = SegmentOf<Machine<
    SequenceShape{
        .inputs = 1, .steps = 784, .width = width, .oscillators = oscillators, .outputs = 10, .lanes = 128},
    Cell, float>>;
BOOST_AUTO_TEST_CASE(what_the_study_runs) {
  using Host = device::Host<>;
  const auto run = []<class S>() {
    return std::array{Host::sequence_run<S, false>(), Host::sequence_run<S, true>()};
  };
  constexpr std::array here{SequenceRun::weights_in_shared, SequenceRun::weights_in_shared};
  constexpr std::array there{SequenceRun::weights_in_memory, SequenceRun::weights_in_memory};
  BOOST_TEST((run.operator()<Pixels<cell::WaveRnn<>, 256, 16>>() == here));
  BOOST_TEST((run.operator()<Pixels<cell::CoRnn, 1, 128>>() == here));
  BOOST_TEST((run.operator()<Pixels<cell::Horn<220>, 1, 220>>() == here));
  BOOST_TEST((run.operator()<Pixels<cell::CoRnn, 1, 256>>() == there));
  BOOST_TEST((run.operator()<Pixels<cell::CoRnn, 1, 512>>()[0] == SequenceRun::by_steps));
}
