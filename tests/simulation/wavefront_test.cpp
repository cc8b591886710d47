// Five-point cells in a Simulation, moved several steps in one pass over the rows: the bits of the recurrence
// on a tape whatever the passes and the threads, and the specification, under every boundary.
#define BOOST_TEST_MODULE simulation_wavefront
#define BOOST_TEST_DYN_LINK

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <vector>

#include "drifting.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/random.hpp"
#include "nwm/simulation/simulation.hpp"
#include "nwm/time/recurrence.hpp"

namespace cpu = nwm::cpu;
using tools::Drifting, tools::set_weights;

namespace {

/// Calls to(field, site, value) for the same start whatever the types.
template <class To>
void start(std::size_t columns, const To& to) {
  nwm::Random random(3);
  for (std::size_t i = 0; i < columns; ++i) {
    to(Drifting::u, i, random.uniform(-1, 1));
    to(Drifting::v, i, random.uniform(-1, 1));
    to(Drifting::speed2, i, random.uniform(0.5, 1));
  }
}

template <class G, std::size_t channels, class B, class Real, class... Observers>
std::vector<Real> simulate(std::size_t steps, std::size_t threads, Observers... observers) {
  using Waves = nwm::Simulation<Drifting, G, channels, B, Real>;
  Waves waves({.cell = {}, .threads = threads});
  set_weights(waves.parameters().data(), channels);
  start(Waves::columns,
        [&](std::size_t f, std::size_t i, double x) { waves.field(f)[i] = static_cast<Real>(x); });
  BOOST_TEST(waves.run(steps, observers...) == steps);
  BOOST_TEST(waves.steps() == steps);
  std::vector<Real> all(waves.field(Drifting::u).begin(), waves.field(Drifting::u).end());
  all.insert(all.end(), waves.field(Drifting::v).begin(), waves.field(Drifting::v).end());
  return all;
}

/// u and v after so many steps on a tape.
template <class G, std::size_t channels, std::size_t steps, class B, class Real>
std::vector<Real> on_a_tape() {
  using Waves = nwm::model::Recurrence<Drifting, G, channels, steps, 1, B, Real>;
  typename Waves::Tape tape;
  std::vector<Real> parameters(Waves::parameters), scratch(Waves::scratch + 1);
  set_weights(parameters.data(), channels);
  start(Waves::columns,
        [&](std::size_t f, std::size_t i, double x) { tape.initial(f)[i] = static_cast<Real>(x); });
  Waves::run(Drifting{}, parameters.data(), tape, 0, scratch.data());
  std::vector<Real> all(tape.after(Drifting::u, steps - 1),
                        tape.after(Drifting::u, steps - 1) + Waves::columns);
  const Real* v = tape.after(Drifting::v, steps - 1);
  all.insert(all.end(), v, v + Waves::columns);
  return all;
}

template <class Real, class G, std::size_t channels = 1>
void holds() {
  BOOST_TEST_CONTEXT(G::height << "x" << G::width << ", edge " << G::Boundary::source(-1, 9) << ", "
                               << channels << " channels, " << sizeof(Real) << " bytes") {
    using Fields = nwm::model::InPlace<Drifting, G, channels, cpu::Simd<>, Real>;
    static_assert(Fields::by_rows, "the other way would be tested");
    constexpr std::size_t steps = 21;
    const auto fast = simulate<G, channels, cpu::Simd<>, Real>(steps, 1);
    BOOST_TEST((fast == on_a_tape<G, channels, steps, cpu::Simd<>, Real>()));
    BOOST_TEST((fast == simulate<G, channels, cpu::Simd<>, Real>(steps, 1, [](const auto&) {})));
    const auto slow = simulate<G, channels, cpu::Scalar, Real>(steps, 1);
    Real largest = 0, difference = 0;
    for (std::size_t i = 0; i < fast.size(); ++i) {
      largest = std::max(largest, std::abs(slow[i]));
      difference = std::max(difference, std::abs(fast[i] - slow[i]));
    }
    BOOST_TEST(difference < largest * (std::is_same_v<Real, double> ? Real(1e-13) : Real(2e-5)));
  }
}

/// One row, one column, fewer and more than a register's lanes, whole groups of rows and none.
template <class Real, class Boundary>
void every_shape() {
  holds<Real, nwm::Grid<1, 5, Boundary>>();
  holds<Real, nwm::Grid<2, 3, Boundary>>();
  holds<Real, nwm::Grid<7, 16, Boundary>, 2>();
  holds<Real, nwm::Grid<12, 37, Boundary>>();
  holds<Real, nwm::Grid<34, 9, Boundary>, 3>();
}

using Edges = std::tuple<nwm::Periodic, nwm::Zero, nwm::Reflecting>;

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(every_shape_in_float, Boundary, Edges) { every_shape<float, Boundary>(); }
BOOST_AUTO_TEST_CASE_TEMPLATE(every_shape_in_double, Boundary, Edges) { every_shape<double, Boundary>(); }

/// The same bits on 1 to 4 threads, which have bands of their own, and step by step.
template <class Boundary, std::size_t height, std::size_t width, std::size_t channels>
void bands_agree() {
  using G = nwm::Grid<height, width, Boundary>;
  constexpr std::size_t steps = 19;
  const auto one = simulate<G, channels, cpu::Simd<>, float>(steps, 1);
  BOOST_TEST((one == on_a_tape<G, channels, steps, cpu::Simd<>, float>()));
  for (const std::size_t threads : {2u, 3u, 4u}) {
    BOOST_TEST(
        (nwm::model::InPlace<Drifting, G, channels, cpu::Simd<>, float>(threads).busy_threads() == threads));
    BOOST_TEST((one == simulate<G, channels, cpu::Simd<>, float>(steps, threads)), threads << " threads");
  }
}

BOOST_AUTO_TEST_CASE(bands_of_rows_on_a_torus) { bands_agree<nwm::Periodic, 524, 69, 1>(); }
BOOST_AUTO_TEST_CASE(bands_of_rows_that_are_clamped) { bands_agree<nwm::Zero, 199, 176, 1>(); }
BOOST_AUTO_TEST_CASE(bands_of_rows_that_reflect) { bands_agree<nwm::Reflecting, 262, 71, 2>(); }

BOOST_AUTO_TEST_CASE(small_grids_are_left_to_one_thread) {
  using G = nwm::Grid<64, 64>;
  BOOST_TEST((nwm::model::InPlace<Drifting, G, 1, cpu::Simd<>, float>(4).busy_threads() == 1u));
  BOOST_TEST((simulate<G, 1, cpu::Simd<>, float>(9, 4) == simulate<G, 1, cpu::Simd<>, float>(9, 1)));
}

BOOST_AUTO_TEST_CASE(a_weight_that_would_be_left_out_is_refused) {
  nwm::Simulation<Drifting, nwm::Grid<3, 3>, 2> waves;
  waves.parameter("K.weight")[4] = -3;  // a point
  BOOST_TEST(waves.run(1) == 1u);
  waves.parameter("K.weight")[9 + 4] = 0.5f;  // of another channel
  BOOST_CHECK_EXCEPTION(waves.run(1), nwm::Error, [](const nwm::Error& e) {
    return e.field() == "K.weight(0, 1, 1, 1)" && e.found() == "0.5";
  });
  waves.parameter("K.weight")[9 + 4] = 0;
  waves.parameter("K.weight")[2] = 1;  // a corner
  BOOST_CHECK_EXCEPTION(waves.run(1), nwm::Error,
                        [](const nwm::Error& e) { return e.field() == "K.weight(0, 0, 0, 2)"; });
  BOOST_TEST(waves.steps() == 1u);
}
