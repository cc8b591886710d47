// What happens inside: how far a change of one pixel reaches, over training, and whether the neurons hold
// waves, in a Neural Wave Machine, in one whose cell cannot drift away, and in a convolutional LSTM, which
// has no wave built in.
#include <cstdio>
#include <nwm/analysis/draw.hpp>
#include <nwm/analysis/phase_waves.hpp>
#include <nwm/analysis/receptive_field.hpp>
#include <nwm/analysis/space_time_spectrum.hpp>
#include <nwm/analysis/wave_figures.hpp>
#include <nwm/cell/lstm.hpp>
#include <nwm/cell/stable_wave.hpp>
#include <nwm/nwm.hpp>
#include <nwm/plot/png.hpp>
#include <string>

namespace analysis = nwm::analysis;

template <class Cell>
using Model = nwm::WaveMachine<
    nwm::Shape{.height = 24, .width = 24, .oscillators = 4, .steps = 24, .classes = 5, .encoder_width = 8},
    nwm::readout::Linear, nwm::head::Narrow, Cell>;

/// Trains for a moment and measures; says whether there are waves.
template <class Machine>
std::string look_inside(const std::string& name, const Machine& untrained) {
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

  // Do the neurons swing, or drift? Does what swings run one way more than chance would have it?
  const analysis::WaveFigures figures = analysis::wave_figures(machine, data.test, {.images = 8});
  std::printf("%s", figures.text().c_str());
  const analysis::Recording series = analysis::record(machine, data.test, 0);
  nwm::plot::write_png(name + "-spectrum.png",
                       analysis::picture(analysis::space_time_spectrum(series.view())));
  nwm::plot::write_png(name + "-waves.png", analysis::picture(analysis::phase_waves(series.view())));

  std::printf("%s: %s\n\n", name.c_str(), figures.verdict());
  return figures.verdict();
}

int main() {
  look_inside("nwm", Model<nwm::cell::Wave>({.cell = {.dt = 0.3}, .seed = 1}));
  // A cell whose oscillators all swing, each channel at a pitch of its own before training. Whether what
  // swings also travels more than chance would have it is another question, which its verdict answers.
  using Stable = nwm::cell::StableWave;
  const std::string stable = look_inside(
      "stable", Model<Stable>({.cell = {.dt = 0.6},
                               .seed = 1,
                               .encoder_starts = {{.field = Stable::omega_level,
                                                   .bias = nwm::layer::linear_spread(4, -1, 1)}}}));
  look_inside("lstm", Model<nwm::cell::Lstm>({.seed = 1}));
  const bool ok = stable != "no waves";
  std::printf("the neurons of the stable cell swing: %s\n", ok ? "ok" : "no");
  return ok ? 0 : 1;
}
