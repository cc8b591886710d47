// The study's Tetrominoes with the study's machine: images (n, 64, 64, 3) in the folder --data, as
// tetrominoes_{train,val,test}_{images,masks}.npy.gz, or, without one, drawn by the library's own generator.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <nwm/data/npy.hpp>
#include <nwm/nwm.hpp>
#include <nwm/plot/gallery.hpp>
#include <nwm/report/shown_channel.hpp>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "disk.hpp"

// arXiv 2502.06034: 176,124 parameters, T = 100 steps of dt = 0.1.
using Machine = nwm::WaveMachine<nwm::Shape{.height = 64,
                                            .width = 64,
                                            .image_channels = 3,
                                            .oscillators = 2,
                                            .steps = 100,
                                            .classes = 6,
                                            .encoder_width = 16},
                                 nwm::readout::Linear, nwm::head::Wide>;

struct Options {
  std::filesystem::path data, out = "tetrominoes";
  std::size_t train_images = 2000, validation = 200, test = 0, epochs = 10, batch = 16, threads = 0,
              patience = 302;
  double learning_rate = 1e-3, clip = 1, warmup = 0.1;
  std::uint64_t seed = 0;
};

nwm::data::Split load(const Options& o) {
  if (o.data.empty())
    return nwm::data::tetrominoes<Machine>(
        {.images = o.train_images, .validation = o.validation, .test = o.test, .seed = o.seed});
  const auto part = [&](const std::string& name, std::size_t count) {
    const std::filesystem::path file = o.data / ("tetrominoes_" + name);
    auto set = nwm::data::load_npy(file.string() + "_images.npy.gz", file.string() + "_masks.npy.gz");
    return count > 0 ? set.first(count) : set;
  };
  return {part("train", o.train_images), part("val", o.validation), part("test", o.test)};
}

void run(const Options& o) {
  const nwm::data::Split data = load(o);
  nwm::Trainer<Machine> trainer({.learning_rate = o.learning_rate,
                                 .batch = o.batch,
                                 .epochs = o.epochs,
                                 .schedule = nwm::schedule::cosine(0.02, o.warmup),
                                 .clip_norm = o.clip,
                                 .patience = o.patience,
                                 .seed = o.seed,
                                 .threads = o.threads},
                                Machine({.seed = o.seed}));
  std::printf("%zu parameters; %zu training, %zu validation, %zu test images; %zu threads\n",
              Machine::parameter_count, data.train.size(), data.validation.size(), data.test.size(),
              nwm::thread_count(o.threads));
  disk::make_folder(o.out);
  auto bar = nwm::progress_bar(stdout);
  trainer.fit(data.train, data.validation, [&](const nwm::Progress& p) {
    bar(p);
    if (p.epoch_end && p.improved) nwm::save(trainer.best(), o.out / "tetrominoes.safetensors");
  });
  const nwm::SegmentationMetrics m = nwm::evaluate(trainer.best(), data.test, o.threads);
  std::printf(
      "test, %zu images: loss %.4f  accuracy %.4f  IoU %.4f  foreground accuracy %.4f  foreground IoU %.4f\n",
      data.test.size(), m.loss, m.acc, m.iou, m.acc_foreground, m.iou_foreground);
  std::printf("trained in %.0f s, %.1f images/s\n", trainer.state().seconds,
              static_cast<double>(trainer.state().images) / trainer.state().seconds);
  const std::vector<std::size_t> shown{0, 1, 2};
  nwm::plot::write_gallery(
      trainer.best(), data.test, shown, o.out,
      {.channel = nwm::report::shown_channel<Machine>(nwm::plot::scenes(trainer.best(), data.test, shown))});
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Trains a Neural Wave Machine on Tetrominoes");
  app.add_option("--data", o.data, "Folder of the study's .npy.gz files; none: the library's own images");
  app.add_option("--out", o.out, "Folder of the weights and pictures")->capture_default_str();
  app.add_option("--train-images", o.train_images, "The first so many; 0: all")
      ->capture_default_str()
      ->check(command_line::natural);
  app.add_option("--val", o.validation, "Validation images; 0: all")
      ->capture_default_str()
      ->check(command_line::natural);
  app.add_option("--test", o.test, "Test images; 0: all")
      ->capture_default_str()
      ->check(command_line::natural);
  app.add_option("--epochs", o.epochs)->capture_default_str()->check(command_line::count);
  app.add_option("--batch", o.batch)->capture_default_str()->check(command_line::count);
  app.add_option("--lr", o.learning_rate, "The highest of the schedule")
      ->capture_default_str()
      ->check(command_line::positive);
  app.add_option("--clip", o.clip, "Longest gradient; 0: any")
      ->capture_default_str()
      ->check(command_line::finite);
  app.add_option("--warmup", o.warmup, "Share of the steps in which the rate rises")
      ->capture_default_str()
      ->check(command_line::finite);
  app.add_option("--patience", o.patience, "Epochs without improvement before it stops")
      ->capture_default_str()
      ->check(command_line::count);
  app.add_option("--seed", o.seed)->capture_default_str()->check(command_line::natural);
  app.add_option("--threads", o.threads, "0: all there are")
      ->capture_default_str()
      ->check(command_line::natural);
  CLI11_PARSE(app, argc, argv);
  try {
    run(o);
  } catch (const std::exception& error) {
    return command_line::failed("tetrominoes", error);
  }
}
