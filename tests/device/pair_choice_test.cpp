// When waves run in two blocks an image, and that they then do.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_pair_choice

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <string_view>

#include "nwm/backend/device/host.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/grid/grid.hpp"
#include "waves.hpp"

namespace {

using nwm::Batched;
using nwm::Grid;
using nwm::cell::Wave;
namespace device = nwm::device;

/// A card of so many multiprocessors that says how many clusters it has.
template <std::size_t processors, std::size_t clusters_ = processors / 2, std::size_t kib = 227>
struct Card : device::Sequential {
  static inline std::size_t in_clusters = 0;
  static std::size_t shared_memory() { return kib * 1024; }
  static std::size_t multiprocessors() { return processors; }
  template <class Body>
  static std::size_t clusters() {
    return clusters_;
  }
  template <class Body>
  static void run(const Body& body) {
    if constexpr (device::ClusterBody<Body>) ++in_clusters;
    device::Sequential::run(body);
  }
};
template <class Card, class S>
std::array<std::string_view, 2> names() {
  using On = device::Host<Card>;
  return {On::template steps_choice<S, false>().name, On::template steps_choice<S, true>().name};
}
using Names = std::array<std::string_view, 2>;
constexpr std::string_view two = "resident in two blocks";

}  // namespace

// Where each of two blocks an image has a multiprocessor for itself, and rows enough are saved.
BOOST_AUTO_TEST_CASE(chosen_where_two_pay) {
  using Paper = nwm::model::TimeSegment<Wave, Batched<Grid<64, 64>, 64>, 2, 100, float>;
  BOOST_TEST((names<Card<132>, Paper>() == Names{two, two}));
  BOOST_TEST((names<Card<128>, Paper>() == Names{two, two}));
  BOOST_TEST((names<Card<127>, Paper>() == Names{"resident", "resident"}));
  BOOST_TEST((names<Card<132, 63>, Paper>() == Names{"resident", "resident"}));
  BOOST_TEST((names<Card<132, 0>, Paper>() == Names{"resident", "resident"}));
  BOOST_TEST((names<Card<132, 66, 99>, Paper>() == Names{two, two}));
  BOOST_TEST((names<Card<132, 66, 50>, Paper>()[1] != two));
  using Small = nwm::model::TimeSegment<Wave, Batched<Grid<32, 32>, 2>, 2, 4, float>;
  BOOST_TEST((names<Card<132>, Small>() == Names{"resident", "resident"}));
  using Odd = nwm::model::TimeSegment<Wave, Batched<Grid<63, 64>, 2>, 2, 4, float>;
  BOOST_TEST((names<Card<132>, Odd>() == Names{"resident", "resident"}));
  // One block has too few registers for it.
  using Large = nwm::model::TimeSegment<Wave, Batched<Grid<80, 80>, 2>, 2, 4, float>;
  BOOST_TEST((names<Card<132>, Large>() == Names{two, two}));
  BOOST_TEST((names<Card<3>, Large>() == Names{"by stages", "resident"}));

  const auto choice = device::Host<Card<132>>::steps_choice<Paper, true>();
  BOOST_TEST(choice.taken == sizeof(device::ResidentBackward<Paper, 2, 2>::Shared));
  BOOST_TEST(choice.wanted == choice.taken);
  BOOST_TEST((device::Host<Card<127>>::steps_choice<Paper, true>().wanted ==
              sizeof(device::ResidentBackward<Paper>::Shared)));
}

template <class Problem>
void as_one_block_would(const Problem& problem) {
  Card<8>::in_clusters = 0;
  const auto in_two = problem.template run<device::Host<Card<8>>>();
  BOOST_TEST(Card<8>::in_clusters == 2U);
  const auto in_one = problem.template run<device::Host<Card<1>>>();
  BOOST_TEST((in_two.series == in_one.series));
  BOOST_TEST((in_two.fields == in_one.fields));
  BOOST_TEST(tools::apart(in_two, problem.specified()) < 2e-5);
}
// Gradients of the weights from the two blocks' sums, and from the coupled values on the tape.
BOOST_AUTO_TEST_CASE(what_is_chosen_runs) {
  as_one_block_would(tools::WaveProblem<Wave, Grid<36, 64>, 2, 3, 1, 3, float>(1));
  as_one_block_would(tools::WaveProblem<Wave, Grid<36, 64>, 3, 3, 1, 2, float>(2));
}
