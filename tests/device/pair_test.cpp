// Waves that stay on chip in two blocks an image: the bits of one block, with the threads of both isolated
// from each other; and when they run so.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_pair

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

#include "isolated.hpp"
#include "nwm/backend/device/host.hpp"
#include "nwm/cell/gru.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/random.hpp"
#include "pulled.hpp"
#include "waves.hpp"

namespace {

using nwm::Batched;
using nwm::Grid;
using nwm::Periodic;
using nwm::Reflecting;
using nwm::Zero;
using namespace nwm::cell;
namespace device = nwm::device;

/// A user's: it shows a row of the other half above, and zeros below.
struct Skewed {
  static constexpr std::string_view name = "skewed";
  static constexpr bool self_adjoint = false;
  static constexpr std::ptrdiff_t source(std::ptrdiff_t i, std::ptrdiff_t n) {
    return i < 0 ? n - 2 : i >= n ? -1 : i;
  }
};

/// What stands in memory after a run forward, or after one back.
template <class Real>
struct Left {
  std::vector<Real> tape, gradient, partial;
};

/// Runs of a segment in `parts` blocks an image on System.
template <class Cell, class G, std::size_t channels, class Real, std::size_t length = 5>
struct Waves {
  using S = nwm::model::TimeSegment<Cell, G, channels, length, Real>;
  template <unsigned parts, class Body>
  using In = std::conditional_t<parts == 1, Body, device::InCluster<Body>>;
  template <unsigned parts>
  using Forward = device::ResidentForward<S, parts>;
  template <unsigned parts, std::size_t copies>
  using Backward = device::ResidentBackward<S, copies, parts>;

  static std::vector<Real> random(std::size_t count, std::uint64_t seed) {
    nwm::Random from(seed);
    std::vector<Real> all(count);
    for (Real& v : all) v = static_cast<Real>(from.uniform(-0.5, 0.5));
    return all;
  }
  const std::vector<Real> parameters = random(S::parameter_count, 1),
                          start = random(S::fields * S::columns, 2);

  S steps(std::vector<Real>& tape) const {
    S all{Cell{}, parameters.data(), {}, tape.data()};
    for (std::size_t f = 0; f < S::fields; ++f) all.initial[f] = start.data() + f * S::columns;
    return all;
  }
  template <class System, unsigned parts>
  std::vector<Real> there() const {
    std::vector<Real> tape(S::Map::planes * length * S::columns, std::numeric_limits<Real>::quiet_NaN());
    if constexpr (parts == 1) System::run(Forward<1>{steps(tape)});
    else System::run(device::InCluster<Forward<parts>>{{steps(tape)}});
    return tape;
  }
  template <class System, unsigned parts, std::size_t copies>
  Left<Real> back(const std::vector<Real>& from) const {
    const auto series = random(length * S::columns, 3);
    Left<Real> all{from, random(S::fields * S::columns, 4),
                   std::vector<Real>(parts * S::images * S::parameter_count)};
    const Backward<parts, copies> body{steps(all.tape), series.data(), all.gradient.data(),
                                       all.partial.data()};
    if constexpr (parts == 1) System::run(body);
    else System::run(device::InCluster<Backward<parts, copies>>{body});
    return all;
  }
};

/// The sum over all blocks.
template <class Real>
std::vector<Real> added(const std::vector<Real>& partial, std::size_t parameters) {
  std::vector<Real> all(parameters);
  for (std::size_t k = 0; k < partial.size(); ++k) all[k % parameters] += partial[k];
  return all;
}

template <class Cell, class G, std::size_t channels, class Real>
void agree() {
  using W = Waves<Cell, G, channels, Real>;
  static_assert(W::template Forward<1>::fits && W::template Forward<2>::fits);
  const W waves;
  const auto tape = waves.template there<device::Sequential, 1>();
  BOOST_TEST(std::all_of(tape.begin(), tape.end(), [](Real v) { return std::isfinite(v); }));
  BOOST_TEST((tape == waves.template there<device::Sequential, 2>()));
  BOOST_TEST((tape == waves.template there<tools::Isolated, 2>()));
  if constexpr (G::Boundary::self_adjoint) {
    using B = typename W::template Backward<2, 2>;
    static_assert(B::fits);
    const auto one = waves.template back<device::Sequential, 1, 2>(tape);
    const auto same = [&](const Left<Real>& two) {
      BOOST_TEST((one.tape == two.tape));
      BOOST_TEST((one.gradient == two.gradient));
      constexpr double rounding = sizeof(Real) == 4 ? 1e-5 : 1e-14;
      if constexpr (B::sums)
        BOOST_TEST(tools::apart(added(two.partial, W::S::parameter_count),
                                added(one.partial, W::S::parameter_count)) < rounding);
      return two.partial;
    };
    const auto partial = same(waves.template back<device::Sequential, 2, 2>(tape));
    BOOST_TEST((partial == same(waves.template back<tools::Isolated, 2, 2>(tape))));
    BOOST_TEST((partial == same(waves.template back<tools::Isolated, 2, 1>(tape))));
  }
}

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

BOOST_AUTO_TEST_CASE(boundaries) {
  agree<Wave, Batched<Grid<8, 6>, 3>, 2, float>();
  agree<WaveOn<Zero>, Batched<Grid<8, 6, Zero>, 2>, 1, double>();
  agree<WaveOn<Reflecting>, Batched<Grid<6, 7, Reflecting>, 2>, 2, float>();
  agree<WaveOn<Skewed>, Batched<Grid<10, 3, Skewed>, 2>, 2, float>();
}
BOOST_AUTO_TEST_CASE(two_rows) {
  agree<Wave, Batched<Grid<2, 5>, 2>, 2, float>();
  agree<WaveOn<Zero>, Grid<2, 5, Zero>, 2, float>();
  agree<WaveOn<Reflecting>, Grid<2, 5, Reflecting>, 2, float>();
}
// Strips of several rows, the last one short.
BOOST_AUTO_TEST_CASE(long_strips) {
  agree<Wave, Batched<Grid<12, 130>, 2>, 2, float>();
  agree<WaveOn<Zero>, Grid<10, 200, Zero>, 1, float>();
  agree<WaveOn<Reflecting>, Grid<10, 200, Reflecting>, 1, float>();
}
BOOST_AUTO_TEST_CASE(several_stages_and_maps) {
  agree<tools::Pulled, Batched<Grid<6, 5>, 2>, 1, double>();
  agree<tools::Pulled, Batched<Grid<6, 5>, 2>, 1, float>();
  agree<tools::Pulled, Batched<Grid<8, 4, Zero>, 2>, 1, float>();
  agree<tools::Pulled, Batched<Grid<8, 4, Reflecting>, 2>, 1, float>();
  agree<Gru, Batched<Grid<4, 6>, 2>, 2, float>();
  agree<Lstm, Batched<Grid<6, 5>, 2>, 2, double>();
}

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
  const auto other = device::Host<Card<127>>::steps_choice<Paper, true>();
  BOOST_TEST(other.wanted == sizeof(device::ResidentBackward<Paper>::Shared));
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
