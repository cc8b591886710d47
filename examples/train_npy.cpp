// Train on one's own pictures in .npy or .npy.gz files:
//   train_npy IMAGES MASKS VALIDATION_IMAGES VALIDATION_MASKS
// with images (n, 32, 32) and masks (n, 32, 32) of classes 0..4; for others change the Shape. Without
// arguments it writes a small data set first and trains on that. Compiled by hand it needs -lz, for plain
// .npy files, too. Pictures of floats should lie near [0, 1]; bytes are read as such.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <nwm/data/npy.hpp>
#include <nwm/nwm.hpp>
#include <string>
#include <vector>

using Machine = nwm::WaveMachine<nwm::Shape{.height = 32,
                                            .width = 32,
                                            .image_channels = 1,
                                            .oscillators = 4,
                                            .steps = 40,
                                            .classes = 5,
                                            .encoder_width = 8},
                                 nwm::readout::Linear, nwm::head::Narrow>;

/// Polygons as NumPy would save them: uint8 images (n, H, W) and masks (n, H, W).
void write(const nwm::data::Dataset& set, const std::string& images, const std::string& masks) {
  const std::size_t count = set.size(), height = set.extent().height, width = set.extent().width;
  std::vector<std::uint8_t> pixels, labels;
  std::vector<float> picture(set.extent().values());
  for (std::size_t i = 0; i < count; ++i) {
    set.picture(i, std::span(picture));
    for (const float v : picture) pixels.push_back(static_cast<std::uint8_t>(std::lround(255 * v)));
    labels.insert(labels.end(), set.mask(i).begin(), set.mask(i).end());
  }
  nwm::io::write_npy(images, {count, height, width}, pixels);
  nwm::io::write_npy(masks, {count, height, width}, labels);
}

int main(int argc, char** argv) {
  try {
    std::vector<std::string> files(argv + 1, argv + argc);
    if (files.empty()) {
      files = {"images.npy", "masks.npy", "validation_images.npy", "validation_masks.npy"};
      const auto split = nwm::data::polygons<Machine>({.images = 600, .seed = 1});
      write(split.train, files[0], files[1]);
      write(split.validation, files[2], files[3]);
    }
    if (files.size() != 4)
      throw nwm::Error("train_npy", "arguments", "images, masks, validation images and masks",
                       std::to_string(files.size()));
    const auto train = nwm::data::load_npy(files[0], files[1]);
    const auto validation = nwm::data::load_npy(files[2], files[3]);

    nwm::Trainer<Machine> trainer({.learning_rate = 1e-3, .batch = 16, .epochs = 4},
                                  Machine({.cell = {.dt = 0.3}}));
    const double before = nwm::evaluate(trainer.best(), validation).loss;
    trainer.fit(train, validation, nwm::progress_bar(stdout));
    const double after = nwm::evaluate(trainer.best(), validation).loss;
    nwm::save(trainer.best(), "npy.safetensors");
    std::printf("%zu images; validation loss %.3f, untrained %.3f: %s\n", train.size(), after, before,
                after < before / 4 ? "ok" : "not learned");
    return after < before / 4 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
