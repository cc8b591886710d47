// One training over many processes: mpiexec -n 4 train_over_ranks. Every rank has the model and the pictures,
// makes its share of each batch, and takes the same step; the weights are those of one process, bit for bit.
// Rank 0 prints and saves. Stopped by anything, the same command goes on, with as many ranks as there are.
#include <cstdio>
#include <filesystem>
#include <nwm/mpi/trainer.hpp>
#include <nwm/nwm.hpp>

using Machine = nwm::WaveMachine<
    nwm::Shape{.height = 16, .width = 16, .oscillators = 2, .steps = 20, .classes = 5, .encoder_width = 8},
    nwm::readout::Linear, nwm::head::Narrow>;

int main(int argc, char** argv) {
  return nwm::mpi::run(argc, argv, [](const nwm::mpi::Communicator& ranks) {
    const auto data = nwm::data::polygons<Machine>({.images = 400, .seed = 1});
    // A rank has one thread here: a machine of eight cores is eight ranks, or two of four threads.
    nwm::mpi::Trainer<Machine> trainer(ranks, {.learning_rate = 2e-3, .batch = 16, .epochs = 3, .threads = 1},
                                       Machine({.cell = {.dt = 0.3}}));

    // What rank 0 has loaded is handed on to all.
    const char* file = "training.safetensors";
    if (ranks.is_first() && std::filesystem::exists(file)) nwm::load_training(trainer, file);

    // The callback runs on rank 0 alone; what it answers holds for all.
    trainer.fit(data.train, data.validation, [&](const nwm::Progress& progress) {
      if (!progress.epoch_end) return;
      nwm::save_training(trainer, file);
      std::printf("epoch %zu on %d ranks: validation loss %.4f\n", static_cast<std::size_t>(progress.epoch),
                  ranks.size(), progress.validation.loss);
    });

    // All ranks measure, each its images, and all have the metrics.
    const auto metrics = trainer.evaluate(data.test);
    if (!ranks.is_first()) return;
    nwm::save(trainer.best(), "weights.safetensors");
    std::printf("accuracy on test images %.4f\n", metrics.acc);
  });
}
