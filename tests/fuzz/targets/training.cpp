// The state of a training: loaded both ways, and gone on with where it was accepted.
#include "../target.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/readout/linear.hpp"
#include "nwm/train/saved_training.hpp"
#include "nwm/train/trainer.hpp"

namespace {

using Machine =
    nwm::WaveMachine<nwm::Shape{.height = 2,
                                .width = 3,
                                .image_channels = 1,
                                .oscillators = 1,
                                .steps = 2,
                                .classes = 2,
                                .encoder_width = 1},
                     nwm::readout::Linear, nwm::head::Hidden<1>, nwm::cell::Wave, nwm::cpu::Scalar>;
using Trainer = nwm::Trainer<Machine>;

const nwm::TrainerOptions trainer_options{
    .learning_rate = 1e-2, .batch = 2, .epochs = 2, .seed = 3, .threads = 1};

const nwm::data::Dataset& four() {
  static const nwm::data::Dataset set = [] {
    nwm::data::Dataset::Bytes pictures(24), masks(24);
    for (std::size_t i = 0; i < 24; ++i) {
      masks[i] = i % 5 == 0;
      pictures[i] = masks[i] != 0 ? 255 : static_cast<std::uint8_t>(i);
    }
    return nwm::data::Dataset({4, 1, 2, 3}, std::move(pictures), std::move(masks), "four");
  }();
  return set;
}

void read_training(fuzz::Bytes bytes) {
  static fuzz::File file("training.safetensors");
  static Trainer exact(trainer_options), other(trainer_options);
  const std::string& path = file.put(bytes);
  const auto go_on = [&](Trainer& trainer, nwm::Resume how) {
    nwm::load_training(trainer, path, how);
    for (const float v : trainer.current().parameters())
      fuzz::require(std::isfinite(v), "weights that are finite");
    trainer.fit(four(), four());
  };
  try {
    go_on(other, nwm::Resume::with_other_options);
  } catch (const nwm::Error&) {
    // The stricter way is asked all the same.
  }
  go_on(exact, nwm::Resume::exactly);
}

/// After the first step of the second epoch.
void write_training(const char* path) {
  Trainer trainer(trainer_options);
  trainer.fit(four(), four(), [](const nwm::Progress& p) { return p.epoch < 2 || p.step < 1; });
  nwm::save_training(trainer, path);
}

const fuzz::Add training(
    {.name = "training", .read = read_training, .longest = 12288, .write = write_training});

}  // namespace
