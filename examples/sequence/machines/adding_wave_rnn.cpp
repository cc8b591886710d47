// A ring of 100 sites, six channels: 2,515 parameters.
#include "adding.hpp"
#include "nwm/cell/wave_rnn.hpp"

static const bool added =
    sequence::add_adder<sequence::Adder<nwm::cell::WaveRnn<>, 100, 6, 16, nwm::checkpointing::Every<25>>>(
        "wave_rnn", {.epochs = 40, .train = 6400, .batch = 128, .clip = 1}, "this program");
