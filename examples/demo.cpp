// The demo: trains a Neural Wave Machine from nothing on polygons it draws itself, and leaves pictures of the
// waves it has learned to segment them with.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <nwm/analysis/series.hpp>
#include <nwm/analysis/swing.hpp>
#include <nwm/analysis/wave_figures.hpp>
#include <nwm/nwm.hpp>
#include <nwm/plot/chart.hpp>
#include <nwm/plot/gallery.hpp>
#include <nwm/report/machine.hpp>
#include <nwm/report/shown_channel.hpp>
#include <nwm/report/training.hpp>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "disk.hpp"
#include "shared_machines.hpp"
#include "shared_training.hpp"

namespace plot = nwm::plot;
namespace report = nwm::report;
using Machine = shared::Demo;

/// The steps that pictures show; the first few are still.
const std::vector<std::size_t> moments{8, 16, 24, 32, 40};
const std::vector<std::string> names{"background", "triangle", "square", "pentagon", "hexagon"};

struct Options {
  std::filesystem::path out = "build/demo/out", report, weights;
  shared::Training training{.images = 3000};
  std::size_t film_every = 0;
  bool rotated = false;
};

/// The first images of `set` that show a class not shown before.
std::vector<std::size_t> one_of_each(const nwm::data::Dataset& set) {
  std::vector<std::size_t> chosen;
  std::vector<bool> seen(set.classes());
  for (std::size_t i = 0; i < set.size(); ++i) {
    bool fresh = false;
    for (const std::uint8_t label : set.mask(i))
      if (label > 0 && !seen[label]) fresh = seen[label] = true;
    if (fresh) chosen.push_back(i);
  }
  return chosen;
}

/// How the loss fell: a point an epoch.
struct History {
  plot::Curve training{"training", {0, 114, 178}}, validation{"validation", {213, 94, 0}};
  void add(const nwm::Progress& p) {
    for (plot::Curve* curve : {&training, &validation}) curve->x.push_back(static_cast<double>(p.epoch));
    training.y.push_back(p.loss);
    validation.y.push_back(p.validation.loss);
  }
  plot::Image chart() const {
    return plot::chart(std::vector{training, validation},
                       {.title = "Cross-entropy", .x_label = "epoch", .logarithmic = true});
  }
};

void draw(const Machine& machine, const nwm::data::Dataset& test, const std::vector<std::size_t>& shown,
          const std::filesystem::path& out) {
  constexpr plot::SeriesShape shape = plot::series_shape<Machine>();
  const std::vector<plot::Scene> scenes = plot::scenes(machine, test, shown);
  const std::size_t channel = report::shown_channel<Machine>(scenes);
  plot::write_gallery(machine, test, shown, out, {.channel = channel, .moments = moments});
  plot::write_film(out / "waves.gif", plot::channel_series(scenes, shape, channel),
                   {shape.steps, scenes.size(), shape.height, shape.width},
                   {.title = "oscillator channel " + std::to_string(channel), .quantile = 0.98});
  const plot::SpectrumOptions spectrum{.dt = machine.cell.dt, .names = names};
  const plot::ClassSpectra spectra = plot::class_spectra(machine, test.first(100));
  plot::write_png(out / "spectra.png", plot::spectrum_chart(spectra, spectrum));
  plot::write_spectrum_csv(out / "spectra.csv", spectra, spectrum);
}

/// One page on what was learned, with its pictures and sounds inside.
void write_report(const Machine& machine, const nwm::data::Split& data, const std::vector<std::size_t>& shown,
                  const nwm::SegmentationMetrics& metrics, const History& history, double seconds,
                  const std::filesystem::path& folder) {
  disk::make_folder(folder);
  report::Page page(
      "A Neural Wave Machine that learned polygons",
      "Each pixel is a neuron tied to its neighbours only, which it hears step by step: by what its own "
      "motion becomes it must tell what shape it is part of.");
  report::add_training(page,
                       {{"Parameters", std::to_string(Machine::parameter_count)},
                        {"Oscillators a pixel", std::to_string(Machine::channels)},
                        {"Steps", std::to_string(Machine::steps)},
                        {"Training images", std::to_string(data.train.size())},
                        {"Training time", seconds > 0 ? report::number(seconds, 3) + " s" : "not here"}},
                       metrics, data.test.size(),
                       {history.training.x, history.training.y, history.validation.y});
  report::add_network(
      page, machine, data.train, data.test,
      {.names = names, .shown = shown, .moments = moments, .encoder_starts = shared::pitches<Machine>()});
  page.write(folder / "index.html");
}

