// A training over ranks that saves its state after every step, to be killed: mpi_train FOLDER [RANK SECONDS].
// Rank RANK kills itself so many seconds after its first step. Ends with weights.safetensors in the folder.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "../train/tools.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/model/weights.hpp"
#include "nwm/mpi/trainer.hpp"
#include "nwm/train/saved_training.hpp"

int main(int argc, char** argv) {
  return nwm::mpi::run(argc, argv, [&](const nwm::mpi::Communicator& all) {
    if (argc != 2 && argc != 4) throw nwm::Error("mpi_train", "arguments", "FOLDER [RANK SECONDS]", "others");
    const std::filesystem::path folder = argv[1];
    if (argc == 4 && std::atoi(argv[2]) == all.rank())
      std::thread([seconds = std::atof(argv[3])] {
        std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
        ::kill(::getpid(), SIGKILL);
      }).detach();
    const auto train = tools::blocks(24, 1), validation = tools::blocks(6, 2);
    nwm::mpi::Trainer<tools::Small<nwm::cpu::Scalar>> trainer(
        all, {.learning_rate = 1e-2, .batch = 4, .epochs = 20, .seed = 3, .threads = 1});
    const auto file = folder / "training.safetensors";
    if (all.is_first() && std::filesystem::exists(file)) nwm::load_training(trainer, file);
    trainer.fit(train, validation, [&](const nwm::Progress&) { nwm::save_training(trainer, file); });
    if (all.is_first()) nwm::save(trainer.best(), folder / "weights.safetensors");
  });
}
