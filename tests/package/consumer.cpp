// A program of someone else: what it takes to use nwm from a project of one's own.
#include <cmath>
#include <cstdint>
#include <iostream>
#include <memory>
#include <nwm/nwm.hpp>
#include <span>
#include <vector>

using Machine = nwm::WaveMachine<nwm::Shape{.height = 5,
                                            .width = 6,
                                            .image_channels = 1,
                                            .oscillators = 2,
                                            .steps = 4,
                                            .classes = 3,
                                            .encoder_width = 2},
                                 nwm::readout::Linear, nwm::head::Hidden<8>>;

int main() {
  const Machine machine;
  const auto space = std::make_unique<Machine::Workspace>();
  const std::vector<float> image(Machine::image_size, 0.5f);
  const std::vector<std::uint8_t> target(Machine::sites, 1);
  std::vector<float> scores(Machine::score_size), gradient(Machine::parameter_count);
  const std::span<const float, Machine::image_size> picture(image);
  machine.scores(picture, std::span<float, Machine::score_size>(scores), *space);
  const double loss = machine.add_gradient(picture, target, 1.0f,
                                           std::span<float, Machine::parameter_count>(gradient), *space);

  double expected = 0, slope = 0;
  for (std::size_t p = 0; p < Machine::sites; ++p) {
    double total = 0;
    for (std::size_t k = 0; k < 3; ++k) total += std::exp(double{scores[k * Machine::sites + p]});
    expected += std::log(total) - double{scores[Machine::sites + p]};
  }
  for (const float g : gradient) slope += double{g} * double{g};
  std::cout << "loss " << loss << ", expected " << expected << ", gradient " << std::sqrt(slope) << '\n';
  const bool right = std::abs(loss - expected) < 1e-4 * expected && slope > 0;

  try {
    machine.add_gradient(picture, std::vector<std::uint8_t>(Machine::sites, 9), 1.0f,
                         std::span<float, Machine::parameter_count>(gradient), *space);
  } catch (const nwm::Error& error) {
    std::cout << error.what() << '\n';
    return right ? 0 : 1;
  }
  return 1;
}
