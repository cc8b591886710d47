// expect: StatesItsOptions
// expect: PseudoHuber
// max-errors: 0
// max-lines: 15
// A loss with a member that the options of its base do not know: a resumed run would not notice another.
#include "nwm/loss/mean_squares.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/train/trainer.hpp"

struct PseudoHuber : nwm::loss::MeanSquares {
  double delta = 1;
#ifdef NWM_SHOULD_COMPILE
  void options(const auto& f) const { f("delta", delta); }
#endif
};

nwm::Trainer<nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8, .outputs = 1}>, PseudoHuber>* trainer;
