// Waves of many channels in clusters of blocks, an image a cluster: against the run by stages in double, at
// the error that the precision states, and against the run by stages in float.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_cluster

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <tuple>
#include <vector>

#include "nwm/backend/device/host.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/random.hpp"

namespace {

using nwm::Batched;
using nwm::Grid;
using nwm::Periodic;
using nwm::Reflecting;
using nwm::Zero;
using namespace nwm::cell;
namespace device = nwm::device;
namespace precision = nwm::device::precision;

/// A host system that says it has clusters, and counts them.
struct Clustered : device::Sequential {
  static inline std::size_t run_so_far = 0;
  template <class Body>
  static std::size_t clusters() {
    return 7;
  }
  template <class Body>
  static void run(const Body& body) {
    if constexpr (device::ClusterBody<Body>) ++run_so_far;
    device::Sequential::run(body);
  }
};

/// The same with blocks, threads and warps from the last to the first, and shared memory that begins as NaN:
/// where one reads what another writes in the same phase, it gives other numbers.
struct Reversed : Clustered {
  template <class Body>
  struct Cluster {
    using Warp = device::HostWarp;
    struct Memory {
      typename Body::Shared shared;
      std::array<typename Body::template WarpLocal<Warp>, Body::threads / Warp::lanes> warps{};
    };
    struct Block {
      std::size_t index;
      unsigned rank;
      typename Body::Shared& shared;
      Memory* memory;
      typename Body::Shared& of(unsigned other) const { return memory[other].shared; }
    };
    std::size_t index;
    std::unique_ptr<Memory[]> memory = std::make_unique<Memory[]>(Body::cluster);

    explicit Cluster(std::size_t number) : index(number) {
      for (std::size_t b = 0; b < Body::cluster; ++b)
        std::memset(static_cast<void*>(&memory[b].shared), 0xff, sizeof memory[b].shared);
    }
    template <class F>
    void warps(const F& f) {
      for (unsigned rank = Body::cluster; rank-- > 0;)
        for (std::size_t warp = memory[rank].warps.size(); warp-- > 0;)
          f(Block{index * Body::cluster + rank, rank, memory[rank].shared, memory.get()},
            Warp{static_cast<unsigned>(warp)}, memory[rank].warps[warp]);
    }
    /// What it says is the same for all warps must be.
    template <class F>
    bool same(const F& f) {
      std::size_t yes = 0, all = 0;
      warps([&](const auto& block, const auto& warp, auto& local) {
        yes += f(block, warp, local) ? 1 : 0;
        ++all;
      });
      BOOST_REQUIRE(yes == 0 || yes == all);
      return yes > 0;
    }
  };
  template <class Body>
  static void run(const Body& body) {
    if constexpr (device::ClusterBody<Body>) {
      for (std::size_t index = Body::blocks / Body::cluster; index-- > 0;) {
        Cluster<Body> cluster(index);
        body(cluster);
      }
    } else {
      Clustered::run(body);
    }
  }
};

/// Numbers of a run of steps: the parameters, the fields at the start.
template <class Cell, class G, std::size_t channels, std::size_t length>
struct Problem {
  template <class Real>
  using Segment = nwm::model::TimeSegment<Cell, G, channels, length, Real>;
  static constexpr std::size_t columns = Segment<float>::columns, fields = Segment<float>::fields;

  Cell cell{};
  std::vector<float> parameters = std::vector<float>(Segment<float>::parameter_count),
                     start = std::vector<float>(fields * columns);

  Problem() {
    nwm::Random random(1);
    for (float& v : parameters) v = static_cast<float>(random.uniform(-0.3, 0.3));
    for (float& v : start) v = static_cast<float>(random.uniform(0, 1));
  }

  /// The whole tape on B.
  template <class B, class Real>
  std::vector<double> run(std::size_t off = 0) const {
    const std::vector<Real> p(parameters.begin(), parameters.end()), from(start.begin(), start.end());
    nwm::Buffer<Real> room(off + Segment<Real>::Map::planes * length * columns);
    Real* const slots = room.data() + off;
    std::fill_n(room.data(), room.size(), std::numeric_limits<Real>::quiet_NaN());
    std::array<const Real*, fields> initial;
    for (std::size_t f = 0; f < fields; ++f) initial[f] = from.data() + f * columns;
    B::template run_steps<Cell, G, channels, length>(cell, p.data(), initial, slots);
    return {slots, room.data() + room.size()};
  }
};

/// max |a − b| / max |b|; infinite where a number is not finite.
double apart(const std::vector<double>& a, const std::vector<double>& b) {
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double d = std::abs(a[i] - b[i]);
    if (!(d <= worst)) worst = std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
    largest = std::max(largest, std::abs(b[i]));
  }
  return worst / largest;
}

