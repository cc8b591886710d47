// Trains the page's machines, whose weights stand in weights/.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <nwm/data/mnist.hpp>
#include <string>

#include "../command_line.hpp"
#include "../disk.hpp"
#include "machines.hpp"

struct Options {
  std::string machine;
  std::filesystem::path out = "build/web/weights", mnist;
  std::size_t images = 4000, epochs = 12, seed = 0, threads = 0;
  double learning_rate = 3e-3;
};

/// Every second pixel of pictures that were made twice as large as they are.
nwm::data::Dataset halved(const nwm::data::Dataset& set) {
  const nwm::data::Extent from = set.extent();
  nwm::data::Extent to = from;
  to.height /= 2, to.width /= 2;
  nwm::data::Dataset::Floats pictures;
  nwm::data::Targets::Bytes masks;
  std::vector<float> picture(from.values());
  for (std::size_t i = 0; i < set.size(); ++i) {
    set.picture(i, std::span(picture));
    const auto mask = set.mask(i);
    for (std::size_t r = 0; r < to.height; ++r)
      for (std::size_t c = 0; c < to.width; ++c) {
        pictures.push_back(picture[2 * r * from.width + 2 * c]);
        masks.push_back(mask[2 * r * from.width + 2 * c]);
      }
  }
  return {to, std::move(pictures), std::move(masks), set.name()};
}

template <class Kind>
void train(const nwm::data::Split& data, const Options& o) {
  using Machine = typename Kind::Machine;
  nwm::Trainer<Machine, nwm::loss::CrossEntropy, nwm::optimizer::AdamW> trainer(
      {.learning_rate = o.learning_rate,
       .batch = 16,
       .epochs = o.epochs,
       .schedule = nwm::schedule::cosine(0.02, 0.15),
       .clip_norm = 1,
       .seed = o.seed,
       .threads = o.threads},
      Machine({.seed = o.seed, .encoder_starts = web::pitches<Machine>()}), {},
      {.beta2 = 0.99, .weight_decay = 0.1});
  trainer.fit(data.train, data.validation, nwm::progress_bar(stdout));
  const nwm::SegmentationMetrics m = nwm::evaluate(trainer.best(), data.test, o.threads);
  std::printf("%s: %zu parameters, %zu test images: accuracy %.4f, foreground IoU %.4f; %.0f s\n",
              Kind::name.data(), Machine::parameter_count, data.test.size(), m.acc, m.iou_foreground,
              trainer.state().seconds);
  disk::make_folder(o.out);
  nwm::save(trainer.best(), (o.out / (std::string(Kind::name) + ".safetensors")).string());
}

void run(const Options& o) {
  if (o.machine == web::Polygons::name)
    train<web::Polygons>(nwm::data::polygons<web::Polygons::Machine>({.images = o.images, .seed = o.seed}),
                         o);
  else if (o.machine == web::Tetrominoes::name)
    train<web::Tetrominoes>(
        nwm::data::tetrominoes<web::Tetrominoes::Machine>({.images = o.images, .seed = o.seed}), o);
  else {
    const auto digits = nwm::data::mnist(o.mnist, {.images = o.images, .validation = 500, .test = 1000});
    train<web::Digits>({halved(digits.train), halved(digits.validation), halved(digits.test)}, o);
  }
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Trains a machine of the page in examples/web and saves its weights");
  app.add_option("machine", o.machine, "Which")
      ->required()
      ->check(CLI::IsMember({"polygons", "tetrominoes", "digits"}));
  app.add_option("--out", o.out, "Folder of the weights")->capture_default_str();
  app.add_option("--mnist", o.mnist, "Folder of MNIST's files, for the digits");
  app.add_option("--images", o.images, "Training images")->capture_default_str()->check(command_line::count);
  app.add_option("--epochs", o.epochs, "Times each is seen")
      ->capture_default_str()
      ->check(command_line::count);
  app.add_option("--learning-rate", o.learning_rate, "The highest of the schedule")
      ->capture_default_str()
      ->check(command_line::positive);
  app.add_option("--seed", o.seed, "Of images, weights and order")
      ->capture_default_str()
      ->check(command_line::natural);
  app.add_option("--threads", o.threads, "0: all")->capture_default_str()->check(command_line::natural);
  CLI11_PARSE(app, argc, argv);
  try {
    run(o);
  } catch (const nwm::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
