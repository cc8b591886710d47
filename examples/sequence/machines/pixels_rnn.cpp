// The control of the waves: 598 units and the same readout, 419,710 parameters.
#include "nwm/cell/dense_rnn.hpp"
#include "pixels.hpp"

using Machine = sequence::Reader<nwm::cell::DenseRnn<>, 1, 598, 32, nwm::checkpointing::Every<28>,
                                 nwm::head::Hidden<100>>;
static const bool added =
    sequence::add_reader<Machine>("rnn", sequence::reading(60, 128, 1e-4, 1), "this program");
