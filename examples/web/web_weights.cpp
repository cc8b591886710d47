// Trains the page's machines, whose weights stand in weights/.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <nwm/data/mnist.hpp>
#include <string>

#include "../command_line.hpp"
#include "../disk.hpp"
#include "../shared_training.hpp"
#include "machines.hpp"

struct Options {
  std::string machine;
  std::filesystem::path out = "build/web/weights", mnist;
  shared::Training training{.images = 4000};
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
  auto trainer = shared::trainer<Machine>(o.training);
  trainer.fit(data.train, data.validation, nwm::progress_bar(stdout));
  const nwm::SegmentationMetrics m = nwm::evaluate(trainer.best(), data.test, o.training.threads);
  std::printf("%s: %zu parameters, %zu test images: accuracy %.4f, foreground IoU %.4f; %.0f s\n",
              Kind::name.data(), Machine::parameter_count, data.test.size(), m.acc, m.iou_foreground,
              trainer.state().seconds);
  disk::make_folder(o.out);
  nwm::save(trainer.best(), (o.out / (std::string(Kind::name) + ".safetensors")).string());
}

void run(const Options& o) {
  if (o.machine == web::Polygons::name)
    train<web::Polygons>(
        nwm::data::polygons<web::Polygons::Machine>({.images = o.training.images, .seed = o.training.seed}),
        o);
  else if (o.machine == web::Tetrominoes::name)
    train<web::Tetrominoes>(nwm::data::tetrominoes<web::Tetrominoes::Machine>(
                                {.images = o.training.images, .seed = o.training.seed}),
                            o);
  else {
    const auto digits =
        nwm::data::mnist(o.mnist, {.images = o.training.images, .validation = 500, .test = 1000});
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
  o.training.add_to(app);
  CLI11_PARSE(app, argc, argv);
  try {
    run(o);
  } catch (const std::exception& error) {
    return command_line::failed("web_weights", error);
  }
}
