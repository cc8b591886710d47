// part/couple/<C>/forward|adjoint: the time loop alone, 100 steps of the wave cell with C coupled channels on
// 64 × 64. An item is the update of one site with all of its channels; flops are those of the 3×3×C×C
// products.
#include "measure.hpp"
#include "nwm/backend/default.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/time/recurrence.hpp"

namespace {

using Grid = nwm::Grid<64, 64>;
constexpr std::size_t steps = 100;

template <std::size_t channels>
using Waves = nwm::model::Recurrence<nwm::cell::Wave, Grid, channels, steps, 1, nwm::DefaultBackend, float>;

template <std::size_t channels>
struct Memory {
  using W = Waves<channels>;
  using Cell = nwm::cell::Wave;
  Memory() {
    const auto numbers = bench::random_numbers(W::columns, 0, 1);
    for (const std::size_t field : {std::size_t{Cell::y}, std::size_t{Cell::omega}, std::size_t{Cell::alpha}})
      for (std::size_t i = 0; i < W::columns; ++i) tape.initial(field)[i] = numbers[i];
    W::run(Cell{}, parameters.data(), tape, 0, scratch.data());
  }
  typename W::Tape tape;
  typename W::Adjoint adjoint;
  nwm::Buffer<float> parameters = bench::random_numbers(W::parameters, -0.1, 0.1);
  nwm::Buffer<float> gradient{W::parameters}, scratch{W::scratch};
  nwm::Buffer<float> series_gradient = bench::random_numbers(steps * W::columns, -1e-3, 1e-3);
};

template <std::size_t channels>
bool add() {
  using W = Waves<channels>;
  constexpr double updates = static_cast<double>(steps * Grid::sites);
  constexpr double flops = updates * 2 * 9 * channels * channels;
  const std::string name = "part/couple/" + std::to_string(channels);
  bench::add(name + "/forward", [](benchmark::State& state) {
    bench::measure_part<Memory<channels>>(state, {.items = updates, .flops = flops}, [](auto& m) {
      W::run(nwm::cell::Wave{}, m.parameters.data(), m.tape, 0, m.scratch.data());
    });
  });
  // Backwards through recorded steps: the two adjoints of the products, towards the field and the weights.
  bench::add(name + "/adjoint", [](benchmark::State& state) {
    bench::measure_part<Memory<channels>>(state, {.items = updates, .flops = 2 * flops}, [](auto& m) {
      m.adjoint.clear();
      m.gradient.fill(0);
      W::run_back(nwm::cell::Wave{}, m.parameters.data(), m.tape, 0, m.series_gradient.data(), m.adjoint,
                  m.gradient.data(), m.scratch.data());
    });
  });
  return true;
}

const bool registered = add<2>() && add<4>() && add<8>() && add<16>();

}  // namespace
