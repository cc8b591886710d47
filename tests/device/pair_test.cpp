// Waves that stay on chip in two blocks an image: the bits of one block, with the threads of both isolated
// from each other.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_pair

#include <algorithm>
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
#include "nwm/tape/series_map.hpp"
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

template <class System, class Body>
void run(const Body& body) {
  if constexpr (Body::parts == 1) System::run(body);
  else System::run(device::InCluster<Body>{body});
}

/// Runs of five steps in `parts` blocks an image on System.
template <class Cell, class G, std::size_t channels, class Real, class Map>
struct Waves {
  static constexpr std::size_t length = 5;
  using S = nwm::model::TimeSegment<Cell, G, channels, length, Real, nwm::model::NoInput, Map>;
  using Numbers = std::vector<Real>;
  /// What a run back leaves.
  struct Left {
    Numbers tape, gradient, partial;
  };

  static Numbers random(std::size_t count, std::uint64_t seed) {
    nwm::Random from(seed);
    Numbers all(count);
    for (Real& v : all) v = static_cast<Real>(from.uniform(-0.5, 0.5));
    return all;
  }
  const Numbers parameters = random(S::parameter_count, 1), start = random(S::fields * S::columns, 2);

  S steps(Numbers& tape) const {
    S all{Cell{}, parameters.data(), {}, tape.data()};
    for (std::size_t f = 0; f < S::fields; ++f) all.initial[f] = start.data() + f * S::columns;
    return all;
  }
  template <class System, unsigned parts>
  Numbers there() const {
    Numbers tape(S::Map::planes_of(length) * S::columns, std::numeric_limits<Real>::quiet_NaN());
    // A plane that these runs leave alone.
    if (!Map::keeps_coupled) std::fill_n(tape.rbegin(), S::columns, Real(0));
    run<System>(device::ResidentForward<S, parts>{steps(tape)});
    return tape;
  }
  template <class System, unsigned parts, std::size_t copies>
  Left back(const Numbers& from) const {
    Numbers series = random(length * S::columns, 3);
    Left all{from, random(S::fields * S::columns, 4), Numbers(parts * S::images * S::parameter_count)};
    S from_tape = steps(all.tape);
    from_tape.sent = series.data();
    run<System>(device::ResidentBackward<S, copies, parts>{from_tape, series.data(), all.gradient.data(),
                                                           all.partial.data()});
    all.tape.insert(all.tape.end(), series.begin(), series.end());
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

template <class Cell, class G, std::size_t channels, class Real, class Map = TapeMap<Cell>>
void agree() {
  using W = Waves<Cell, G, channels, Real, Map>;
  using S = typename W::S;
  static_assert(device::ResidentForward<S>::fits && device::ResidentForward<S, 2>::fits);
  const W waves;
  const auto tape = waves.template there<device::Sequential, 1>();
  BOOST_TEST(std::all_of(tape.begin(), tape.end(), [](Real v) { return std::isfinite(v); }));
  BOOST_TEST((tape == waves.template there<device::Sequential, 2>()));
  BOOST_TEST((tape == waves.template there<tools::Isolated, 2>()));
  if constexpr (G::Boundary::self_adjoint) {
    using B = device::ResidentBackward<S, 2, 2>;
    static_assert(B::fits);
    const auto one = waves.template back<device::Sequential, 1, 2>(tape);
    const auto same = [&](const typename W::Left& two) {
      BOOST_TEST((one.tape == two.tape));
      BOOST_TEST((one.gradient == two.gradient));
      constexpr double rounding = sizeof(Real) == 4 ? 1e-5 : 1e-14;
      if constexpr (B::sums)
        BOOST_TEST(tools::apart(added(two.partial, S::parameter_count),
                                added(one.partial, S::parameter_count)) < rounding);
      return two.partial;
    };
    const auto partial = same(waves.template back<device::Sequential, 2, 2>(tape));
    BOOST_TEST((partial == same(waves.template back<tools::Isolated, 2, 2>(tape))));
    BOOST_TEST((partial == same(waves.template back<tools::Isolated, 2, 1>(tape))));
  }
}

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
BOOST_AUTO_TEST_CASE(tapes_that_are_their_series) {
  agree<Wave, Batched<Grid<8, 6>, 3>, 2, float, SeriesMap<Wave>>();
  agree<WaveOn<Zero>, Batched<Grid<10, 130, Zero>, 2>, 2, double, SeriesMap<WaveOn<Zero>>>();
  agree<Wave, Batched<Grid<6, 7>, 2>, 4, float, SeriesMap<Wave>>();
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
