// expect: the images of a batch depend on each other here .batch normalisation.: ranks cannot share it
// max-lines: 16
// A model with batch normalisation over ranks: the statistics of a rank's images are not those of the batch.
#include "nwm/model/unet.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/mpi/trainer.hpp"

constexpr nwm::Shape shape{.height = 16, .width = 16};
#ifdef NWM_SHOULD_COMPILE
using Machine = nwm::WaveMachine<shape>;
#else
using Machine = nwm::UNet<shape, 2>;
#endif

void train(const nwm::mpi::Communicator& ranks, const nwm::data::Dataset& set) {
  nwm::mpi::Trainer<Machine> trainer(ranks);
  trainer.fit(set, set);
}
