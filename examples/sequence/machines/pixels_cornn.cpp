// coRNN with all numbers of the authors' program (arXiv 2010.00951): 256 units, 120 epochs, a tenth of the
// rate after the 100th.
#include "nwm/cell/co_rnn.hpp"
#include "pixels.hpp"

using Machine = sequence::Reader<nwm::cell::CoRnn, 1, 256, 64>;
static const bool added = sequence::add_reader<Machine>(
                              "smnist", "cornn", sequence::reading(120, 120, 2.1e-3, 0, 100.0 / 120),
                              "the authors' program", 0.9935, {.dt = 0.042, .gamma = 2.7, .epsilon = 4.7}) &&
                          sequence::add_reader<Machine>(
                              "psmnist", "cornn", sequence::reading(120, 120, 5.4e-3, 0, 100.0 / 120),
                              "the authors' program", 0.9734, {.dt = 0.076, .gamma = 0.4, .epsilon = 8.0});