/// The mean frequency, in cycles per unit time, of the neurons in a bar, over 24 bars of random place and
/// colour. A struck bar rings the lower, the longer it is (nwm_drum --lengths). Whether bars in a machine do
/// is another question: it has not learned any.
double pitch_in_bars(const Machine& machine, std::size_t height, std::size_t width) {
  constexpr std::size_t bars = 24, side = Machine::shape.width, sites = Machine::sites;
  nwm::Random random(7);
  std::vector<std::uint8_t> pictures(bars * 3 * sites), masks(bars * sites);
  for (std::size_t i = 0; i < bars; ++i) {
    const std::size_t top = random.below(side - height + 1), left = random.below(side - width + 1);
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const auto colour = static_cast<std::uint8_t>(128 + random.below(128));
      for (std::size_t y = top; y < top + height; ++y)
        for (std::size_t x = left; x < left + width; ++x)
          pictures[(i * 3 + channel) * sites + y * side + x] = colour, masks[i * sites + y * side + x] = 1;
    }
  }
  const nwm::data::Dataset set({bars, 3, side, side}, std::move(pictures), std::move(masks), "bars");
  nwm::analysis::SwingMeter meter(Machine::steps);
  for (std::size_t i = 0; i < bars; ++i)
    meter.add(nwm::analysis::record(machine, set, i).view(), set.mask(i));
  return meter.result().mean() / machine.cell.dt;
}

using Trainer = shared::Trainer<Machine>;

void train(Trainer& trainer, const nwm::data::Split& data, const std::vector<std::size_t>& shown,
           History& history, const Options& o) {
  auto bar = nwm::progress_bar(stdout);
  trainer.fit(data.train, data.validation, [&](const nwm::Progress& p) {
    bar(p);
    if (!p.epoch_end) return;
    history.add(p);
    if (p.improved) nwm::save(trainer.best(), o.out / "polygons.safetensors");
    if (o.film_every > 0 && p.epoch % o.film_every == 0)
      plot::write_gallery(
          trainer.current(), data.test, shown, o.out / ("epoch-" + std::to_string(p.epoch)),
          {.channel = report::shown_channel<Machine>(plot::scenes(trainer.current(), data.test, shown)),
           .moments = moments,
           .title = "epoch " + std::to_string(p.epoch)});
  });
}

void run(const Options& o) {
  disk::make_folder(o.out);
  const auto data = nwm::data::polygons<Machine>(
      {.images = o.training.images, .seed = o.training.seed, .rotated = o.rotated});
  Trainer trainer = shared::trainer<Machine>(o.training);
  std::printf("%zu parameters, %zu oscillators on %zux%zu pixels, %zu steps of %g; %zu images, %zu threads\n",
              Machine::parameter_count, Machine::channels, Machine::shape.height, Machine::shape.width,
              Machine::steps, trainer.best().cell.dt, data.train.size(),
              nwm::thread_count(o.training.threads));
  const std::vector<std::size_t> shown = one_of_each(data.test);
  History history;
  if (o.weights.empty()) {
    train(trainer, data, shown, history, o);
  } else {
    Machine kept;
    nwm::load(kept, o.weights.string());
    trainer.start_from(kept);
  }
  const nwm::SegmentationMetrics m = nwm::evaluate(trainer.best(), data.test, o.training.threads);
  std::printf(
      "test, %zu images: loss %.4f  accuracy %.4f  IoU %.4f  foreground accuracy %.4f  foreground IoU %.4f\n",
      data.test.size(), m.loss, m.acc, m.iou, m.acc_foreground, m.iou_foreground);
  const nwm::analysis::WaveFigures waves = nwm::analysis::wave_figures(trainer.best(), data.test);
  std::printf("%s%s\n", waves.text().c_str(), waves.verdict());
  std::printf("bars, 7 pixels wide: pitch %.3f at length 7; at length 25 %.3f lying, %.3f upright\n",
              pitch_in_bars(trainer.best(), 7, 7), pitch_in_bars(trainer.best(), 7, 25),
              pitch_in_bars(trainer.best(), 25, 7));
  draw(trainer.best(), data.test, shown, o.out);
  if (!history.training.x.empty()) plot::write_png(o.out / "curve.png", history.chart());
  if (!o.report.empty())
    write_report(trainer.best(), data, shown, m, history, trainer.state().seconds, o.report);
  if (o.weights.empty())
    std::printf("trained in %.0f s; weights and pictures are in ", trainer.state().seconds);
  else std::printf("pictures of %s are in ", o.weights.string().c_str());
  std::printf("%s\n", o.out.string().c_str());
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Trains a Neural Wave Machine on polygons it draws itself, and draws what it does");
  app.add_option("--out", o.out, "Folder of the weights and pictures")->capture_default_str();
  app.add_option("--report", o.report, "Folder of a page on what was learned; none: no page");
  app.add_option("--weights", o.weights, "Weights to draw and to report on, in place of a training")
      ->check(CLI::ExistingFile);
  o.training.add_to(app);
  app.add_option("--film-every", o.film_every, "Draw a gallery every so many epochs, too; 0: never")
      ->capture_default_str()
      ->check(command_line::natural);
  app.add_flag("--rotated", o.rotated, "Turn each polygon by a random angle");
  CLI11_PARSE(app, argc, argv);
  try {
    run(o);
  } catch (const std::exception& error) {
    return command_line::failed("nwm_demo", error);
  }
}
