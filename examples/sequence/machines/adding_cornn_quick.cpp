// coRNN that adds after some thousand steps. What an input leaves must last for 500 steps, and an input
// without the mark must leave nothing: the units start with natural frequencies down to 0, and with a drive
// and a bias that saturate most of them.
#include <cstddef>

#include "adding.hpp"
#include "cornn_start.hpp"
#include "nwm/cell/co_rnn.hpp"

constexpr std::size_t units = 64;
using Machine = sequence::Adder<nwm::cell::CoRnn, 1, units, 64>;

static void begin(Machine& machine) {
  sequence::CoRnnStart<2, units>{.drive = {16, 32}, .bias = 32, .self = 1.5, .spread = 10, .head = 4}.apply(
      machine);
}

static const bool added = sequence::add_quick<Machine, nwm::loss::MeanSquares>(
    "adding", "cornn", {.epochs = 45, .train = 6400, .batch = 64, .rate = 2e-2, .clip = 1, .warmup = 0.1}, 0,
    {.dt = 0.05, .gamma = 10, .epsilon = 2}, begin);
