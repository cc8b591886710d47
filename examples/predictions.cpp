// What a machine says of pictures, from C++ to numpy: labels, scores and the waves themselves, as .npy files.
#include <cmath>
#include <cstdio>
#include <nwm/nwm.hpp>

using Machine = nwm::WaveMachine<
    nwm::Shape{.height = 16, .width = 16, .oscillators = 4, .steps = 24, .classes = 5, .encoder_width = 8},
    nwm::readout::Linear, nwm::head::Narrow>;

int main() {
  const auto data = nwm::data::polygons<Machine>({.images = 800, .seed = 1});
  nwm::Trainer<Machine> trainer({.learning_rate = 2e-3, .batch = 16, .epochs = 6},
                                Machine({.cell = {.dt = 0.3}}));
  trainer.fit(data.train, data.validation);

  const auto [scores, labels] = nwm::predict(trainer.best(), data.test);
  nwm::io::write_npy("labels.npy", labels);                                  // (images, H, W), uint8
  nwm::io::write_npy("scores.npy", scores);                                  // (images, classes, H, W)
  nwm::io::write_npy("series.npy", nwm::record(trainer.best(), data.test));  // (images, T, C, H, W)

  // As many pixels are right as `evaluate` says, and more than if all were called background.
  std::size_t right = 0, background = 0, pixels = data.test.size() * Machine::sites;
  for (std::size_t i = 0; i < data.test.size(); ++i)
    for (std::size_t p = 0; p < Machine::sites; ++p) {
      right += labels[i][p] == data.test.mask(i)[p];
      background += data.test.mask(i)[p] == 0;
    }
  const double share = static_cast<double>(right) / static_cast<double>(pixels);
  const double measured = nwm::evaluate(trainer.best(), data.test).acc;
  std::printf("%.4f of the pixels right, %.4f by evaluate\n", share, measured);
  return right > background && std::abs(share - measured) < 1e-6 ? 0 : 1;
}
