// The Neural Wave Machine on Tetrominoes: 64×64×3, two oscillator channels, 100 steps, wide head.
#include "model.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/readout/fft.hpp"
#include "nwm/readout/last.hpp"
#include "nwm/readout/linear.hpp"

namespace {
using namespace nwm::readout;
template <class Readout>
using Machine = nwm::WaveMachine<bench::tetrominoes, Readout>;

const bool linear = bench::add_model<Machine<Linear>>("nwm/tetrominoes/linear", 16, {1, 3, 16});
const bool fft = bench::add_model<Machine<Fft>>("nwm/tetrominoes/fft", 16);
const bool last = bench::add_model<Machine<Last>>("nwm/tetrominoes/last", 16);
}  // namespace
