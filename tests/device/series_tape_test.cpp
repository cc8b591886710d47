// A tape that is its series, a third of the memory, beside one that keeps all: the same steps, and gradients
// that differ by rounding, however the waves run.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_series_tape

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "nwm/backend/device/host.hpp"
#include "nwm/backend/device/whole_tape.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/cell/stable_wave.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/model/wave_machine.hpp"
#include "pulled.hpp"
#include "training.hpp"
#include "waves.hpp"

namespace {

using nwm::Batched;
using nwm::Grid;
using nwm::Reflecting;
using nwm::Zero;
using namespace nwm::cell;
namespace device = nwm::device;

/// A host system that says it has clusters.
struct Clustered : device::Sequential {
  template <class Body>
  static std::size_t clusters() {
    return 7;
  }
};
/// Nothing is resident: all waves run by stages.
struct ByStages : device::Host<>, device::Waves<ByStages, device::precision::Full, 0> {
  using W = device::Waves<ByStages, device::precision::Full, 0>;
  using W::run_steps, W::run_steps_back, W::series_tape, W::steps_scratch;
  using device::Host<>::run;
  static std::size_t shared_memory() { return 0; }
};
template <class B>
using Whole = device::WholeTape<B>;

template <class Cell, class G, std::size_t channels, std::size_t length, std::size_t segments,
          std::size_t images, class Real>
struct Compare {
  using Problem = tools::WaveProblem<Cell, G, channels, length, segments, images, Real>;
  template <class B>
  using Waves = typename Problem::template Waves<B, Batched<G, images>>;

