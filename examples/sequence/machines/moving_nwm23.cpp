// The first Neural Wave Machine with four channels on the torus of the frames.
#include "moving.hpp"
#include "nwm/cell/nwm23.hpp"

static const bool added =
    sequence::add_mover<nwm::SequenceMachine<sequence::moving_shape(true, 4, 8), nwm::cell::Nwm23,
                                             nwm::readout::EveryStep, nwm::head::Hidden<>>>("nwm23", 5e-3);
