// Which kernels run the steps on devices with less shared memory, and what they give: the same numbers; an
// error with the remedy where there is no other way.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_shared_memory

#include "nwm/backend/device/shared_memory.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "nwm/cell/co_rnn.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/error.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/model/sequence_machine.hpp"
#include "nwm/model/wave_machine.hpp"
#include "pulled.hpp"
#include "waves.hpp"

namespace {

using nwm::Grid;
using namespace nwm::cell;
namespace device = nwm::device;

/// A device whose blocks can have `kib` KiB. It refuses what needs more and counts what it launches.
template <std::size_t kib>
struct Card : device::Sequential {
  static inline std::size_t launches = 0, most = 0;
  static std::size_t shared_memory() { return kib * 1024; }
  template <class Body>
  static void run(const Body& body) {
    ++launches;
    most = std::max(most, sizeof(typename Body::Shared));
    device::Sequential::run(body);
  }
};
template <std::size_t kib>
using On = device::Host<Card<kib>>;

/// The outcome of a problem, on a card that has launched nothing too large.
template <std::size_t kib, class Problem>
auto outcome(const Problem& problem) {
  Card<kib>::launches = Card<kib>::most = 0;
  const auto found = problem.template run<On<kib>>();
  BOOST_TEST(Card<kib>::most <= kib * 1024);
  return found;
}

template <class S, std::size_t kib>
std::array<std::string_view, 2> names() {
  const std::array choices{On<kib>::template steps_choice<S, false>(),
                           On<kib>::template steps_choice<S, true>()};
  for (const auto& choice : choices) {
    BOOST_TEST(choice.available == kib * 1024);
    BOOST_TEST(choice.taken <= choice.available);
    BOOST_TEST(choice.taken <= choice.wanted);
    BOOST_TEST((choice.taken == 0) == (choice.name.starts_with("by ")));
  }
  return {choices[0].name, choices[1].name};
}
using Names = std::array<std::string_view, 2>;

constexpr double bound = 2e-5;

}  // namespace

