// Waves that do not fit on chip: a fused kernel a stage of a step, forward and backward, against
// cpu::Scalar; the same bits on every run and every host system.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_fused

#include <boost/test/unit_test.hpp>
#include <cstddef>

#include "nwm/cell/gru.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/grid/grid.hpp"
#include "waves.hpp"

namespace {

using nwm::Grid;
using nwm::Reflecting;
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
          std::size_t images, class Real>
void agree() {
  using TimeSegment = nwm::model::TimeSegment<Cell, nwm::Batched<G, images>, channels, length, Real>;
  static_assert(!device::ResidentBackward<TimeSegment, 1>::fits);
  tools::require_agreement<Device, Threads>(
      tools::WaveProblem<Cell, G, channels, length, segments, images, Real>(1), bound<Real>);
}

}  // namespace

// Tiles that end before, at and behind the image's edge; more channels than a thread and a block take.
BOOST_AUTO_TEST_CASE(wave) {
  agree<Wave, Grid<9, 35>, 20, 5, 1, 2, float>();
  agree<WaveOn<Zero>, Grid<17, 33, Zero>, 19, 3, 2, 1, double>();
}
BOOST_AUTO_TEST_CASE(a_boundary_that_folds) {
  agree<WaveOn<Reflecting>, Grid<9, 35, Reflecting>, 2, 5, 1, 2, double>();
}
BOOST_AUTO_TEST_CASE(cells_of_several_stages) {
  agree<Lstm, Grid<5, 6>, 7, 5, 1, 2, double>();
  agree<Gru, Grid<6, 5>, 13, 3, 1, 1, float>();
}

BOOST_AUTO_TEST_CASE(no_thread_reads_what_another_writes_in_the_same_phase) {
  const tools::WaveProblem<Wave, Grid<9, 35>, 20, 5, 1, 2, float> problem(1);
  BOOST_TEST((problem.run<Device>() == problem.run<tools::Reversed>()));
}

BOOST_AUTO_TEST_CASE(a_planted_error_is_seen) {
  tools::WaveProblem<WaveOn<Reflecting>, Grid<4, 5, Reflecting>, 2, 5, 1, 1, double> problem(1);
  const auto specified = problem.specified();
  problem.parameters[7] *= 1.001;
  BOOST_TEST(tools::apart(problem.run<Device>(), specified) > 1e3 * bound<double>);
}