/// A precision and the error of the tape's numbers after a few steps.
template <class Precision_, int bits>
struct Stated {
  using Precision = Precision_;
  static double most() { return std::exp2(-bits); }
};
using All = std::tuple<Stated<precision::Full, 20>, Stated<precision::Tf32, 11>, Stated<precision::Bf16, 8>>;

template <class S, class P>
using Kernel = device::ClusterForward<S, typename P::Precision>;

template <class P, class Problem>
void agree(const Problem& problem, unsigned tiles) {
  using S = typename Problem::template Segment<float>;
  static_assert(Kernel<S, P>::fits);
  BOOST_TEST_CONTEXT(P::Precision::name << ", " << S::G::height << "x" << S::G::width << ", " << S::channels
                                        << " channels") {
    BOOST_TEST((Kernel<S, P>::tiles == tiles));
    using On = device::Host<Clustered, 1, typename P::Precision>;
    const auto wanted = problem.template run<device::Host<>, double>();
    const std::size_t before = Clustered::run_so_far;
    const auto got = problem.template run<On, float>();
    BOOST_TEST(Clustered::run_so_far == before + 1);
    BOOST_TEST_MESSAGE(apart(got, wanted));
    BOOST_TEST(apart(got, wanted) < P::most());
    if constexpr (P::Precision::products == 1) BOOST_TEST(apart(got, wanted) > P::most() / 300);
    BOOST_TEST((got == problem.template run<device::Host<Reversed, 1, typename P::Precision>, float>()));
    const auto by_stages =
        problem.template run<device::Host<device::Sequential, 1, typename P::Precision>, float>();
    BOOST_TEST(apart(got, by_stages) < P::most());
  }
}

/// A cell with a bias.
template <class Boundary_>
struct Driven : WaveOn<Boundary_> {
  static constexpr std::string_view name = "driven wave";
  static constexpr Coupling coupling{.name = "cell.Wy", .from = {WaveOn<Boundary_>::y}, .bias = true};
};

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(periodic, P, All) {
  agree<P>(Problem<Wave, Batched<Grid<16, 32>, 2>, 16, 4>(), 2);
  agree<P>(Problem<Wave, Batched<Grid<24, 37>, 3>, 13, 3>(), 2);
}
BOOST_AUTO_TEST_CASE_TEMPLATE(zero, P, All) {
  agree<P>(Problem<WaveOn<Zero>, Batched<Grid<15, 20, Zero>, 2>, 8, 4>(), 2);
  agree<P>(Problem<WaveOn<Zero>, Batched<Grid<8, 6, Zero>, 1>, 9, 3>(), 2);
}
BOOST_AUTO_TEST_CASE_TEMPLATE(reflecting, P, All) {
  agree<P>(Problem<WaveOn<Reflecting>, Batched<Grid<32, 33, Reflecting>, 1>, 16, 3>(), 2);
  agree<P>(Problem<WaveOn<Reflecting>, Batched<Grid<7, 3, Reflecting>, 3>, 10, 3>(), 2);
}
// The study's: the tile stands there once where a number has two parts.
BOOST_AUTO_TEST_CASE_TEMPLATE(sixteen_blocks, P, All) {
  agree<P>(Problem<Wave, Grid<128, 128>, 16, 2>(), P::Precision::products == 3 ? 1 : 2);
}
BOOST_AUTO_TEST_CASE(one_tile) {
  using P = Stated<precision::Full, 20>;
  agree<P>(Problem<Wave, Batched<Grid<16, 125>, 2>, 16, 4>(), 1);
  agree<P>(Problem<WaveOn<Zero>, Grid<8, 128, Zero>, 16, 4>(), 1);
}
BOOST_AUTO_TEST_CASE_TEMPLATE(a_bias, P, All) {
  agree<P>(Problem<Driven<Zero>, Batched<Grid<16, 20, Zero>, 2>, 11, 4>(), 2);
}
