// HORN: 128 units, each with a frequency, a damping and an excitability of its own.
#include "nwm/cell/horn.hpp"
#include "pixels.hpp"

using Machine = sequence::Reader<nwm::cell::Horn<128>, 1, 128, 32>;
static const bool added =
    sequence::add_reader<Machine>("horn", sequence::reading(60, 128, 1e-3, 1), "this program");
