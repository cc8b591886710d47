// The README's program for a GPU: the first program's machine, 32 images a pass, on the device.
#include <iostream>
#include <nwm/backend/device/cuda.cuh>
#include <nwm/nwm.hpp>

constexpr nwm::Shape shape{
    .height = 24, .width = 24, .oscillators = 4, .steps = 32, .classes = 5, .encoder_width = 8};
using Machine =
    nwm::WaveMachine<shape, nwm::readout::Linear, nwm::head::Narrow, nwm::cell::Wave, nwm::device::Cuda<32>>;

int main() {
  try {
    auto data = nwm::data::polygons<Machine>({.images = 2000, .seed = 1});
    nwm::Trainer<Machine> trainer({.learning_rate = 2e-3, .batch = 32, .epochs = 12},
                                  Machine({.cell = {.dt = 0.3}}));
    trainer.fit(data.train, data.validation, nwm::progress_bar());
    std::cout << nwm::evaluate(trainer.best(), data.test).iou_foreground << '\n';
  } catch (const nwm::Error& error) {  // no device, too old a driver, too little memory
    std::cerr << error.what() << '\n';
    return 1;
  }
}
