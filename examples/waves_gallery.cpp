// Boundaries, obstacles, probes and films of a Simulation: a pulse near the edge of three grids, each with
// another boundary, and waves through a wall with two slits. Each is held against what is known of it.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numbers>
#include <nwm/cell/wave.hpp>
#include <nwm/plot/chart.hpp>
#include <nwm/plot/film.hpp>
#include <nwm/plot/gif.hpp>
#include <nwm/plot/png.hpp>
#include <nwm/simulation/simulation.hpp>
#include <utility>
#include <vector>

namespace plot = nwm::plot;

constexpr double dt = 0.3;  // waves run one site in a unit of time

/// Of two simulations the same: a small round hump at a place, upwards or downwards.
template <class Waves>
void hump(Waves& waves, double row, double column, double height) {
  const auto y = waves.at(Waves::Cell::y);
  for (std::size_t i = 0; i < Waves::Grid::height; ++i)
    for (std::size_t j = 0; j < Waves::Grid::width; ++j)
      y(0, i, j) += static_cast<float>(height * std::exp(-(std::pow(static_cast<double>(i) - row, 2) +
                                                           std::pow(static_cast<double>(j) - column, 2)) /
                                                         8));
}

// What an edge does to a wave is what a second hump behind it would do: turned over where the edge is clamped
// (Zero), upright where it is free (Reflecting). Where the grid closes upon itself (Periodic) there is no
// edge. Returns how far a probe is from that, and adds the waves of every third step to `film`.
template <class Boundary>
double edge(double image, double sign, std::vector<std::vector<float>>& film) {
  using Cell = nwm::cell::WaveOn<Boundary>;
  constexpr std::size_t n = 96, steps = 200;
  constexpr double from = 12, probe = 24;
  nwm::Simulation<Cell, nwm::Grid<n, n, Boundary>> waves({.cell = {.dt = dt}});
  nwm::Simulation<Cell, nwm::Grid<n, 2 * n, Boundary>> open(
      {.cell = {.dt = dt}});  // n more columns to the left
  hump(waves, n / 2, from, 0.1);
  hump(open, n / 2, n + from, 0.1);
  hump(open, n / 2, n + image, 0.1 * sign);
  double worst = 0;
  for (std::size_t s = 0; s < steps; ++s) {
    waves.step(), open.step();
    const double here = waves.at(Cell::y)(0, n / 2, static_cast<std::size_t>(probe));
    const double there = open.at(Cell::y)(0, n / 2, n + static_cast<std::size_t>(probe));
    worst = std::max(worst, std::abs(here - there));
    if (s % 3 == 0) film.emplace_back(waves.recorded().begin(), waves.recorded().end());
  }
  return worst;
}

/// The places of a wall with two slits, and of a beach that swallows waves at the edges.
struct Slits {
  using Cell = nwm::cell::WaveOn<nwm::Zero>;
  using Grid = nwm::Grid<128, 160, nwm::Zero>;
  using Waves = nwm::Simulation<Cell, Grid>;
  static constexpr std::size_t wall = 48, screen = 128, middle = 64, apart = 24, opening = 3;
  static bool solid(std::size_t row, std::size_t column) {
    const auto off = [&](std::size_t slit) { return row > slit ? row - slit : slit - row; };
    return (column == wall || column == wall + 1) && off(middle - apart / 2) > opening &&
           off(middle + apart / 2) > opening;
  }
};

