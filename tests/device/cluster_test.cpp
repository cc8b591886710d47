// Waves of many channels in clusters of blocks, an image a cluster, against the run by stages in double, at
// the error that the precision states; and when they run so.
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
#include "nwm/cell/lstm.hpp"
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
  float sent = 1;  ///< size of the gradients that are sent
  std::vector<float> parameters = std::vector<float>(Segment<float>::parameter_count),
                     start = std::vector<float>(fields * columns);

  Problem() {
    nwm::Random random(1);
    for (float& v : parameters) v = static_cast<float>(random.uniform(-0.3, 0.3));
    for (float& v : start) v = static_cast<float>(random.uniform(0, 1));
  }

  /// The whole tape as run(steps) leaves it, which begins `off` numbers behind 64 bytes.
  template <class Real, class Run>
  std::vector<double> tape(const Run& run, std::size_t off = 0) const {
    const std::vector<Real> p(parameters.begin(), parameters.end()), from(start.begin(), start.end());
    nwm::Buffer<Real> room(off + Segment<Real>::Map::planes * length * columns);
    std::fill_n(room.data(), room.size(), std::numeric_limits<Real>::quiet_NaN());
    Segment<Real> steps{cell, p.data(), {}, room.data() + off};
    for (std::size_t f = 0; f < fields; ++f) steps.initial[f] = from.data() + f * columns;
    run(steps);
    return {room.data() + off, room.data() + room.size()};
  }
  /// On B, however it chooses to run.
  template <class B, class Real>
  std::vector<double> run(std::size_t off = 0) const {
    return tape<Real>([&](const auto& steps) { B::run_steps(steps); }, off);
  }
  /// The gradients of the coupled values and of the fields, from the tape of a run by stages in double:
  /// back(steps, series gradient, gradient).
  template <class Real, class Back>
  std::vector<double> gradients(const Back& back) const {
    const auto there = run<device::Host<>, double>();
    const std::vector<Real> p(parameters.begin(), parameters.end()), from(start.begin(), start.end());
    nwm::Buffer<Real> slots(there.size()), fields_(start.size()), series(length * columns);
    nwm::Buffer<Real> initial(start.size());
    std::copy(from.begin(), from.end(), initial.data());
    for (std::size_t k = 0; k < there.size(); ++k) slots.data()[k] = static_cast<Real>(there[k]);
    nwm::Random random(2);
    for (auto* all : {&series, &fields_})
      for (std::size_t k = 0; k < all->size(); ++k)
        all->data()[k] = static_cast<Real>(sent * static_cast<float>(random.uniform(-1, 1)));
    Segment<Real> steps{cell, p.data(), {}, slots.data()};
    for (std::size_t f = 0; f < fields; ++f) steps.initial[f] = initial.data() + f * columns;
    back(steps, series.data(), fields_.data());
    std::vector<double> all(slots.data(), slots.data() + length * columns);
    all.insert(all.end(), fields_.data(), fields_.data() + fields_.size());
    return all;
  }
  template <class System, class Precision>
  std::vector<double> back_in_clusters() const {
    using Body = device::ClusterBackward<Segment<float>, Precision>;
    return gradients<float>([&](const auto& steps, float* series, float* gradient) {
      System::run(Body{steps, series, gradient});
    });
  }
  template <class B, class Real>
  std::vector<double> back() const {
    return gradients<Real>([&](const auto& steps, Real* series, Real* gradient) {
      std::vector<Real> weights(parameters.size());
      nwm::Buffer<Real> scratch(B::template steps_scratch<Segment<Real>>);
      B::run_steps_back(steps, series, gradient, weights.data(), scratch.data());
    });
  }
  /// In clusters on System.
  template <class System, class Precision>
  std::vector<double> in_clusters() const {
    using Body = device::ClusterForward<Segment<float>, Precision>;
    return tape<float>([&](const auto& steps) { System::run(Body{steps}); });
  }
};

/// The largest max |a − b| / max |b| of a field's numbers, of any step and kind; infinite where one is not
/// finite.
double apart(const std::vector<double>& a, const std::vector<double>& b, std::size_t columns) {
  double most = 0;
  for (std::size_t first = 0; first < b.size(); first += columns) {
    double worst = 0, largest = 0;
    for (std::size_t i = first; i < first + columns; ++i) {
      const double d = std::abs(a[i] - b[i]);
      if (!(d <= worst)) worst = std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
      largest = std::max(largest, std::abs(b[i]));
    }
    most = std::max(most, worst / largest);
  }
  return most;
}

