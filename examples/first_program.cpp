// The README's first program: learn to tell polygons apart, measure, save.
#include <iostream>
#include <nwm/nwm.hpp>

using Machine = nwm::WaveMachine<
    nwm::Shape{.height = 24, .width = 24, .oscillators = 4, .steps = 32, .classes = 5, .encoder_width = 8},
    nwm::readout::Linear, nwm::head::Narrow>;

int main() {
  auto data = nwm::data::polygons<Machine>({.images = 2000, .seed = 1});
  nwm::Trainer<Machine> trainer({.learning_rate = 2e-3, .batch = 16, .epochs = 6},
                                Machine({.cell = {.dt = 0.3}}));
  trainer.fit(data.train, data.validation, nwm::progress_bar());
  std::cout << trainer.evaluate(data.test).iou_foreground << '\n';
  nwm::save(trainer.best(), "polygons.safetensors");
}
