// The control of the waves: 48 units, 2,497 parameters.
#include "adding.hpp"
#include "nwm/cell/dense_rnn.hpp"

static const bool added = sequence::add_adder<sequence::Adder<nwm::cell::DenseRnn<>, 1, 48, 32>>(
    "rnn", {.epochs = 40, .train = 6400, .batch = 128, .clip = 1}, "this program");
