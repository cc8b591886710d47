// device_nccl: training over GPUs, one a rank of mpiexec, against one GPU alone: weights, losses and metrics
// agree to rounding, and a second training has the same bits. Exit status 1 where one differs, 77 where there
// is no device, or fewer than ranks.
#include <cstdio>
#include <vector>

#include "nwm/backend/device/cuda.cuh"
#include "nwm/mpi/nccl.cuh"
#include "present.cuh"
#include "training.hpp"

namespace {

using namespace nwm;
using Machine = tools::Small<device::Cuda<4>, double>;

/// Two epochs of batches of 18 images, passes of four: several a rank, the last of them not full.
template <class Trainer>
std::vector<double> trained(Trainer&& trainer) {
  const auto set = tools::blocks(72, 1), validation = tools::blocks(9, 2);
  trainer.fit(set, validation);
  auto all = tools::weights(trainer.current());
  all.push_back(trainer.last_loss());
  all.push_back(trainer.state().best_loss);
  return all;
}

bool agrees(const mpi::Communicator& ranks) {
  const TrainerOptions options{.learning_rate = 1e-2, .batch = 18, .epochs = 2, .improvement = 0};
  const auto alone = trained(nwm::Trainer<Machine>(options));
  const auto found = trained(nccl::Trainer<Machine>(ranks, options)),
             again = trained(nccl::Trainer<Machine>(ranks, options));
  const double apart = tools::relative(found, alone);
  const bool fine = apart < 1e-8 && again == found;
  std::printf("rank %d of %d: apart %.1e %s %s\n", ranks.rank(), ranks.size(), apart,
              again == found ? "same bits" : "OTHER BITS", fine ? "ok" : "FAIL");
  return fine;
}

}  // namespace

int main(int argc, char** argv) {
  if (!device_present("device_nccl")) return 77;
  int status = 0;
  const int failed = mpi::run(argc, argv, [&](const mpi::Communicator& ranks) {
    try {
      nccl::take_device(ranks);
    } catch (const Error& error) {
      std::fprintf(stderr, "device_nccl: %s\n", error.what());
      status = 77;
      return;
    }
    status = agrees(ranks) ? 0 : 1;
  });
  return failed != 0 ? failed : status;
}
