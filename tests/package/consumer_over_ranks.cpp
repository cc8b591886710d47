// Uses the component mpi of an installed nwm: one rank, started by itself.
#include <cstdio>
#include <nwm/mpi/trainer.hpp>
#include <nwm/nwm.hpp>

using Machine =
    nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8, .oscillators = 2, .steps = 4, .classes = 2}>;

int main(int argc, char** argv) {
  return nwm::mpi::run(argc, argv, [](const nwm::mpi::Communicator& ranks) {
    const nwm::mpi::Trainer<Machine> trainer(ranks, {.batch = 2});
    std::printf("rank %d of %d\n", trainer.ranks().rank(), trainer.ranks().size());
  });
}
