// What happens inside: how far a change of one pixel reaches, over training, and whether the neurons carry
// travelling waves, for a Neural Wave Machine and for a convolutional LSTM, which has no wave built in.
#include <cstdio>
#include <nwm/analysis/draw.hpp>
#include <nwm/analysis/receptive_field.hpp>
#include <nwm/analysis/travelling_waves.hpp>
#include <nwm/cell/lstm.hpp>
#include <nwm/nwm.hpp>
#include <nwm/plot/png.hpp>
#include <string>

namespace analysis = nwm::analysis;

template <class Cell>
using Model = nwm::WaveMachine<
    nwm::Shape{.height = 24, .width = 24, .oscillators = 4, .steps = 24, .classes = 5, .encoder_width = 8},
    nwm::readout::Linear, nwm::head::Narrow, Cell>;

/// Trains for a moment and measures; how much the waves stand out.
template <class Machine>
double look_inside(const std::string& name, const Machine& untrained) {
  const auto data = nwm::data::polygons<Machine>({.images = 480, .seed = 1});
  const auto reach = [&](const Machine& machine) {
    return analysis::receptive_field(machine, data.test, {.images = 4, .probes = 8});
  };
  std::printf("%s: 95%% of the energy of a pixel's influence lies within\n  %.1f pixels before training\n",
              name.c_str(), reach(untrained).radius());
  nwm::Trainer<Machine> trainer({.learning_rate = 3e-3, .batch = 16, .epochs = 3}, untrained);
  trainer.fit(data.train, data.validation, [&](const nwm::Progress& p) {
    if (p.epoch_end)
      std::printf("  %.1f after epoch %d (validation loss %.3f)\n", reach(trainer.current()).radius(),
                  static_cast<int>(p.epoch), p.validation.loss);
  });
  const Machine& machine = trainer.best();

  // The influence by distance, as an image with a circle around 95% of its energy.
  const analysis::ReceptiveField field = reach(machine);
  std::printf("  on average %.1f; %d steps and the encoders can reach %d, opposite edges are neighbours\n",
              field.mean_radius(), static_cast<int>(Machine::steps),
              static_cast<int>(analysis::greatest_reach<Machine>));
  nwm::plot::write_png(name + "-receptive-field.png", analysis::picture(field));

  // 0: standing, 1: travelling. What is in brackets has the same neurons at shuffled places: no waves.
  const auto [waves, shuffled] = analysis::travelling_waves(machine, data.test, {.images = 4});
  std::printf("  moving %.3f; one way: by spectrum %.2f (shuffled %.2f), by phase %.2f (shuffled %.2f)\n",
              waves.moving, waves.directed, shuffled.directed, waves.directionality, shuffled.directionality);
  std::printf("  speed: by spectrum %.2f, by phase %.2f pixels a step\n", waves.spectral_speed,
              waves.phase_speed);
  const analysis::Recording series = analysis::record(machine, data.test, 0);
  nwm::plot::write_png(name + "-spectrum.png",
                       analysis::picture(analysis::space_time_spectrum(series.view())));
  nwm::plot::write_png(name + "-waves.png", analysis::picture(analysis::phase_waves(series.view())));

  return waves.directionality / shuffled.directionality;
}

int main() {
  const double wave = look_inside("nwm", Model<nwm::cell::Wave>({.cell = {.dt = 0.3}, .seed = 1}));
  const double lstm = look_inside("lstm", Model<nwm::cell::Lstm>({.seed = 1}));
  const bool ok = wave > 2;
  std::printf(
      "neighbours run one way %.1f times as much as strangers do in the NWM, %.1f times in the LSTM: %s\n",
      wave, lstm, ok ? "ok" : "no waves");
  return ok ? 0 : 1;
}
