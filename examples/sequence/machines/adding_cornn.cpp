// 128 units; dt, gamma, epsilon and the rate are those of the authors' program for this task.
#include "adding.hpp"
#include "nwm/cell/co_rnn.hpp"

static const bool added = sequence::add_adder<sequence::Adder<nwm::cell::CoRnn, 1, 128, 16>>(
    "cornn", {.epochs = 40, .train = 6400, .batch = 50, .rate = 2e-2}, "the authors' program",
    {.dt = 0.06, .gamma = 66, .epsilon = 15});
