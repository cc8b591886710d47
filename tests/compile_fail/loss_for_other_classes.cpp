// expect: LossFor
// expect: accepts
// max-errors: 0
// max-lines: 15
// Four weights for five classes.
#include "nwm/model/wave_machine.hpp"
#include "nwm/train/trainer.hpp"

#ifdef NWM_SHOULD_COMPILE
using Loss = nwm::loss::WeightedCrossEntropy<5>;
#else
using Loss = nwm::loss::WeightedCrossEntropy<4>;
#endif

nwm::Trainer<nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8, .classes = 5}>, Loss>* trainer;
