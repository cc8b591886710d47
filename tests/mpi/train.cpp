// A training over ranks that saves its state after every step, to be killed: mpi_train FOLDER [RANK STEPS].
// Rank RANK is killed after so many steps, while the state is saved or in the step after it: a count and no
// time, as to start ranks may take longer than all their work. Ends with weights.safetensors in the folder.
#include <unistd.h>

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
    if (argc != 2 && argc != 4) throw nwm::Error("mpi_train", "arguments", "FOLDER [RANK STEPS]", "others");
    const std::filesystem::path folder = argv[1];
    const int last = argc == 4 ? std::atoi(argv[3]) : 0;
    int victim = ::getpid();
    if (argc == 4) all.broadcast(victim, std::atoi(argv[2]));
    const auto train = tools::blocks(24, 1), validation = tools::blocks(6, 2);
    nwm::mpi::Trainer<tools::Small<nwm::cpu::Scalar>> trainer(
        all, {.learning_rate = 1e-2, .batch = 4, .epochs = 20, .seed = 3, .threads = 1});
    const auto file = folder / "training.safetensors";
    if (all.is_first() && std::filesystem::exists(file)) nwm::load_training(trainer, file);
    // Of rank 0 alone. The thread sends the signal at a moment of its own, and before the next step ends.
    int steps = 0;
    std::thread killer;
    trainer.fit(train, validation, [&](const nwm::Progress&) {
      if (killer.joinable()) killer.join();
      if (++steps == last) killer = std::thread([=] { ::kill(victim, SIGKILL); });
      nwm::save_training(trainer, file);
    });
    if (all.is_first()) nwm::save(trainer.best(), folder / "weights.safetensors");
  });
}
