// nwm_ranks: what messages between ranks cost here, and how a simulation scales over them:
//
//     mpirun -n N nwm_ranks [ROUNDS]
//
// Every figure is the best of ROUNDS (50), as other work on the machine only adds time. Beside a simulation
// over N ranks stands its copy of one process: N nwm::Simulations side by side, of a rank's rows each, which
// exchange nothing and have the same cores and memory to share.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <span>
#include <thread>
#include <vector>

#include "../linear_wave.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/mpi/communicator.hpp"
#include "nwm/mpi/simulation.hpp"
#include "nwm/simulation/simulation.hpp"

namespace {

using measured::Linear;
using nwm::mpi::Communicator;

/// Seconds of f() on the slowest rank.
template <class F>
double seconds(const Communicator& ranks, const F& f) {
  ranks.barrier();
  const auto begin = std::chrono::steady_clock::now();
  f();
  const double mine = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::vector<double> all(static_cast<std::size_t>(ranks.size()));
  ranks.all_gather(std::span<const double>(&mine, 1), std::span(all),
                   std::vector<std::size_t>(all.size(), 1));
  return *std::max_element(all.begin(), all.end());
}
template <class F>
double best(const Communicator& ranks, std::size_t rounds, const F& f) {
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < rounds; ++i) least = std::min(least, seconds(ranks, f));
  return least;
}

/// One way of a message between ranks 0 and 1, and a sum over all, by size.
void messages(const Communicator& ranks, std::size_t rounds) {
  if (ranks.is_first()) std::printf("\nbytes       one way, us      GB/s   sum over all ranks, us\n");
  for (std::size_t bytes = 8; bytes <= (std::size_t{8} << 20); bytes *= bytes < 4096 ? 8 : 4) {
    std::vector<float> values(bytes / sizeof(float), 1);
    const std::span<float> all(values);
    const std::size_t times = std::clamp<std::size_t>((std::size_t{1} << 20) / bytes, 2, 1000);
    const double way = best(ranks, rounds,
                            [&] {
                              for (std::size_t i = 0; i < times; ++i) {
                                if (ranks.rank() == 0)
                                  ranks.send(std::span<const float>(values), 1), ranks.receive(all, 1);
                                if (ranks.rank() == 1)
                                  ranks.receive(all, 0), ranks.send(std::span<const float>(values), 0);
                              }
                            }) /
                       static_cast<double>(2 * times);
    const double sum = best(ranks, rounds,
                            [&] {
                              for (std::size_t i = 0; i < times; ++i) ranks.all_reduce(all);
                            }) /
                       static_cast<double>(times);
    if (ranks.is_first())
      std::printf("%-10zu %12.2f %10.2f %12.2f\n", bytes, way * 1e6, static_cast<double>(bytes) / way * 1e-9,
                  sum * 1e6);
  }
}

/// Some milliseconds: short enough that on a busy machine some of the rounds are left alone.
constexpr std::size_t steps_of(std::size_t sites) {
  return std::max<std::size_t>(8, (std::size_t{1} << 23) / sites);
}

template <class Waves>
void start(Waves& waves) {
  for (float& v : waves.field(Linear::speed2)) v = 1;
  std::size_t i = 0;
  for (float& v : waves.field(Linear::u)) v = static_cast<float>(std::sin(0.01 * static_cast<double>(i++)));
}

/// Seconds of a step.
struct Times {
  double passes, steps;  ///< several steps between two exchanges, or looks; one
};

/// Of a grid of one process, or over all ranks.
template <class Waves>
Times time(const Communicator& ranks, std::size_t rounds, Waves& waves, std::size_t sites) {
  start(waves);
  const std::size_t steps = steps_of(sites);
  waves.run(10);
  const auto a_step = [&](const auto& run) { return best(ranks, rounds, run) / static_cast<double>(steps); };
  return {a_step([&] { waves.run(steps); }), a_step([&] { waves.run(steps, [](const Waves&) {}); })};
}

/// A grid over all N ranks, beside N grids of 1 / N of the rows.
template <std::size_t N, std::size_t height, std::size_t width>
void row(const Communicator& ranks, std::size_t rounds, const char* what) {
  nwm::mpi::Simulation<Linear, nwm::Grid<height, width>> waves(ranks, {.cell = {}, .check_every = 0});
  const Times over = time(ranks, rounds, waves, height * width / N);
  nwm::Simulation<Linear, nwm::Grid<height / N, width>> copy({.cell = {}, .check_every = 0});
  const Times alone = time(ranks, rounds, copy, height * width / N);
  if (!ranks.is_first()) return;
  const auto both = [&](double shared, double own) {
    std::printf(" %9.1f %7.0f M %8.1f %6.2f", shared * 1e6,
                static_cast<double>(height * width) * 1e-6 / shared, own * 1e6, own / shared);
  };
  std::printf("%-7s %5zu x %-5zu", what, height, width);
  both(over.passes, alone.passes);
  both(over.steps, alone.steps);
  std::printf(" %7zu\n", waves.bytes_sent());
}

/// Strong: the same grid, whatever N. Weak: as many rows for every rank.
template <std::size_t N>
void scaling(const Communicator& ranks, std::size_t rounds) {
  if (ranks.is_first())
    std::printf(
        "\n                      run(steps)                             run(steps, observer)\n"
        "        grid          us a step   updates  copy, us  share   us a step   updates  copy, us  share  "
        "bytes\n");
  row<N, 128, 128>(ranks, rounds, "strong");
  row<N, 512, 512>(ranks, rounds, "strong");
  row<N, 2048, 2048>(ranks, rounds, "strong");
  row<N, 256 * N, 1024>(ranks, rounds, "weak");
}

}  // namespace

int main(int argc, char** argv) {
  return nwm::mpi::run(argc, argv, [&](const Communicator& ranks) {
    const std::size_t rounds = argc > 1 ? std::max<std::size_t>(1, std::strtoull(argv[1], nullptr, 10)) : 50;
    if (ranks.is_first())
      std::printf("%d ranks; this machine has %u threads; best of %zu rounds\n", ranks.size(),
                  std::thread::hardware_concurrency(), rounds);
    if (ranks.size() > 1) messages(ranks, rounds);
    bool known = false;
    const auto on = [&](auto n) {
      if (ranks.size() == static_cast<int>(n)) known = true, scaling<n>(ranks, rounds);
    };
    on(std::integral_constant<std::size_t, 1>{});
    on(std::integral_constant<std::size_t, 2>{});
    on(std::integral_constant<std::size_t, 4>{});
    on(std::integral_constant<std::size_t, 8>{});
    on(std::integral_constant<std::size_t, 16>{});
    if (!known && ranks.is_first()) std::printf("\nThe simulations are for 1, 2, 4, 8 or 16 ranks.\n");
  });
}
