// expect: LossFor
// expect: accepts
// max-errors: 0
// max-lines: 20
// Five weights for three classes would be the first three.
#include "nwm/model/wave_machine.hpp"
#include "nwm/train/evaluate.hpp"

#ifdef NWM_SHOULD_COMPILE
using Loss = nwm::loss::WeightedCrossEntropy<3>;
#else
using Loss = nwm::loss::WeightedCrossEntropy<5>;
#endif

using Machine = nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8, .classes = 3}>;
nwm::SegmentationMetrics measured(const Machine& machine, const nwm::data::Dataset& set) {
  return nwm::evaluate(machine, set, Loss{});
}
