// wave/<what>/<n>: a linear wave on an n × n torus, to compare with deepwave's scalar propagator
// (peers/deepwave_peer.py: the same equation, stencil, start and steps). An item is the update of one site.
//   forward    a Simulation on each thread
//   rows       one Simulation, its rows over the threads
//   gradient   forward and back to the speed at every site, for an image on each thread
// `norm` is the norm of the last field, or of the gradient of ½ |u_T|² by the speed; the peer must agree on
// it.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <numbers>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "linear_wave.hpp"
#include "measure.hpp"
#include "nwm/backend/default.hpp"
#include "nwm/simulation/simulation.hpp"
#include "nwm/time/recurrence.hpp"

namespace {

using measured::Linear;

constexpr std::size_t steps(std::size_t n) { return n <= 64 ? 1600 : n <= 256 ? 400 : 100; }

double speed(std::size_t row, std::size_t column, std::size_t n) {
  const double unit = 2 * std::numbers::pi / static_cast<double>(n);
  return 1 + 0.2 * std::sin(unit * static_cast<double>(row)) * std::cos(unit * static_cast<double>(column));
}

/// Sets the initial displacement and the speed map, both (n, n).
void fill(float* u, float* speed2, std::size_t n) {
  for (std::size_t row = 0; row < n; ++row)
    for (std::size_t column = 0; column < n; ++column) {
      const double middle = static_cast<double>(n / 2), dr = static_cast<double>(row) - middle,
                   dc = static_cast<double>(column) - middle, c = speed(row, column, n);
      u[row * n + column] = static_cast<float>(std::exp(-(dr * dr + dc * dc) / 18));
      speed2[row * n + column] = static_cast<float>(c * c);
    }
}

double norm(std::span<const float> values) {
  double sum = 0;
  for (const float v : values) sum += static_cast<double>(v) * static_cast<double>(v);
  return std::sqrt(sum);
}

template <std::size_t n>
using Waves = nwm::Simulation<Linear, nwm::Grid<n, n>>;

/// Runs from the initial field `begin`.
template <std::size_t n>
void simulate(Waves<n>& waves, const nwm::Buffer<float>& begin) {
  waves.reset();
  std::copy(begin.span().begin(), begin.span().end(), waves.field(Linear::u).begin());
  waves.run(steps(n));
}

/// Times `count` simulations with `threads` threads each.
template <std::size_t n>
void forward(benchmark::State& state, std::size_t count, std::size_t threads) {
  nwm::Buffer<float> begin(n * n), speed2(n * n);
  fill(begin.data(), speed2.data(), n);
  std::vector<std::unique_ptr<Waves<n>>> each;
  for (std::size_t i = 0; i < count; ++i) {
    each.push_back(std::make_unique<Waves<n>>(
        typename Waves<n>::Options{.cell = {}, .check_every = 0, .threads = threads}));
    std::copy(speed2.span().begin(), speed2.span().end(), each[i]->field(Linear::speed2).begin());
  }
  bench::measure(state, {.items = static_cast<double>(count * steps(n) * n * n)}, [&] {
    if (count == 1) simulate<n>(*each[0], begin);
    else bench::on_all_threads([&](std::size_t thread) { simulate<n>(*each[thread], begin); });
    benchmark::ClobberMemory();
  });
  state.counters["norm"] = norm(std::as_const(*each[0]).recorded());
}

/// The forward pass keeps the state every few steps. The backward pass runs the steps between two kept states
/// again, with a tape.
template <std::size_t n>
struct Gradient {
  static constexpr std::size_t length = n <= 256 ? 20 : 10, segments = steps(n) / length;
  using W = nwm::model::Recurrence<Linear, nwm::Grid<n, n>, 1, length, segments, nwm::DefaultBackend, float>;
  static constexpr auto layout = nwm::exact_layout<[](auto& all) { W::describe(all, ""); }, 64>();

  Gradient() : parameters(layout, 0) {
    fill(tape.initial(Linear::u), tape.initial(Linear::speed2), n);
    copy(tape.initial(Linear::speed2), waves.field(Linear::speed2).data());
  }

  void run() {
    copy(tape.initial(Linear::u), waves.field(Linear::u).data());
    copy(tape.initial(Linear::z), waves.field(Linear::z).data());
    for (std::size_t s = 0; s < segments; ++s) {
      waves.run(length);
      if (s + 1 < segments)
        for (const auto f : {Linear::u, Linear::z}) copy(waves.field(f).data(), tape.initial(f, s + 1));
    }
    adjoint.clear();
    copy(waves.field(Linear::u).data(), adjoint.gradient(Linear::u));  // only the last field is in the loss
    for (std::size_t s = segments; s-- > 0;) {
      W::run(Linear{}, parameters.data(), tape, s, scratch.data());
      W::run_back(Linear{}, parameters.data(), tape, s, nullptr, adjoint, nullptr, scratch.data());
    }
  }

  static void copy(const float* from, float* to) { std::copy_n(from, n * n, to); }

  /// Norm of the gradient by the speed, computed from the gradient by its square.
  double size() {
    std::vector<float> by_speed(n * n);
    for (std::size_t row = 0; row < n; ++row)
      for (std::size_t column = 0; column < n; ++column) {
        const std::size_t i = row * n + column;
        by_speed[i] = static_cast<float>(2 * speed(row, column, n) *
                                         static_cast<double>(adjoint.gradient(Linear::speed2)[i]));
      }
    return norm(by_speed);
  }

  typename W::Tape tape;
  typename W::Adjoint adjoint;
  nwm::model::ParameterVector<nwm::DefaultBackend, float, layout.size> parameters;
  Waves<n> waves{typename Waves<n>::Options{.cell = {}, .check_every = 0}};
  nwm::Buffer<float> scratch{W::scratch};
};

template <std::size_t n>
void gradient(benchmark::State& state) {
  std::vector<std::unique_ptr<Gradient<n>>> each(bench::threads());
  for (auto& one : each) one = std::make_unique<Gradient<n>>();
  bench::measure(state, {.items = static_cast<double>(each.size() * steps(n) * n * n)}, [&] {
    bench::on_all_threads([&](std::size_t thread) { each[thread]->run(); });
    benchmark::ClobberMemory();
  });
  state.counters["norm"] = each[0]->size();
}

template <std::size_t n>
bool add() {
  const std::string size = std::to_string(n);
  bench::add("wave/forward/" + size, [](benchmark::State& s) { forward<n>(s, bench::threads(), 1); });
  bench::add("wave/rows/" + size, [](benchmark::State& s) { forward<n>(s, 1, bench::threads()); });
  bench::add("wave/gradient/" + size, [](benchmark::State& s) { gradient<n>(s); });
  return true;
}

const bool registered = add<64>() && add<256>() && add<1024>();

}  // namespace