int main() {
  // Three boundaries, side by side in one film: one "channel" each.
  std::vector<std::vector<float>> clamped, free, closed;
  const double off[] = {edge<nwm::Zero>(-14, -1, clamped), edge<nwm::Reflecting>(-13, 1, free),
                        edge<nwm::Periodic>(-14, 0, closed)};
  std::vector<float> film;
  for (std::size_t s = 0; s < free.size(); ++s)
    for (const auto* one : {&clamped, &free, &closed})
      film.insert(film.end(), (*one)[s].begin(), (*one)[s].end());
  plot::write_film("boundaries.gif", film, {free.size(), 3, 96, 96},
                   {.title = "clamped, free, periodic", .minimum_width = 300, .scale = 0.02});
  std::printf(
      "a probe is off a second hump's waves by %.0e at a clamped edge, %.0e at a free one, %.0e at none\n",
      off[0], off[1], off[2]);

  // Two slits: a line of sites moves up and down, and a wall holds the waves but for two openings.
  using Cell = Slits::Cell;
  Slits::Waves waves({.cell = {.dt = dt}});
  constexpr std::size_t height = Slits::Grid::height, width = Slits::Grid::width, beach = 24;
  for (std::size_t row = 0; row < height; ++row)
    for (std::size_t column = 0; column < width; ++column) {
      const std::size_t to_edge = std::min({row, height - 1 - row, width - 1 - column});
      const double depth = to_edge < beach ? 1 - static_cast<double>(to_edge) / beach : 0;
      waves.at(Cell::alpha)(0, row, column) = static_cast<float>(0.5 * depth * depth);
    }
  const double period = 10, turn = 2 * std::numbers::pi / period;
  const auto source = [&](Slits::Waves& now) {
    const double time = static_cast<double>(now.steps()) * dt;
    for (std::size_t row = 0; row < height; ++row)
      now.at(Cell::y)(0, row, 4) = static_cast<float>(0.05 * std::sin(turn * time));
  };
  const auto wall = [&](Slits::Waves& now) {
    for (std::size_t row = 0; row < height; ++row)
      for (std::size_t column = Slits::wall; column < Slits::wall + 2; ++column)
        if (Slits::solid(row, column)) now.at(Cell::y)(0, row, column) = now.at(Cell::z)(0, row, column) = 0;
  };
  plot::Curve screen{"mean square on the screen", {0, 114, 178}};  // a probe a row
  std::vector<double> power(height);
  const auto probes = [&](const Slits::Waves& now) {
    if (now.steps() < 600) return;
    for (std::size_t row = 0; row < height; ++row)
      power[row] += std::pow(static_cast<double>(now.at(Cell::y)(0, row, Slits::screen)), 2) / 600;
  };
  std::vector<float> frames;
  const auto camera = [&](const Slits::Waves& now) {
    if (now.steps() < 300 || now.steps() >= 500 || now.steps() % 3 != 0) return;
    for (std::size_t row = 0; row < height; ++row)
      for (std::size_t column = 0; column < width; ++column)
        frames.push_back(Slits::solid(row, column) ? std::numeric_limits<float>::quiet_NaN()
                                                   : now.at(Cell::y)(0, row, column));
  };
  waves.run(1200, source, wall, probes, camera);

  // Walls are what is no number in a film; their colour is one of its palette.
  plot::Film shown = plot::film(frames, {frames.size() / (height * width), 1, height, width},
                                {.title = "two slits", .minimum_width = 480, .scale = 0.05});
  shown.palette[plot::film_palette::not_finite] = plot::ink;
  plot::write_gif("slits.gif", shown.frames, shown.palette, 6);
  for (std::size_t row = 0; row < height; ++row) {
    screen.x.push_back(static_cast<double>(row) - Slits::middle);
    screen.y.push_back(power[row]);
  }
  plot::write_png("screen.png",
                  plot::chart(std::vector{screen}, {.title = "Behind two slits", .x_label = "row"}));

  // The first dark place is where the ways from the two slits differ by half a wave. On the lattice a wave of
  // this period is 2π/k long, sin(k/2) = sin(turn dt/2)/dt.
  const double wave = std::numbers::pi / std::asin(std::sin(turn * dt / 2) / dt);
  const double far = Slits::screen - Slits::wall - 0.5;
  double theory = 0;
  while (std::hypot(far, theory + Slits::apart / 2.0) - std::hypot(far, theory - Slits::apart / 2.0) <
         wave / 2)
    theory += 0.1;
  const auto dark = std::min_element(power.begin() + Slits::middle, power.begin() + Slits::middle + 36);
  const auto found = static_cast<double>(dark - power.begin()) - Slits::middle;
  const bool ok = std::max({off[0], off[1], off[2]}) < 1e-5 && std::abs(found - theory) < 2.5;
  std::printf("the first dark row is %.0f off the middle; by theory %.1f: %s\n", found, theory,
              ok ? "ok" : "wrong");
  return ok ? 0 : 1;
}
