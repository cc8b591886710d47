// LinOSS (IMEX): 128 complex oscillators, read by their mean over all steps.
#include "nwm/cell/lin_oss.hpp"
#include "pixels.hpp"

using Machine = sequence::Reader<nwm::cell::LinOss<>, 1, 128, 32, nwm::checkpointing::StoreAll,
                                 nwm::head::Hidden<100>, nwm::readout::MeanOfSteps>;
static const bool added =
    sequence::add_reader<Machine>("linoss", sequence::reading(60, 128, 1e-3), "this program");
