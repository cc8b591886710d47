// Waves in a simulation of one's own: a boat that hums while it crosses a basin, and a microphone ahead of
// it. The boat and the microphone are this program's; the library runs the water, and calls both after each
// step.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <numbers>
#include <nwm/cell/wave.hpp>
#include <nwm/simulation/simulation.hpp>
#include <vector>

// Water: the wave cell with its initial coupling, the Laplacian, is u_tt = ∇²u − alpha u_t for small u.
using Basin = nwm::Grid<96, 192, nwm::Zero>;
using Water = nwm::Simulation<nwm::cell::WaveOn<nwm::Zero>, Basin>;
using Cell = Water::Cell;

/// Moves to the right at a steady speed (sites per unit time; waves run at 1) and pushes the water up and
/// down.
struct Boat {
  double column = 32, speed = 0.25, frequency = 1.0 / 20;

  void move(Water& water) {
    const double dt = water.cell().dt, time = static_cast<double>(water.steps()) * dt;
    column += speed * dt;
    const auto left = static_cast<std::size_t>(column);
    const double share = column - static_cast<double>(left);  // between two sites it pushes both
    const double push = 0.02 * dt * std::sin(2 * std::numbers::pi * frequency * time);
    const auto velocity = water.at(Cell::z);
    velocity(0, Basin::height / 2, left) += static_cast<float>((1 - share) * push);
    velocity(0, Basin::height / 2, left + 1) += static_cast<float>(share * push);
  }
};

/// The number of oscillations in a unit of time: between the first and the last rise through zero.
double pitch(const std::vector<float>& sound, double dt) {
  double first = -1, last = -1;
  int rises = -1;
  for (std::size_t i = 1; i < sound.size(); ++i) {
    const auto a = static_cast<double>(sound[i - 1]), b = static_cast<double>(sound[i]);
    if (!(a < 0 && b >= 0)) continue;
    last = static_cast<double>(i) - b / (b - a);
    if (rises++ < 0) first = last;
  }
  return rises / ((last - first) * dt);
}

int main() {
  Water water({.cell = {.dt = 0.3}});
  // A beach all around: damping that grows towards the edge swallows the waves.
  constexpr std::size_t beach = 24;
  for (std::size_t row = 0; row < Basin::height; ++row)
    for (std::size_t column = 0; column < Basin::width; ++column) {
      const std::size_t edge = std::min({row, column, Basin::height - 1 - row, Basin::width - 1 - column});
      const double depth = edge < beach ? 1 - static_cast<double>(edge) / beach : 0;
      water.at(Cell::alpha)(0, row, column) = static_cast<float>(0.4 * depth * depth);
    }

  Boat boat;
  std::vector<float> sound;
  const auto drive = [&](Water& now) { boat.move(now); };
  const auto microphone = [&](const Water& now) {
    if (now.steps() > 600) sound.push_back(now.at(Cell::y)(0, Basin::height / 2, 160));
  };
  water.run(1300, drive, microphone);

  const double heard = pitch(sound, water.cell().dt) / boat.frequency, doppler = 1 / (1 - boat.speed);
  const bool ok = std::abs(heard / doppler - 1) < 0.02;
  std::printf("the microphone hears %.3f times the boat's pitch; Doppler's law says %.3f: %s\n", heard,
              doppler, ok ? "ok" : "wrong");
  return ok ? 0 : 1;
}
