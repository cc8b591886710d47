// The Neural Wave Machine on MNIST (56×56, two oscillator channels, wide head) and Multi-MNIST (128×128,
// sixteen, narrow head), 100 steps.
#include "model.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/readout/linear.hpp"

namespace {
using nwm::WaveMachine, nwm::readout::Linear;

const bool mnist = bench::add_model<WaveMachine<bench::mnist, Linear>>("nwm/mnist/linear", 16);
/// States are kept every 50 steps, as in nwm_study; this needs less than 1 GB on two threads.
using MultiMnist = WaveMachine<bench::multi_mnist, Linear, nwm::head::Narrow, nwm::cell::Wave,
                               nwm::DefaultBackend, float, nwm::checkpointing::Every<50>>;
const bool multi_mnist = bench::add_model<MultiMnist>("nwm/multi_mnist/linear", 2, {1, 2, 3});
}  // namespace
