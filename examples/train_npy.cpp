// Train on one's own pictures in .npy or .npy.gz files:
//   train_npy IMAGES MASKS VALIDATION_IMAGES VALIDATION_MASKS
// with images (n, H, W) or (n, H, W, 3), bytes or floats in [0, 1], and masks (n, H, W). Sizes and classes
// are three constants in own_pictures.hpp. Without arguments it writes a small data set first and trains on
// that. Compiled by hand it needs -lz, for plain .npy files, too.
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <nwm/data/npy.hpp>
#include <nwm/nwm.hpp>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "own_pictures.hpp"

/// Polygons as NumPy would save them: uint8 images (n, H, W) or (n, H, W, 3), and masks (n, H, W).
void write(const nwm::data::Dataset& set, const std::string& images, const std::string& masks) {
  const auto [count, colours, height, width, steps, positions] = set.extent();
  std::vector<std::uint8_t> pixels, labels;
  std::vector<float> picture(set.extent().values());
  for (std::size_t i = 0; i < count; ++i) {
    set.picture(i, std::span(picture));
    for (std::size_t p = 0; p < height * width; ++p)
      for (std::size_t c = 0; c < colours; ++c)
        pixels.push_back(static_cast<std::uint8_t>(std::lround(255 * picture[c * height * width + p])));
    labels.insert(labels.end(), set.mask(i).begin(), set.mask(i).end());
  }
  nwm::io::write_npy(images, {count, height, width, colours}, pixels);
  nwm::io::write_npy(masks, {count, height, width}, labels);
}

/// Throws Error unless the pictures are of the size that this program was compiled for, and the classes fit.
void require_own(const nwm::data::Dataset& set) {
  const std::string remedy = " (change side, channels and classes in own_pictures.hpp, and build again)";
  const auto [count, colours, height, width, steps, positions] = set.extent();
  if (height != side || width != side || colours != channels)
    throw nwm::Error(
        set.name(), "pictures",
        std::to_string(side) + " x " + std::to_string(side) + " pixels, channels " +
            std::to_string(channels) + remedy,
        std::to_string(height) + " x " + std::to_string(width) + ", channels " + std::to_string(colours));
  if (set.classes() > classes)
    throw nwm::Error(set.name(), "masks", "classes 0 to " + std::to_string(classes - 1) + remedy,
                     std::to_string(set.classes() - 1));
}

int main(int argc, char** argv) {
  std::vector<std::string> files;
  std::string out = "npy.safetensors";
  std::size_t epochs = 4, seed = 0;
  CLI::App app("Trains a machine of waves on your own pictures");
  app.add_option("FILES", files, "IMAGES MASKS VALIDATION_IMAGES VALIDATION_MASKS; none: polygons, drawn")
      ->expected(4);
  app.add_option("--epochs", epochs, "Times each picture is seen")
      ->capture_default_str()
      ->check(command_line::count);
  app.add_option("--seed", seed, "Of weights and order")->capture_default_str()->check(command_line::natural);
  app.add_option("--out", out, "File of the weights")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    const bool drawn = files.empty();
    if (drawn) {
      files = {"images.npy", "masks.npy", "validation_images.npy", "validation_masks.npy"};
      if (classes < 5)  // what polygons need; your own pictures may have fewer
        throw nwm::Error(
            "train_npy", "FILES",
            "four files: polygons have 5 classes, this program was built for " + std::to_string(classes),
            "none");
      const auto split = nwm::data::polygons({.channels = channels, .height = side, .width = side},
                                             {.images = 600, .seed = 1});
      write(split.train, files[0], files[1]);
      write(split.validation, files[2], files[3]);
    }
    const auto train = nwm::data::load_npy(files[0], files[1]);
    const auto validation = nwm::data::load_npy(files[2], files[3]);
    for (const auto* set : {&train, &validation}) require_own(*set);

    nwm::Trainer<OwnMachine> trainer(
        {.learning_rate = 2e-3, .batch = 16, .epochs = epochs, .clip_norm = 1, .seed = seed},
        OwnMachine({.cell = {.dt = 0.3}, .seed = seed}));
    const double before = nwm::evaluate(trainer.best(), validation).loss;
    trainer.fit(train, validation, nwm::progress_bar(stdout));
    const auto after = nwm::evaluate(trainer.best(), validation);
    nwm::save(trainer.best(), out);
    std::printf(
        "%zu images; foreground IoU %.4f; validation loss %.3f, untrained %.3f; weights are in %s%s\n",
        train.size(), after.iou_foreground, after.loss, before, out.c_str(),
        !drawn                    ? ""
        : after.loss < before / 4 ? ": ok"
                                  : ": not learned");
    return drawn && !(after.loss < before / 4) ? 1 : 0;
  } catch (const std::exception& error) {
    return command_line::failed("train_npy", error);
  }
}
