// UnICORNN with the numbers of the authors' program for psMNIST (arXiv 2103.05487): three layers of 256
// units.
#include "nwm/cell/unicornn.hpp"
#include "pixels.hpp"

using Machine = sequence::Reader<nwm::cell::UnicornnOf<3>, 1, 256, 16, nwm::checkpointing::Every<28>>;
static const bool added = sequence::add_reader<Machine>("unicornn", sequence::reading(120, 32, 2.51e-3),
                                                        "the authors' program", {.dt = 0.19, .alpha = 30.65});