/// A precision and the error of numbers after a few steps.
template <class Precision_, int bits>
struct Stated {
  using Precision = Precision_;
  static double most() { return std::exp2(-bits); }
};
using InFull = Stated<precision::Full, 19>;
using All = std::tuple<InFull, Stated<precision::Tf32, 10>, Stated<precision::Bf16, 7>>;

template <class P, class Problem>
void agree(const Problem& problem, unsigned tiles) {
  using S = typename Problem::template Segment<float>;
  using Kernel = device::ClusterForward<S, typename P::Precision>;
  static_assert(Kernel::fits);
  BOOST_TEST_CONTEXT(P::Precision::name << ", " << S::G::height << "x" << S::G::width << ", " << S::channels
                                        << " channels") {
    BOOST_TEST(Kernel::tiles == tiles);
    const auto wanted = problem.template run<device::Host<>, double>();
    const auto got = problem.template in_clusters<Clustered, typename P::Precision>();
    const double error = apart(got, wanted, S::columns);
    BOOST_TEST_MESSAGE(error);
    BOOST_TEST(error < P::most());
    if constexpr (P::Precision::products == 1) BOOST_TEST(error > P::most() / 30);
    BOOST_TEST((got == problem.template in_clusters<Reversed, typename P::Precision>()));
    using Back = device::ClusterBackward<S, typename P::Precision>;
    static_assert(Back::fits == S::G::Boundary::self_adjoint);
    if constexpr (Back::fits) {
      const auto sent = problem.template back<device::Host<>, double>();
      const auto found = problem.template back_in_clusters<Clustered, typename P::Precision>();
      const double back = apart(found, sent, S::columns);
      BOOST_TEST_MESSAGE("back " << back);
      BOOST_TEST(back < P::most());
      BOOST_TEST((found == problem.template back_in_clusters<Reversed, typename P::Precision>()));
    }
  }
}

/// A cell with a bias.
template <class Boundary_>
struct Driven : WaveOn<Boundary_> {
  static constexpr std::string_view name = "driven wave";
  static constexpr Coupling coupling{.name = "cell.Wy", .from = {WaveOn<Boundary_>::y}, .bias = true};
};

/// A field that every step multiplies by the map `gain`, beside its weights.
struct Amplified {
  static constexpr std::string_view name = "amplified";
  enum Field : std::size_t { u, gain };
  static constexpr std::array fields{encoded_state(u, "u", 1, nwm::Activation::none),
                                     given_map(gain, "gain")};
  static constexpr std::size_t recorded = u;
  static constexpr Coupling coupling{.name = "couple", .from = {u}};
  template <class Site>
  static constexpr void update(const Amplified&, const Site& now, Site& next) {
    next[u] = now.coupled() * now[gain];
  }
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
  using P = InFull;
  agree<P>(Problem<Wave, Batched<Grid<16, 125>, 2>, 16, 4>(), 1);
  agree<P>(Problem<WaveOn<Zero>, Grid<8, 128, Zero>, 16, 4>(), 1);
}
BOOST_AUTO_TEST_CASE_TEMPLATE(a_bias, P, All) {
  agree<P>(Problem<Driven<Zero>, Batched<Grid<16, 20, Zero>, 2>, 11, 4>(), 2);
}

// What grows or shrinks in a step by more than its scale had foreseen gets another; so does what was 0.
BOOST_AUTO_TEST_CASE_TEMPLATE(leaps, P, All) {
  for (const float gain : {1e-7F, 1e-3F, 1.0F, 1e3F, 1e7F}) {
    Problem<Amplified, Batched<Grid<16, 20>, 2>, 16, 4> problem;
    std::fill(problem.start.begin() + problem.columns, problem.start.end(), gain);
    agree<P>(problem, 2);
  }
  Problem<Wave, Grid<16, 20>, 16, 3> rest;
  std::fill_n(rest.start.begin() + rest.columns * Wave::y, rest.columns, 0.0F);
  for (std::size_t k = 0; k < rest.columns; ++k) rest.start[rest.columns * Wave::z + k] -= 0.5F;
  const auto got = rest.in_clusters<Clustered, typename P::Precision>();
  const auto wanted = rest.run<device::Host<>, double>();
  // The first coupled values are 0.
  const auto later = static_cast<std::ptrdiff_t>(rest.columns);
  BOOST_TEST(apart({got.begin() + later, got.end()}, {wanted.begin() + later, wanted.end()}, rest.columns) <
             P::most());
}

