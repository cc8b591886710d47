// expect: checkpointing::Reversible needs a cell that states the inverse of its step
// max-lines: 12
// A sequence machine that is to run a cell backwards which does not say how.
#include "nwm/cell/co_rnn.hpp"
#include "nwm/cell/lin_oss.hpp"
#include "nwm/model/sequence_machine.hpp"

#ifdef NWM_SHOULD_COMPILE
using Cell = nwm::cell::LinOss<>;
#else
using Cell = nwm::cell::CoRnn;
#endif

nwm::SequenceMachine<nwm::SequenceShape{.inputs = 3, .steps = 4, .oscillators = 2, .outputs = 2}, Cell,
                     nwm::readout::AtEnd, nwm::head::Hidden<>, nwm::DefaultBackend, float,
                     nwm::checkpointing::Reversible<>>::Options options;
