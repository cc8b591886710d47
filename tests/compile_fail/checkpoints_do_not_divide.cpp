// expect: CheckpointsDivideSteps
// expect: Interval<3>
// expect: StepCount<8>
// max-errors: 0
// Checkpoints every third of eight steps.
#include "nwm/model/wave_machine.hpp"

#ifdef NWM_SHOULD_COMPILE
using Checkpointing = nwm::checkpointing::Every<4>;
#else
using Checkpointing = nwm::checkpointing::Every<3>;
#endif

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8, .steps = 8}, nwm::readout::Linear, nwm::head::Wide,
                 nwm::cell::Wave, nwm::DefaultBackend, float, Checkpointing>* machine;
