// Waves that stay on chip: all steps of an image in one launch, forward and backward, against
// cpu::Scalar; the same bits on every run and every host system.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_resident

#include <boost/test/unit_test.hpp>
#include <cstddef>

#include "nwm/cell/gru.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/cell/rnn.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/grid/grid.hpp"
#include "pulled.hpp"
#include "waves.hpp"

namespace {

using nwm::Grid;
using nwm::Periodic;
using nwm::Zero;
using namespace nwm::cell;
namespace device = nwm::device;
using Device = device::Host<device::Sequential>;
#if defined(_OPENMP)
using Threads = device::Host<device::OpenMp>;
#else
using Threads = Device;
#endif

template <class Real>
constexpr double bound = sizeof(Real) == 4 ? 2e-5 : 1e-13;

template <class Cell, class G, std::size_t channels, std::size_t length, std::size_t segments,
          std::size_t images, class Real, bool sums>
void agree() {
  using TimeSegment = nwm::model::TimeSegment<Cell, nwm::Batched<G, images>, channels, length, Real>;
  static_assert(device::ResidentForward<TimeSegment>::fits);
  static_assert(device::ResidentBackward<TimeSegment>::fits);
  static_assert(device::ResidentBackward<TimeSegment>::sums == sums);
  tools::require_agreement<Device, Threads>(
      tools::WaveProblem<Cell, G, channels, length, segments, images, Real>(1), bound<Real>);
}

}  // namespace

BOOST_AUTO_TEST_CASE(wave) {
  agree<Wave, Grid<8, 8>, 2, 6, 1, 3, float, true>();
  agree<WaveOn<Zero>, Grid<9, 7, Zero>, 1, 5, 1, 2, double, true>();
  agree<Wave, Grid<5, 12>, 2, 3, 2, 1, double, false>();
  agree<Wave, Grid<7, 5>, 4, 5, 1, 2, float, false>();
}
// Strips of several rows, the last one short.
BOOST_AUTO_TEST_CASE(long_strips) {
  agree<Wave, Grid<11, 200>, 2, 5, 1, 2, float, true>();
  agree<WaveOn<Zero>, Grid<3, 300, Zero>, 1, 5, 1, 1, float, true>();
}
BOOST_AUTO_TEST_CASE(lstm) { agree<Lstm, Grid<6, 5>, 2, 5, 1, 2, double, false>(); }
BOOST_AUTO_TEST_CASE(gru) { agree<Gru, Grid<5, 6>, 2, 5, 1, 2, float, false>(); }
BOOST_AUTO_TEST_CASE(rnn) { agree<Rnn, Grid<4, 7>, 1, 3, 2, 2, double, false>(); }
BOOST_AUTO_TEST_CASE(users_cell) {
  agree<tools::Pulled, Grid<6, 5>, 1, 6, 1, 2, double, false>();
  agree<tools::Pulled, Grid<6, 5>, 1, 6, 1, 2, float, true>();
}

// A coupled value too wide to stand in shared memory twice; the forward pass is not resident.
BOOST_AUTO_TEST_CASE(lstm_with_one_coupled) {
  using TimeSegment = nwm::model::TimeSegment<Lstm, nwm::Batched<Grid<60, 64>, 1>, 2, 2, float>;
  static_assert(!device::ResidentBackward<TimeSegment>::fits &&
                device::ResidentBackward<TimeSegment, 1>::fits &&
                !device::ResidentForward<TimeSegment>::fits);
  const tools::WaveProblem<Lstm, Grid<60, 64>, 2, 2, 1, 1, float> problem(1);
  const auto found = problem.run<Device>();
  BOOST_TEST(tools::apart(found, problem.specified()) < bound<float>);
  BOOST_TEST((found == problem.run<tools::Reversed>()));
}

BOOST_AUTO_TEST_CASE(no_thread_reads_what_another_writes_in_the_same_phase) {
  const auto races = [](const auto& problem) {
    return !(problem.template run<Device>() == problem.template run<tools::Reversed>());
  };
  BOOST_TEST(!races(tools::WaveProblem<Wave, Grid<8, 8>, 2, 6, 1, 3, float>(1)));
  BOOST_TEST(!races(tools::WaveProblem<Wave, Grid<11, 200>, 2, 5, 1, 2, float>(1)));
  BOOST_TEST(!races(tools::WaveProblem<Gru, Grid<5, 6>, 2, 5, 1, 2, float>(1)));
}

// What the study runs is resident, and what does not fit is not.
template <class Cell, class G, std::size_t channels, class Real>
using Paper = nwm::model::TimeSegment<Cell, nwm::Batched<G, 64>, channels, 100, Real>;
static_assert(device::ResidentForward<Paper<Wave, Grid<64, 64>, 2, float>>::fits);
static_assert(device::ResidentBackward<Paper<Wave, Grid<64, 64>, 2, float>>::fits);
static_assert(device::ResidentForward<Paper<Wave, Grid<56, 56>, 2, float>>::fits);
static_assert(device::ResidentBackward<Paper<Wave, Grid<56, 56>, 2, float>>::fits);
static_assert(!device::ResidentForward<Paper<Wave, Grid<128, 128>, 16, float>>::fits);
static_assert(!device::ResidentBackward<Paper<Wave, Grid<128, 128>, 16, float>, 1>::fits);

// The comparison sees one weight that is off by a thousandth.
BOOST_AUTO_TEST_CASE(a_planted_error_is_seen) {
  tools::WaveProblem<Wave, Grid<5, 12>, 2, 3, 2, 1, double> problem(1);
  const auto specified = problem.specified();
  problem.parameters[7] *= 1.001;
  BOOST_TEST(tools::apart(problem.run<Device>(), specified) > 1e3 * bound<double>);
}
