// A simulation over ranks: water in a basin, of which every rank has some rows. A pump hums, two microphones
// listen, and every 500 steps the state is saved. Killed at any moment, the same command goes on from there,
// on as many ranks as one likes:
//
//     mpirun -n 4 waves_over_ranks [STEPS [FOLDER]]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nwm/cell/wave.hpp>
#include <nwm/io/npy.hpp>
#include <nwm/mpi/probes.hpp>
#include <nwm/mpi/saved_simulation.hpp>
#include <nwm/mpi/simulation.hpp>
#include <string>
#include <vector>

using Basin = nwm::Grid<300, 400, nwm::Zero>;
using Water = nwm::mpi::Simulation<nwm::cell::WaveOn<nwm::Zero>, Basin>;
using Cell = Water::Cell;

int main(int argc, char** argv) {
  return nwm::mpi::run(argc, argv, [&](const nwm::mpi::Communicator& world) {
    const std::size_t steps = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2000;
    const std::string folder = argc > 2 ? argv[2] : ".", state = folder + "/waves.safetensors";

    Water water(world, {.cell = {.dt = 0.3}});
    water.fill(Cell::alpha, [](std::size_t, std::size_t row, std::size_t) { return row < 30 ? 0.1 : 0.0; });

    // Rank 0 looks for a saved state, all take their rows of it; what was heard stays with rank 0.
    std::vector<float> sound;
    int saved = world.is_first() && std::filesystem::exists(state);
    world.broadcast(saved);
    if (saved) {
      sound = nwm::mpi::load(water, state)["sound"];
      if (world.is_first()) std::printf("goes on after %zu steps\n", water.steps());
    }

    // The pump moves the water where it stands: on the rank that has its row.
    const auto pump = [](Water& now) {
      const double time = 0.3 * static_cast<double>(now.steps());
      if (now.owns(200)) now.at(Cell::z)(0, 200, 50) += static_cast<float>(0.01 * std::sin(0.5 * time));
    };
    while (water.steps() < steps) {
      nwm::mpi::Probes microphones(water, Cell::y, {{.row = 200, .column = 100}, {.row = 80, .column = 350}});
      water.run(std::min<std::size_t>(500, steps - water.steps()), pump, microphones);
      const std::vector<float> heard = microphones.gather();  // (steps, 2)
      sound.insert(sound.end(), heard.begin(), heard.end());
      nwm::mpi::save(water, state, {{"sound", sound}});  // whole or not at all
    }

    const std::vector<float> field = water.gather(Cell::y);
    if (!world.is_first()) return;
    nwm::io::write_npy(folder + "/sound.npy", {sound.size() / 2, 2}, sound);
    nwm::io::write_npy(folder + "/field.npy", {Basin::height, Basin::width}, field);
    double loudest = 0;
    for (const float y : sound) loudest = std::max(loudest, std::abs(static_cast<double>(y)));
    std::printf("%zu steps on %d ranks, the loudest that was heard is %.6g: ok\n", water.steps(),
                world.size(), loudest);
  });
}
