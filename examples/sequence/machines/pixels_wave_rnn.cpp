// A ring of 256 sites, 16 channels, a readout of 100 hidden units (arXiv 2309.08045): 419,686 parameters.
#include "nwm/cell/wave_rnn.hpp"
#include "pixels.hpp"

using Machine = sequence::Reader<nwm::cell::WaveRnn<>, 256, 16, 16, nwm::checkpointing::Every<28>,
                                 nwm::head::Hidden<100>>;
static const bool added = sequence::add_reader<Machine>("wave_rnn", sequence::reading(60, 128, 1e-4, 1),
                                                        "sizes: the paper; the rest: this program");
