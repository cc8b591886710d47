// Save, load, go on: training that was stopped half way ends with the same bits as training that was not.
#include <algorithm>
#include <cstdio>
#include <nwm/nwm.hpp>

using Machine = nwm::WaveMachine<
    nwm::Shape{.height = 16, .width = 16, .oscillators = 2, .steps = 20, .classes = 5, .encoder_width = 8},
    nwm::readout::Linear, nwm::head::Narrow>;

int main() {
  const auto data = nwm::data::polygons<Machine>({.images = 400, .seed = 1});
  const nwm::TrainerOptions options{.learning_rate = 2e-3, .batch = 16, .epochs = 3};
  const Machine untrained({.cell = {.dt = 0.3}, .seed = 1});

  nwm::Trainer<Machine> whole(options, untrained);
  whole.fit(data.train, data.validation);

  {
    nwm::Trainer<Machine> stopped(options, untrained);
    // A callback that returns false stops training: here in the middle of the second epoch.
    stopped.fit(data.train, data.validation,
                [](const nwm::Progress& p) { return p.epoch < 2 || p.step < 10; });
    nwm::save_training(stopped, "training.safetensors");
  }
  nwm::Trainer<Machine> resumed(options, untrained);
  nwm::load_training(resumed, "training.safetensors");
  std::printf("resumed in epoch %d after %d steps\n", static_cast<int>(resumed.state().epoch + 1),
              static_cast<int>(resumed.state().step));
  resumed.fit(data.train, data.validation);

  // The weights alone, as other programs (and Python) read them. The file says at which dt they were trained:
  // a machine with another does not take them.
  nwm::save(resumed.best(), "weights.safetensors");
  Machine loaded({.cell = {.dt = 0.3}});
  nwm::load(loaded, "weights.safetensors");

  const bool trained = !std::ranges::equal(whole.best().parameters(), untrained.parameters());
  const bool same = std::ranges::equal(whole.current().parameters(), resumed.current().parameters()) &&
                    std::ranges::equal(whole.best().parameters(), loaded.parameters());
  std::printf("%zu weights, resumed and uninterrupted: %s\n", Machine::parameter_count,
              trained && same ? "the same bits" : "different");
  return trained && same ? 0 : 1;
}
