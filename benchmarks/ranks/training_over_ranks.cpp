// nwm_training_over_ranks: what a training step over ranks takes, what of it is the sum of the gradients, and
// so what could be won at most by adding them during the backward pass.
//
//   mpiexec -n N build/benchmark/bin/nwm_training_over_ranks [REPEATS [sums]]    sums: without the models
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "../inputs.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/mpi/trainer.hpp"
#include "nwm/readout/linear.hpp"

namespace {

using nwm::mpi::Communicator, nwm::mpi::Sum;

/// The median over repetitions of the time until the last rank is done, in milliseconds.
template <class F>
double milliseconds(const Communicator& ranks, int repeats, const F& f) {
  std::vector<double> all;
  f();
  for (int i = 0; i < repeats; ++i) {
    ranks.barrier();
    const auto begin = std::chrono::steady_clock::now();
    f();
    ranks.barrier();
    all.push_back(1e3 * std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  std::ranges::sort(all);
  return all[all.size() / 2];
}

/// The time of the sum alone: `size` numbers of the shards of a batch.
double sum_alone(const Communicator& ranks, int repeats, std::size_t size, std::size_t shards, Sum sum) {
  nwm::mpi::RankShards share;
  share.over(std::make_shared<const Communicator>(ranks.get()), sum);
  std::vector<nwm::Buffer<float>> gradients(share.shards(shards).count(), nwm::Buffer<float>(size));
  const std::vector<double> losses(gradients.size(), 1.0);
  nwm::Buffer<float> to(size);
  return milliseconds(ranks, repeats, [&] {
    share.sum<nwm::cpu::Simd<>>(std::span<const nwm::Buffer<float>>(gradients),
                                std::span<const double>(losses), to.span());
  });
}

template <class Machine>
void measure(const Communicator& ranks, int repeats, const char* name, std::size_t batch) {
  const nwm::TrainerOptions options{.batch = batch, .threads = 1};
  const auto set = bench::random_images<Machine>(batch);
  std::vector<std::size_t> all(batch);
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto step = [&](auto&& trainer) {
    return milliseconds(ranks, repeats, [&] { trainer.step(set, all, 1); });
  };
  const double exact = step(nwm::mpi::Trainer<Machine>(ranks, Sum::exact, options)),
               fast = step(nwm::mpi::Trainer<Machine>(ranks, Sum::fast, options));
  const int sums = 20 * repeats;
  const double exact_sum = sum_alone(ranks, sums, Machine::parameter_count, options.shards, Sum::exact),
               fast_sum = sum_alone(ranks, sums, Machine::parameter_count, options.shards, Sum::fast);
  if (!ranks.is_first()) return;
  std::printf(
      "%-12s %7zu parameters, %zu images, %d ranks: exact %.2f ms a step, its sum %.3f ms (%.1f %%); "
      "fast %.2f ms, its sum %.3f ms (%.1f %%)\n",
      name, Machine::parameter_count, batch, ranks.size(), exact, exact_sum, 100 * exact_sum / exact, fast,
      fast_sum, 100 * fast_sum / fast);
}

void measure_models(const Communicator& ranks, int repeats) {
  using Small = nwm::WaveMachine<nwm::Shape{.height = 24,
                                            .width = 24,
                                            .image_channels = 1,
                                            .oscillators = 4,
                                            .steps = 32,
                                            .classes = 5,
                                            .encoder_width = 8},
                                 nwm::readout::Linear, nwm::head::Narrow>;
  measure<Small>(ranks, repeats, "polygons", 16);
  measure<nwm::WaveMachine<bench::tetrominoes, nwm::readout::Linear>>(ranks, repeats, "tetrominoes", 64);
}

}  // namespace

int main(int argc, char** argv) {
  return nwm::mpi::run(argc, argv, [&](const Communicator& ranks) {
    const int repeats = argc > 1 ? std::max(1, std::atoi(argv[1])) : 9;
    if (argc < 3) measure_models(ranks, repeats);
    // Sums of gradients without the passes that make them.
    for (const std::size_t size : {10'000, 100'000, 1'000'000, 10'000'000}) {
      const double exact = sum_alone(ranks, repeats, size, 16, Sum::exact),
                   fast = sum_alone(ranks, repeats, size, 16, Sum::fast);
      if (ranks.is_first())
        std::printf("sum of %8zu floats, %d ranks: exact %.3f ms, fast %.3f ms\n", size, ranks.size(), exact,
                    fast);
    }
  });
}
