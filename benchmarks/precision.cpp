// Speed and accuracy of products in bfloat16, on processors that have them:
//   train_step/nwm/tetrominoes/linear_bf16   beside train_step/nwm/tetrominoes/linear
//   precision/polygons/float, bf16           one training of a small machine; foreground IoU on 200
//                                            test images
#include "model.hpp"
#include "nwm/backend/cpu/simd_bf16.hpp"
#include "nwm/data/generate.hpp"
#include "nwm/data/polygons.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/readout/linear.hpp"

namespace {

/// Trains the README's first machine. Seeds differ from call to call, but are the same for all backends.
template <class B>
void train_polygons(benchmark::State& state) {
  using Machine = nwm::WaveMachine<
      nwm::Shape{.height = 24, .width = 24, .oscillators = 4, .steps = 32, .classes = 5, .encoder_width = 8},
      nwm::readout::Linear, nwm::head::Narrow, nwm::cell::Wave, B>;
  const auto data = nwm::data::polygons<Machine>({.images = 2000, .seed = 1});
  double sum = 0, trainings = 0;
  for ([[maybe_unused]] auto _ : state) {
    nwm::Trainer<Machine> trainer(
        {.learning_rate = 2e-3, .batch = 16, .epochs = 6, .threads = bench::threads()},
        Machine({.cell = {.dt = 0.3}, .seed = static_cast<std::uint64_t>(trainings)}));
    trainer.fit(data.train, data.validation);
    sum += nwm::evaluate(trainer.best(), data.test, bench::threads()).iou_foreground;
    trainings += 1;
  }
  state.counters["iou_foreground"] = sum / trainings;
}

bool add_training(const char* name, void (*f)(benchmark::State&)) {
  benchmark::RegisterBenchmark(name, f)->Iterations(3)->Unit(benchmark::kSecond);
  return true;
}

const bool plain = add_training("precision/polygons/float", train_polygons<nwm::DefaultBackend>);
#if defined(__AVX512BF16__)
const bool step = bench::add_model<nwm::WaveMachine<bench::tetrominoes, nwm::readout::Linear, nwm::head::Wide,
                                                    nwm::cell::Wave, nwm::cpu::SimdBf16>>(
    "nwm/tetrominoes/linear_bf16", 16);
const bool rounded = add_training("precision/polygons/bf16", train_polygons<nwm::cpu::SimdBf16>);
#endif

}  // namespace
