// Every parameter of the whole machine against central differences, for each readout, one time step and more,
// on odd grids that are not square.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE gradient_machine

#include "machine.hpp"

#include <boost/test/unit_test.hpp>
#include <tuple>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/readout/fft.hpp"
#include "nwm/readout/last.hpp"
#include "nwm/readout/linear.hpp"
#include "nwm/readout/max_time.hpp"
#include "nwm/readout/mean_time.hpp"

namespace {

using namespace nwm::readout;

constexpr nwm::Shape shape(std::size_t steps, std::size_t oscillators = 3) {
  return {.height = 7,
          .width = 9,
          .image_channels = 2,
          .oscillators = oscillators,
          .steps = steps,
          .classes = 3,
          .encoder_width = 3};
}

template <class Readout, std::size_t steps, std::size_t oscillators = 3>
using Machine = nwm::WaveMachine<shape(steps, oscillators), Readout, nwm::head::Hidden<5>, nwm::cell::Wave,
                                 nwm::cpu::Scalar, double>;

using Readouts = std::tuple<Last, MeanTime, MaxTime, Fft, Linear>;

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(several_steps, Readout, Readouts) {
  tools::check_every_slice<Machine<Readout, 6>>(8);
}

// The velocity is zero at first, so that the damping does nothing in the first step.
BOOST_AUTO_TEST_CASE_TEMPLATE(one_step, Readout, Readouts) {
  tools::check_every_slice<Machine<Readout, 1>>(4, "alpha_encoder");
}

BOOST_AUTO_TEST_CASE(one_channel) {
  tools::check_every_slice<Machine<Linear, 5, 1>>(8);
  tools::check_every_slice<Machine<Fft, 5, 1>>(8);
}