// Two copies of a coupled value's gradient fit in 227 KiB, one in 163, none in 99. Forward it would take more
// registers than a thread has.
BOOST_AUTO_TEST_CASE(waves_on_three_cards) {
  using S = nwm::model::TimeSegment<Wave, nwm::Batched<Grid<80, 80>, 2>, 2, 3, float>;
  BOOST_TEST((names<S, 227>() == Names{"by stages", "resident"}));
  BOOST_TEST((names<S, 163>() == Names{"by stages", "resident in less"}));
  BOOST_TEST((names<S, 99>() == Names{"by stages", "by stages"}));
  BOOST_TEST((On<99>::steps_choice<S, true>().wanted == sizeof(device::ResidentBackward<S, 2>::Shared)));

  const tools::WaveProblem<Wave, Grid<80, 80>, 2, 3, 1, 2, float> problem(1);
  const auto wanted = problem.specified();
  const auto most = outcome<227>(problem), less = outcome<163>(problem), least = outcome<99>(problem);
  BOOST_TEST(Card<227>::launches == 3 + 1);
  BOOST_TEST(Card<163>::launches == 3 + 1);
  BOOST_TEST(Card<99>::launches == 3 + 3 + 1);
  BOOST_TEST((most == less));
  BOOST_TEST(tools::apart(most, wanted) < bound);
  BOOST_TEST(tools::apart(least, wanted) < bound);
}
// Gradients of the weights from the coupled values on the tape, whoever left them there; in two segments.
BOOST_AUTO_TEST_CASE(many_parameters_on_three_cards) {
  using S = nwm::model::TimeSegment<Wave, nwm::Batched<Grid<56, 64>, 1>, 3, 2, float>;
  static_assert(!device::ResidentBackward<S>::sums);
  BOOST_TEST((names<S, 227>() == Names{"resident", "resident"}));
  BOOST_TEST((names<S, 163>() == Names{"resident", "resident in less"}));
  BOOST_TEST((names<S, 99>() == Names{"resident", "by stages"}));

  const tools::WaveProblem<Wave, Grid<56, 64>, 3, 2, 2, 1, float> problem(2);
  const auto most = outcome<227>(problem), less = outcome<163>(problem), least = outcome<99>(problem);
  BOOST_TEST((most == less));
  BOOST_TEST(tools::apart(most, problem.specified()) < bound);
  BOOST_TEST(tools::apart(least, problem.specified()) < bound);
}
// Forward alone, in a cell that gathers two fields; backward it would take more registers.
BOOST_AUTO_TEST_CASE(a_users_waves_on_three_cards) {
  using S = nwm::model::TimeSegment<tools::Pulled, nwm::Batched<Grid<100, 128>, 1>, 1, 3, float>;
  BOOST_TEST((names<S, 227>() == Names{"resident", "by stages"}));
  BOOST_TEST((names<S, 163>() == Names{"resident", "by stages"}));
  BOOST_TEST((names<S, 99>() == Names{"by stages", "by stages"}));

  const tools::WaveProblem<tools::Pulled, Grid<100, 128>, 1, 3, 1, 1, float> problem(3);
  const auto most = outcome<227>(problem), less = outcome<163>(problem), least = outcome<99>(problem);
  BOOST_TEST((most == less));
  BOOST_TEST(tools::apart(most, problem.specified()) < bound);
  BOOST_TEST(tools::apart(least, problem.specified()) < bound);
}
// What the paper's Tetrominoes machine runs is resident on every card.
BOOST_AUTO_TEST_CASE(the_papers_waves_are_resident_everywhere) {
  using S = nwm::model::TimeSegment<Wave, nwm::Batched<Grid<64, 64>, 64>, 2, 100, float>;
  BOOST_TEST((names<S, 227>() == Names{"resident", "resident"}));
  BOOST_TEST((names<S, 163>() == Names{"resident", "resident"}));
  BOOST_TEST((names<S, 99>() == Names{"resident", "resident in less"}));
}

BOOST_AUTO_TEST_CASE(machines_say_how_their_steps_run) {
  using Waves = nwm::WaveMachine<nwm::Shape{.height = 128, .width = 128, .oscillators = 16, .steps = 4}>;
  BOOST_TEST((names<Waves::with<On<227>>::Segment, 227>() == Names{"by stages", "by stages"}));
  using Back = device::ClusterBackward<Waves::with<On<227>>::Segment, device::precision::Full>;
  BOOST_TEST((On<227>::steps_choice<Waves::with<On<227>>::Segment, true>().wanted == sizeof(Back::Shared)));
  using Sequences = nwm::SequenceMachine<
      nwm::SequenceShape{.inputs = 1, .steps = 20, .oscillators = 128, .outputs = 3, .lanes = 128}, CoRnn>;
  BOOST_TEST((names<Sequences::with<On<227>>::Segment, 227>() ==
              Names{"weights in shared memory", "weights in shared memory"}));
  BOOST_TEST(
      (names<Sequences::with<On<99>>::Segment, 99>() == Names{"weights in memory", "weights in memory"}));
}

// Less than any device has that nwm knows: the only kernel there is does not fit.
BOOST_AUTO_TEST_CASE(an_error_says_what_is_needed_and_what_helps) {
  const tools::WaveProblem<Wave, Grid<64, 64>, 2, 2, 1, 1, float> problem(1);
  try {
    outcome<50>(problem);
    BOOST_FAIL("it ran");
  } catch (const nwm::Error& error) {
    using S = nwm::model::TimeSegment<Wave, nwm::Batched<Grid<64, 64>, 1>, 2, 2, float>;
    BOOST_TEST(error.found().find(std::to_string(sizeof(device::ResidentForward<S>::Shared))) !=
               std::string::npos);
    BOOST_TEST(error.found().find("a smaller grid") != std::string::npos);
    BOOST_TEST(error.expected().find("51200") != std::string::npos);
  }
}
