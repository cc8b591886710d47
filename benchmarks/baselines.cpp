// The models that the study compares with the Neural Wave Machine.
#include "model.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/model/cnn.hpp"
#include "nwm/model/unet.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/readout/linear.hpp"

namespace {
const bool lstm =
    bench::add_model<nwm::WaveMachine<bench::tetrominoes_in_twenty_steps, nwm::readout::Linear,
                                      nwm::head::Wide, nwm::cell::Lstm>>("lstm/tetrominoes/linear", 16);
const bool cnn = bench::add_model<nwm::Cnn<bench::tetrominoes, 16>>("cnn/tetrominoes/16", 16, {1, 3});
const bool unet = bench::add_model<nwm::UNet<bench::multi_mnist, 4>>("unet/multi_mnist/4", 8, {1, 3, 8});
}  // namespace