// What is not finite is told where it is seen, and there alone.
BOOST_AUTO_TEST_CASE_TEMPLATE(infinities_and_nan_stay, P, All) {
  using Now = Problem<Wave, Grid<16, 20>, 16, 1>;
  for (const float odd : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    Now problem;
    const auto fine = problem.run<device::Host<>, double>();
    problem.start[Now::columns * Wave::y + 3 * 320 + 7 * 20 + 16] = odd;
    const auto got = problem.in_clusters<Clustered, typename P::Precision>();
    double worst = 0;
    for (std::size_t k = 0; k < Now::columns; ++k) {
      const std::size_t y = k / 20 % 16, x = k % 20;
      if (y >= 6 && y <= 8 && x >= 15 && x <= 17) BOOST_REQUIRE(!std::isfinite(got[k]));
      else worst = std::max(worst, std::abs(got[k] - fine[k]));
    }
    BOOST_TEST(worst < 30 * P::most());
  }
}

// The comparison sees one weight that is off by a hundredth.
BOOST_AUTO_TEST_CASE(a_planted_error_is_seen) {
  Problem<Wave, Grid<16, 20>, 16, 3> problem;
  const auto wanted = problem.run<device::Host<>, double>();
  problem.parameters[7] *= 1.01F;
  BOOST_TEST(apart(problem.in_clusters<Clustered, precision::Full>(), wanted, problem.columns) >
             10 * InFull::most());
}

namespace {

/// A card with clusters whose blocks can have less shared memory.
struct Small : Clustered {
  static std::size_t shared_memory() { return 163 * 1024; }
};
/// One that has none so large.
struct None : Clustered {
  template <class Body>
  static std::size_t clusters() {
    return 0;
  }
};

}  // namespace

// What the device has decides, and the tape's place: four numbers are stored at once.
BOOST_AUTO_TEST_CASE(chosen_where_there_are_clusters) {
  using P = Problem<Wave, Grid<128, 128>, 16, 1>;
  using S = P::Segment<float>;
  const auto name = [](auto system) {
    return device::Host<decltype(system)>::template steps_choice<S, false>().name;
  };
  BOOST_TEST(name(Clustered{}) == "resident in a cluster");
  BOOST_TEST(name(Small{}) == "by stages");
  BOOST_TEST(name(None{}) == "by stages");
  BOOST_TEST(name(device::Sequential{}) == "by stages");
  const auto choice = device::Host<None>::steps_choice<S, false>();
  BOOST_TEST(choice.wanted == sizeof(device::ClusterForward<S, precision::Full>::Shared));
  BOOST_TEST(choice.taken == 0U);
  BOOST_TEST((device::Host<Clustered>::steps_choice<S, false>().taken == choice.wanted));

  const Problem<Wave, Grid<16, 20>, 16, 2> small;
  Clustered::run_so_far = 0;
  const auto by_stages = small.run<device::Host<None>, float>();
  BOOST_TEST((small.run<device::Host<Clustered>, float>(1) == by_stages));
  BOOST_TEST(Clustered::run_so_far == 0U);
  const auto together = small.run<device::Host<Clustered>, float>(4);
  BOOST_TEST(Clustered::run_so_far == 1U);
  BOOST_TEST((together == small.in_clusters<Clustered, precision::Full>()));
  BOOST_TEST(apart(together, by_stages, small.columns) < InFull::most());
}

// What is not one of these waves is run otherwise.
template <class Cell, class G, std::size_t channels, class Real>
constexpr bool fits =
    device::ClusterForward<nwm::model::TimeSegment<Cell, G, channels, 3, Real>, precision::Full>::fits;
static_assert(fits<Wave, Batched<Grid<128, 128>, 64>, 16, float>);
static_assert(!fits<Wave, Grid<128, 128>, 16, double>);
static_assert(!fits<Wave, Grid<128, 128>, 17, float>);
static_assert(!fits<Wave, Grid<128, 128>, 2, float>);
static_assert(!fits<Wave, Grid<128, 144>, 16, float>);
static_assert(!fits<Wave, Grid<136, 128>, 16, float>);
static_assert(!fits<Wave, Grid<17, 16>, 16, float>);
static_assert(!fits<Lstm, Grid<16, 16>, 16, float>);
