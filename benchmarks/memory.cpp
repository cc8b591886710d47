// memory/<policy>/<T>: forward, loss and gradient of one image on each thread, for different checkpointing
// policies. The model is the tetrominoes' wave machine with four learned rows in the readout and the narrow
// head. (The rows of Linear, and the unused matrix in the other readouts' checkpoints, would grow with T by
// themselves.) `workspace_bytes` is one thread's. memory.py runs each benchmark in its own process to measure
// `peak_bytes`, the resident size.
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model.hpp"
#include "nwm/checkpointing/policies.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/readout/linear.hpp"

namespace {

template <std::size_t steps, class Checkpointing>
using Machine = nwm::WaveMachine<
    nwm::Shape{
        .height = 64, .width = 64, .image_channels = 3, .oscillators = 2, .steps = steps, .classes = 6},
    nwm::readout::LinearMap<4>, nwm::head::Narrow, nwm::cell::Wave, nwm::DefaultBackend, float,
    Checkpointing>;

/// Peak resident bytes of the process; 0 where the system does not tell. (wait4 would include the parent.)
double peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (double kilobytes = 0; word == "VmHWM:" && status >> kilobytes) return 1024 * kilobytes;
  return 0;
}

template <std::size_t steps, class Checkpointing>
void gradient(benchmark::State& state) {
  using M = Machine<steps, Checkpointing>;
  M machine;
  // Without damping: 1600 steps backwards through damped states would exceed the guard's limit.
  for (const nwm::Slice& slice : M::layout.slices)
    if (slice.name.view().find("alpha_encoder") != std::string_view::npos)
      std::ranges::fill(machine.parameters().subspan(slice.offset, slice.size), 0.0f);
  struct Memory {
    nwm::Buffer<float> gradient{M::parameter_count};
    std::unique_ptr<typename M::Workspace> space = std::make_unique<typename M::Workspace>();
  };
  std::vector<Memory> each(bench::threads());
  const auto image = bench::random_numbers(M::image_size, 0, 1);
  const std::vector<std::uint8_t> target(M::sites, 1);
  bench::measure(state, {.items = static_cast<double>(each.size())}, [&] {
    bench::on_all_threads([&](std::size_t thread) {
      machine.add_gradient(
          std::span<const float, M::image_size>(image.data(), M::image_size), target, 1.0f,
          std::span<float, M::parameter_count>(each[thread].gradient.data(), M::parameter_count),
          *each[thread].space);
    });
    benchmark::ClobberMemory();
  });
  state.counters["workspace_bytes"] = static_cast<double>(each[0].space->bytes());
  state.counters["peak_bytes"] = peak_bytes();
}

/// A k near sqrt(T) needs the least memory.
template <std::size_t steps, std::size_t k>
bool add() {
  const std::string end = "/" + std::to_string(steps);
  bench::add("memory/store_all" + end, gradient<steps, nwm::checkpointing::StoreAll>);
  bench::add("memory/every" + end, gradient<steps, nwm::checkpointing::Every<k>>);
  bench::add("memory/reversible" + end, gradient<steps, nwm::checkpointing::Reversible<>>);
  return true;
}

const bool registered = add<100, 10>() && add<400, 20>() && add<1600, 40>();

}  // namespace
