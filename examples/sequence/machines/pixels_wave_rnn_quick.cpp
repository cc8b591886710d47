// The wave RNN for a short training: a ring of 128 sites and 8 channels, a quarter of the published states.
#include "nwm/cell/wave_rnn.hpp"
#include "pixels.hpp"

using Machine =
    sequence::Reader<nwm::cell::WaveRnn<>, 128, 8, 16, nwm::checkpointing::Every<28>, nwm::head::Hidden<100>>;
static const bool added = sequence::add_quick<Machine, nwm::loss::ImageCrossEntropy>(
    "smnist", "wave_rnn", sequence::quick_reading(6, 32, 1e-3, 0.1, 1), 0, {}, nullptr);