  /// On B: what a run gives, whole in memory and by its series.
  template <class B>
  static void on(double bound) {
    using Series = Waves<B>;
    static_assert(!Series::Map::keeps_coupled && Waves<Whole<B>>::Map::keeps_coupled);
    static_assert(Series::Map::planes_of(length) == length + 2 &&
                  Waves<Whole<B>>::Map::planes_of(length) == 3 * length);
    Problem problem(1);
    // Large enough that tanh bends, and long enough that z is far from where it began.
    for (Real& w : problem.parameters) w *= Real(2);
    const auto series = problem.template run<B>(), whole = problem.template run<Whole<B>>();
    BOOST_TEST(series.series == whole.series);
    const double fields = tools::apart(series.fields, whole.fields),
                 parameters = tools::apart(series.parameters, whole.parameters);
    BOOST_TEST_MESSAGE(fields << " " << parameters);
    BOOST_TEST(fields < bound);
    BOOST_TEST(parameters < bound);
    // They are other sums: what follows from the series is not what was kept.
    BOOST_TEST(!(series.fields == whole.fields));
  }
};

template <class Real>
constexpr double bound = sizeof(Real) == 4 ? 4e-6 : 1e-14;

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(resident, Real, decltype(std::tuple<float, double>())) {
  Compare<Wave, Grid<8, 9>, 2, 7, 1, 3, Real>::template on<device::Host<>>(bound<Real>);
  Compare<WaveOn<Zero>, Grid<9, 7, Zero>, 1, 5, 2, 2, Real>::template on<device::Host<>>(bound<Real>);
  Compare<StableWave, Grid<7, 5>, 4, 6, 1, 2, Real>::template on<device::Host<>>(bound<Real>);
}
BOOST_AUTO_TEST_CASE_TEMPLATE(by_stages, Real, decltype(std::tuple<float, double>())) {
  Compare<Wave, Grid<8, 9>, 2, 7, 1, 3, Real>::template on<ByStages>(bound<Real>);
  Compare<WaveOn<Reflecting>, Grid<9, 35, Reflecting>, 2, 5, 2, 2, Real>::template on<ByStages>(bound<Real>);
  Compare<Wave, Grid<9, 35>, 20, 5, 1, 2, Real>::template on<device::Host<>>(bound<Real>);
}
BOOST_AUTO_TEST_CASE(in_clusters) {
  using OnClusters = device::Host<Clustered>;
  using Waves = Compare<Wave, Grid<24, 36>, 16, 6, 2, 1, float>;
  using Segment = Waves::Waves<OnClusters>::Segment;
  BOOST_TEST((OnClusters::steps_choice<Segment, false>().name == "resident in a cluster"));
  BOOST_TEST((OnClusters::steps_choice<Segment, true>().name == "resident in a cluster"));
  Waves::on<OnClusters>(bound<float>);
  Compare<WaveOn<Zero>, Grid<16, 33, Zero>, 13, 5, 1, 2, float>::on<OnClusters>(bound<float>);
}

namespace {
/// A wave in a wind, which inherits what the series says of a wave without one.
struct Windy : Wave {
  static constexpr std::string_view name = "windy";
  template <class Site>
  static constexpr void update(const Windy& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    Wave::update(cell, now, next);
    next[z] += V(cell.dt * 0.5) * now[y] * now[y];
    next[y] = now[y] + V(cell.dt) * next[z];
  }
  template <class Site>
  static constexpr void adjoint(const Windy& cell, const Site& now, const Site& gradient, Site& to) {
    using V = typename Site::Value;
    Wave::adjoint(cell, now, gradient, to);
    to[y] += V(cell.dt) * (gradient[z] + V(cell.dt) * gradient[y]) * now[y];
  }
};
}  // namespace

namespace {
/// The same, which takes the wave's numbers as they are.
struct Stormy : Wave {
  static constexpr std::string_view name = "stormy";
  template <class Site>
  static constexpr void update(const Wave& cell, const Site& now, Site& next) {
    Wave::update(cell, now, next);
    next[z] += typename Site::Value(cell.dt) * now[y] * now[y];
  }
  template <class Site>
  static constexpr void adjoint(const Wave& cell, const Site& now, const Site& gradient, Site& to) {
    Wave::adjoint(cell, now, gradient, to);
    to[y] += typename Site::Value(2 * cell.dt) * gradient[z] * now[y];
  }
};
/// A backend that runs the steps back one by one.
struct OneByOneBack : device::Host<> {
  static void run_steps_back();
};
}  // namespace

BOOST_AUTO_TEST_CASE(a_step_of_its_own_is_not_found_again) {
  static_assert(!SeriesCell<Windy> && !SeriesCell<Stormy>);
  const tools::WaveProblem<Windy, Grid<6, 5>, 2, 5, 1, 2, double> problem(1);
  BOOST_TEST(tools::apart(problem.run<device::Host<>>(), problem.specified()) < bound<double>);
  const tools::WaveProblem<Wave, Grid<6, 5>, 2, 5, 1, 2, double> still(1);
  BOOST_TEST(tools::apart(still.specified(), problem.specified()) > 1e-3);
}

// Cells of which the series does not tell all keep all.
BOOST_AUTO_TEST_CASE(other_cells) {
  static_assert(SeriesCell<Wave> && SeriesCell<StableWave> && !SeriesCell<Lstm> &&
                !SeriesCell<tools::Pulled>);
  using Lstms = tools::WaveProblem<Lstm, Grid<5, 6>, 2, 5, 1, 2, double>::Waves<device::Host<>, Grid<5, 6>>;
  BOOST_TEST(Lstms::Map::keeps_coupled);
  using Scalar = tools::WaveProblem<Wave, Grid<5, 6>, 2, 5, 1, 2, double>::Scalar;
  BOOST_TEST(Scalar::Map::keeps_coupled);
}

// The velocity after the last step, which a run hands on, stands on the tape.
BOOST_AUTO_TEST_CASE(the_end_is_there) {
  using Problem = tools::WaveProblem<Wave, Grid<6, 5>, 2, 5, 1, 1, double>;
  const Problem problem(1);
  const auto velocity = [&](auto on) {
    using W = Problem::Waves<decltype(on), Grid<6, 5>>;
    typename W::Tape tape;
    nwm::Buffer<double> scratch(W::scratch);
    std::copy_n(problem.start.data(), problem.start.size(), tape.initial(0));
    W::run(problem.cell, problem.parameters.data(), tape, 0, scratch.data());
    const double* end = tape.after(Wave::z, 4);
    return std::vector<double>(end, end + W::columns);
  };
  const auto whole = velocity(Whole<device::Host<>>{});
  BOOST_TEST(velocity(device::Host<>{}) == whole);
  BOOST_TEST(velocity(ByStages{}).size() == whole.size());
  BOOST_TEST(tools::apart(velocity(ByStages{}), whole) < 1e-14);
}

// What a rounding of y leaves of the force: 1/dt² of it, so that gradients err by a part of that.
BOOST_AUTO_TEST_CASE(error_of_small_steps) {
  using Double = tools::WaveProblem<Wave, Grid<8, 9>, 2, 20, 1, 1, double>;
  using Float = tools::WaveProblem<Wave, Grid<8, 9>, 2, 20, 1, 1, float>;
  for (const double dt : {0.1, 0.05, 0.036})
    for (const double size : {1.0, 20.0}) {
      Double exact(1);
      Float problem(1);
      exact.cell.dt = problem.cell.dt = dt;
      for (std::size_t k = 0; k < Double::one; ++k) {  // y
        exact.start[k] *= size;
        problem.start[k] *= static_cast<float>(size);
      }
      const auto wanted = exact.run<Whole<device::Host<>>>();
      const auto found = problem.run<device::Host<>>();
      const std::vector<double> parameters(found.parameters.begin(), found.parameters.end()),
          fields(found.fields.begin(), found.fields.end());
      const double rounding = 1.2e-7 * std::max(1.0, size / 2) / (dt * dt);
      BOOST_TEST_MESSAGE(dt << " " << size << ": " << tools::apart(parameters, wanted.parameters) / rounding
                            << " " << tools::apart(fields, wanted.fields) / rounding);
      BOOST_TEST(tools::apart(parameters, wanted.parameters) < 0.2 * rounding);
      BOOST_TEST(tools::apart(fields, wanted.fields) < 0.2 * rounding);
    }
}

BOOST_AUTO_TEST_CASE(a_backend_that_hides_the_way_back_keeps_all) {
  using W = tools::WaveProblem<Wave, Grid<6, 5>, 2, 5, 1, 2, double>::Waves<OneByOneBack, Grid<6, 5>>;
  BOOST_TEST(W::Map::keeps_coupled);
}

namespace {
constexpr nwm::Shape shape{.height = 5,
                           .width = 6,
                           .image_channels = 1,
                           .oscillators = 2,
                           .steps = 6,
                           .classes = 3,
                           .encoder_width = 3};
template <class Policy>
using Machine =
    nwm::WaveMachine<shape, nwm::readout::Linear, nwm::head::Hidden<6>, Wave, device::Host<>, double, Policy>;
}  // namespace

// Segments that are run again, or backwards, leave such a tape, too; and it takes a third of the memory.
BOOST_AUTO_TEST_CASE(trained_alike_under_every_policy) {
  using namespace nwm::checkpointing;
  const auto all = tools::trained<Machine<StoreAll>>();
  for (const auto& other : {tools::trained<Machine<Every<2>>>(), tools::trained<Machine<Reversible<2>>>()})
    BOOST_TEST(tools::relative(other.moved, all.moved) < 1e-9);
}
// Steps too small for that in float are refused where gradients are asked for, and nowhere else.
BOOST_AUTO_TEST_CASE(too_small_steps_are_refused) {
  const auto tried = [](auto on, double dt) {
    using M = nwm::WaveMachine<shape, nwm::readout::Linear, nwm::head::Hidden<6>, Wave, decltype(on), float>;
    M machine({.cell = {.dt = dt}});
    nwm::detail::require_cell(machine);
    try {
      nwm::Trainer<M> trainer({.threads = 1}, machine);
      return std::string("trains");
    } catch (const nwm::Error& error) {
      return std::string(error.what());
    }
  };
  BOOST_TEST(tried(device::Host<>{}, 0.1) == "trains");
  BOOST_TEST(tried(device::Host<>{}, 0.036) == "trains");
  const std::string refused = tried(device::Host<>{}, 0.03);
  BOOST_TEST(refused.find("device::WholeTape") != std::string::npos, refused);
  BOOST_TEST(tried(Whole<device::Host<>>{}, 0.03) == "trains");
}
BOOST_AUTO_TEST_CASE(memory) {
  using M = Machine<nwm::checkpointing::StoreAll>;
  using Kept = nwm::model::Recurrence<Wave, nwm::Batched<Grid<5, 6>, M::images>, 2, 6, 1,
                                      Whole<device::Host<>>, double>;
  using Series =
      nwm::model::Recurrence<Wave, nwm::Batched<Grid<5, 6>, M::images>, 2, 6, 1, device::Host<>, double>;
  BOOST_TEST(Kept::Tape::bytes() - Series::Tape::bytes() ==
             (3 * 6 - (6 + 2)) * Kept::columns * sizeof(double));
  BOOST_TEST(Series::Tape().slots.size() == 8 * Series::columns);
}
