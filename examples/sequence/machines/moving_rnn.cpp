// The control: 290 units that all see each other.
#include "moving.hpp"
#include "nwm/cell/dense_rnn.hpp"

static const bool added = sequence::add_mover<
    nwm::SequenceMachine<sequence::moving_shape(false, 290, 8), nwm::cell::DenseRnn<nwm::Activation::tanh>,
                         nwm::readout::EveryStep, nwm::head::Hidden<>>>("rnn", 1e-3);
