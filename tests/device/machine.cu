// device_machine: whole models trained on a GPU against the same operations on the host: losses, scores, the
// way of the parameters and metrics; a second training against the first, to the bit. Exit status 1 where one
// differs, 77 where there is no device.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>

#include "nwm/backend/device/cuda.cuh"
#include "nwm/backend/device/host.hpp"
#include "nwm/cell/gru.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/model/cnn.hpp"
#include "nwm/model/unet.hpp"
#include "nwm/readout/fft.hpp"
#include "present.cuh"
#include "training.hpp"

namespace {

using namespace nwm;
using Host = device::Host<device::Sequential, 4>;
using Gpu = device::Cuda<4>;
static_assert(device::System<device::CudaSystem> && Backend<Gpu>);

constexpr Shape shape{.height = 5,
                      .width = 6,
                      .image_channels = 1,
                      .oscillators = 2,
                      .steps = 8,
                      .classes = 3,
                      .encoder_width = 3};

template <class B, class Readout = readout::Linear, class Cell = cell::Wave,
          class Checkpointing = checkpointing::StoreAll>
using Waves = WaveMachine<shape, Readout, head::Hidden<6>, Cell, B, double, Checkpointing>;
template <class B>
using Folded = Waves<B, readout::LinearMap<0, readout::Fold::always>, cell::Wave, checkpointing::Every<2>>;
static_assert(Folded<Gpu>::folds_readout);
template <class B>
using Layers = Cnn<shape, 2, head::Hidden<6>, B, double>;

/// Its batch is its pass.
template <template <std::size_t> class B>
using Pyramid = UNet<Shape{.height = 16, .width = 32, .image_channels = 1, .classes = 3}, 2, B<6>, double>;
template <std::size_t images>
using OnGpu = device::Cuda<images>;
template <std::size_t images>
using OnHost = device::Host<device::Sequential, images>;

/// Metrics of seven images, measured where the scores are.
template <class M>
SegmentationMetrics measured() {
  static_assert(MeasuredThere<M, loss::CrossEntropy>);
  return evaluate(M{}, tools::blocks(7, 2, M::shape.height, M::shape.width));
}

/// Five steps: asked for, recorded, replayed.
template <class There, class Here>
bool agree(const char* what) {
  const auto wanted = tools::trained<Here>(5), found = tools::trained<There>(5),
             again = tools::trained<There>(5);
  const double losses = tools::relative(found.losses, wanted.losses),
               way = tools::relative(found.moved, wanted.moved),
               scores = tools::relative(found.scores, wanted.scores);
  const SegmentationMetrics here = measured<Here>(), there = measured<There>(), twice = measured<There>();
  const double metrics = std::abs(there.loss - here.loss) / here.loss;
  const bool same = again == found && std::memcmp(&there, &twice, sizeof there) == 0;
  const bool fine = losses < 1e-8 && way < 1e-6 && scores < 1e-6 && metrics < 1e-8 && there.acc == here.acc &&
                    there.acc_foreground == here.acc_foreground && same;
  std::printf("%s losses %.1e way %.1e scores %.1e metrics %.1e %s %s\n", what, losses, way, scores, metrics,
              same ? "same bits" : "OTHER BITS", fine ? "ok" : "FAIL");
  return fine;
}

bool all_agree() {
  bool fine = agree<Waves<Gpu>, Waves<Host>>("waves, linear");
  fine = agree<Waves<Gpu, readout::Fft>, Waves<Host, readout::Fft>>("waves, fft") && fine;
  fine = agree<Waves<Gpu, readout::Linear, cell::Wave, checkpointing::Every<2>>,
               Waves<Host, readout::Linear, cell::Wave, checkpointing::Every<2>>>("waves, checkpoints") &&
         fine;
  fine = agree<Folded<Gpu>, Folded<Host>>("waves, folded readout") && fine;
  fine = agree<Waves<Gpu, readout::Linear, cell::Lstm>, Waves<Host, readout::Linear, cell::Lstm>>("lstm") &&
         fine;
  fine =
      agree<Waves<Gpu, readout::Linear, cell::Gru>, Waves<Host, readout::Linear, cell::Gru>>("gru") && fine;
  fine = agree<Layers<Gpu>, Layers<Host>>("cnn") && fine;
  fine = agree<Pyramid<OnGpu>, Pyramid<OnHost>>("u-net") && fine;
  return fine;
}

}  // namespace

int main() {
  if (!device_present("device_machine")) return 77;
  try {
    return all_agree() ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "device_machine: %s\n", e.what());
    return 1;
  }
}
